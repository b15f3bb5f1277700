#include "falconer/event.hpp"

#include <gtest/gtest.h>

namespace falconer {
namespace {

using part = event_texts::part;

TEST(PriorityTest, IsReadInAnyAsciiCaseAndInItsShortForm) {
    EXPECT_EQ(priority_of("CRITICAL"), priority::critical);
    EXPECT_EQ(priority_of("info"), priority::informational);
    EXPECT_EQ(priority_of("Informational"), priority::informational);
    for (const auto* wrong : {"", "err", "errors", " Error", "Error "})
        EXPECT_FALSE(priority_of(wrong)) << wrong;
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(priority_of(name_of(static_cast<priority>(i))), static_cast<priority>(i));
}

TEST(EventTextsTest, AnAbsentTextIsNotAnEmptyOne) {
    event_texts texts;
    EXPECT_FALSE(texts.get(part::hostname));
    texts.put(part::hostname, "");
    EXPECT_EQ(texts.get(part::hostname), "");
    texts.put(part::hostname, "node-1");
    texts.put(part::rule, "a rule");
    EXPECT_EQ(texts.get(part::hostname), "node-1");
    texts.drop(part::hostname);
    EXPECT_FALSE(texts.get(part::hostname));
    EXPECT_EQ(texts.get_or_empty(part::rule), "a rule");
}

TEST(EventTimeTest, IsWrittenWithoutTrailingZeros) {
    EXPECT_EQ(text_of({0, 0}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(text_of({1'767'225'600, 120'000'000}), "2026-01-01T00:00:00.12Z");
    EXPECT_EQ(text_of({253'402'300'799, 999'999'999}), "9999-12-31T23:59:59.999999999Z");
}

TEST(EventTimeTest, OfAClockKeepsTheFraction) {
    const utc_time when{std::chrono::nanoseconds(1'500'000'001)};
    EXPECT_EQ(event_time_of(when), (event_time{1, 500'000'001}));
}

TEST(EventJsonTest, IsInFalcosidekicksFormWithUnknownKeysAtTheEnd) {
    falco_event event;
    event.id    = *uuid::parse("3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3");
    event.level = priority::error;
    event.texts.put(part::rule, "a \"quoted\"\nrule");
    event.texts.put(part::output_fields, R"({"evt.time":1764000000000000001,"n":null})");
    event.texts.put(part::tags, R"(["a","b"])");
    event.texts.put(part::extra, R"({"message":"m"})");
    EXPECT_EQ(
        json_of(event),
        R"({"uuid":"3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3","priority":"Error","rule":"a \"quoted\"\nrule",)"
        R"("time":"1970-01-01T00:00:00Z","output_fields":{"evt.time":1764000000000000001,"n":null},)"
        R"("tags":["a","b"],"message":"m"})"
    );
}

TEST(EventTest, ItsBodyIsTheSendersWhereThatIsKept) {
    falco_event event;
    event.texts.put(event_texts::part::rule, "r");
    EXPECT_EQ(body_of(event), json_of(event));
    event.texts.put(event_texts::part::raw, R"({"rule":"\u0000"})");
    EXPECT_EQ(body_of(event), R"({"rule":"\u0000"})");
    EXPECT_EQ(json_of(event).find("u0000"), std::string::npos);
}

}  // namespace
}  // namespace falconer
