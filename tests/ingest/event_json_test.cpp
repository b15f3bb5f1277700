// The event schema, rule by rule, where the corpus has no say.
#include "ingest/event_json.hpp"

#include "falconer/rfc3339.hpp"
#include "falconer/utf8.hpp"
#include "ingest/decimal.hpp"
#include "ingest/json_scanner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace falconer::ingest {
namespace {

using namespace std::chrono_literals;
using kind = event_verdict::kind;

constexpr utc_time     now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 12h;
const cluster_identity cluster{"c"};

std::string event_with(std::string_view more, std::string_view time = "2026-11-20T10:30:22Z") {
    std::string out = R"({"priority":"Error","rule":"r","output_fields":{"a":1},"time":")";
    return out.append(time).append("\"").append(more).append("}");
}

TEST(EventJsonTest, AMintedUuidFollowsFromClusterAndBodyAlone) {
    const auto first = check_event(event_with(""), cluster, now);
    ASSERT_EQ(first.what, kind::store) << first.reason;
    EXPECT_TRUE(first.event.has(event_flag::uuid_minted));
    EXPECT_EQ(check_event(event_with("") + "\n", cluster, now + 1h).event.id, first.event.id);
    EXPECT_NE(check_event(event_with(""), cluster_identity{"d"}, now).event.id, first.event.id);
    EXPECT_NE(check_event(event_with(R"(,"source":"s")"), cluster, now).event.id, first.event.id);
    EXPECT_EQ(first.event.id.bytes[6] >> 4, 8) << "version 8: of our own making";
}

TEST(EventJsonTest, KnowsTestsAndHeartbeats) {
    const auto is_test = [](std::string_view more) {
        const auto got = check_event(event_with(more), cluster, now);
        EXPECT_EQ(got.what, kind::store) << got.reason;
        return got.event.has(event_flag::test);
    };
    EXPECT_FALSE(is_test(""));
    EXPECT_TRUE(is_test(R"(,"tags":["a","test"])"));
    EXPECT_TRUE(is_test(R"(,"tags":["t\u0065st"])"));
    EXPECT_TRUE(is_test(R"(,"tags":["falco-heartbeat"])"));
    EXPECT_FALSE(is_test(R"(,"tags":["test"],"tags":["a"])")) << "the last one counts";
    EXPECT_FALSE(is_test(R"(,"tags":["testing"])"));
    EXPECT_TRUE(is_test(R"(,"rule":"Test rule","source":"internal")"));
    EXPECT_FALSE(is_test(R"(,"rule":"Test rule","source":"syscall")"));
    EXPECT_TRUE(is_test(R"(,"rule":"Detect Falco Heartbeat")"));
}

TEST(EventJsonTest, ADayAheadIsNotYetTheFuture) {
    EXPECT_FALSE(check_event(event_with("", "2026-11-24T12:00:00Z"), cluster, now)
                     .event.has(event_flag::future));
    EXPECT_TRUE(check_event(event_with("", "2026-11-24T12:00:00.000000001Z"), cluster, now)
                    .event.has(event_flag::future));
}

TEST(EventJsonTest, UnknownKeysAreKeptAsTheyCame) {
    const auto got = check_event(
        event_with(R"(, "x" : [1, 2.50] ,"rule":"s","x":null, "\u0079":{ } )"), cluster, now
    );
    ASSERT_EQ(got.what, kind::store) << got.reason;
    EXPECT_EQ(
        got.event.texts.get(event_texts::part::extra), R"({"x" : [1, 2.50],"x":null,"\u0079":{ }})"
    );
    EXPECT_EQ(got.event.texts.get(event_texts::part::rule), "s");
}

TEST(EventJsonTest, FieldsAreKeptAsTheyCame) {
    const auto got = check_event(
        event_with(R"(,"output_fields":{ "b" : 1.50, "b":"\u00e9"},"tags":[ "t" ])"), cluster, now
    );
    ASSERT_EQ(got.what, kind::store) << got.reason;
    EXPECT_EQ(
        got.event.texts.get(event_texts::part::output_fields), R"({ "b" : 1.50, "b":"\u00e9"})"
    );
    EXPECT_EQ(got.event.texts.get(event_texts::part::tags), R"([ "t" ])");
}

TEST(EventJsonTest, WhatIsAbsentIsNotEmpty) {
    const auto got = check_event(event_with(R"(,"hostname":"")"), cluster, now);
    EXPECT_EQ(got.event.texts.get(event_texts::part::hostname), "");
    EXPECT_EQ(got.event.texts.get(event_texts::part::output), std::nullopt);
    EXPECT_EQ(got.event.texts.get(event_texts::part::tags), std::nullopt);
    EXPECT_EQ(got.event.texts.get(event_texts::part::extra), std::nullopt);
}

TEST(EventJsonTest, WhatTheStoreDoesNotTakeIsReplacedWhereverItIsAndTheBodyKept) {
    using part      = event_texts::part;
    const auto body = event_with(
        R"( ,"rule":"a\u0000b","output":"\ud800x\udc00","source":"\u0000","hostname":"h\udbff\udbff\udfff",)"
        R"("tags":["\uD800\u0041","\\u0000"],"output_fields":{"a\u0000":["\uDC00"],"b":"\u00e9"},"k\u0000":{"\ud800":1})"
    );
    const auto got = check_event(body, cluster, now);
    ASSERT_EQ(got.what, kind::store) << got.reason;
    EXPECT_TRUE(got.event.has(event_flag::replaced_characters));
    const auto& texts = got.event.texts;
    EXPECT_EQ(texts.get(part::rule), "a\uFFFDb");
    EXPECT_EQ(texts.get(part::output), "\uFFFDx\uFFFD");
    EXPECT_EQ(texts.get(part::source), "\uFFFD");
    EXPECT_EQ(texts.get(part::hostname), "h\uFFFD\U0010FFFF");
    EXPECT_EQ(texts.get(part::tags), R"(["\ufffd\u0041","\\u0000"])");
    EXPECT_EQ(texts.get(part::output_fields), R"({"a\ufffd":["\ufffd"],"b":"\u00e9"})");
    EXPECT_EQ(texts.get(part::extra), R"({"k\ufffd":{"\ufffd":1}})");
    EXPECT_EQ(texts.get(part::raw), body);
}

TEST(EventJsonTest, NothingIsKeptOfABodyThatIsStoredAsItCame) {
    const auto got = check_event(event_with(R"(,"x":"\\u0000\ud83d\ude00")"), cluster, now);
    ASSERT_EQ(got.what, kind::store) << got.reason;
    EXPECT_FALSE(got.event.has(event_flag::replaced_characters));
    EXPECT_EQ(got.event.texts.get(event_texts::part::raw), std::nullopt);
}

TEST(EventJsonTest, AReplacedCharacterInAnIdentityIsNoIdentity) {
    const cluster_identity odd{"a\uFFFDb"};
    const auto             said = [](std::string_view id) {
        return event_with(std::string(R"(,"output_fields":{"cluster_id":")").append(id) + R"("})");
    };
    EXPECT_EQ(check_event(said(R"(a\uFFFDb)"), odd, now).what, kind::store);
    EXPECT_EQ(check_event(said(R"(a\u0000b)"), odd, now).what, kind::reject400);
    EXPECT_EQ(check_event(said(R"(a\ud800b)"), odd, now).what, kind::reject400);
}

TEST(EventJsonTest, AnIdIsMintedFromTheBodyAsItCame) {
    const auto nul = check_event(event_with(R"(,"x":"\u0000")"), cluster, now);
    const auto old = check_event(event_with(R"(,"x":"\ufffd")"), cluster, now);
    EXPECT_NE(nul.event.id, old.event.id);
}

TEST(EventJsonTest, TheFirstReasonStaysAndARefusalComesBeforeIt) {
    const auto two = check_event(event_with(R"(,"x":1e99,"y":"\u0000")"), cluster, now);
    EXPECT_EQ(two.what, kind::quarantine);
    EXPECT_EQ(two.about, "number");
    EXPECT_EQ(two.reason, "number: more than 38 digits in 1e99 in x");
    EXPECT_EQ(check_event(event_with(R"(,"x":1e99,})"), cluster, now).what, kind::reject400);
    EXPECT_EQ(
        check_event(event_with(R"(,"x":1e99,"output_fields":{"cluster_id":"d"})"), cluster, now)
            .what,
        kind::reject400
    );
}

TEST(EventJsonTest, WithoutATokenAnyClusterWillDo) {
    EXPECT_EQ(
        check_event_of_any_cluster(event_with(R"(,"output_fields":{"cluster_id":"d"})"), now).what,
        kind::store
    );
    EXPECT_EQ(
        check_event_of_any_cluster(event_with(R"(,"output_fields":{"cluster_id":7})"), now).what,
        kind::reject400
    );
}

TEST(EventJsonTest, OneBlockHoldsTheTexts) {
    const auto got = check_event(
        event_with(R"(,"output":"o","hostname":"h","source":"s","tags":["t"])"), cluster, now
    );
    ASSERT_EQ(got.what, kind::store);
    EXPECT_LT(got.event.texts.memory(), 64u);
}

struct time_case {
    const char*               text;
    std::optional<event_time> time;
};
class Rfc3339Test : public ::testing::TestWithParam<time_case> {};
INSTANTIATE_TEST_SUITE_P(
    Times, Rfc3339Test,
    ::testing::Values(
        time_case{"1970-01-01T00:00:00Z", event_time{0, 0}},
        time_case{"1969-12-31T23:00:00-01:00", event_time{0, 0}},
        time_case{"1970-01-01T00:59:59.999+01:00", std::nullopt},
        time_case{"2026-11-20T10:30:22.5Z", event_time{1795170622, 500'000'000}},
        time_case{"2026-11-20t16:00:22.000000001+05:30", event_time{1795170622, 1}},
        time_case{"9999-12-31T23:59:59.999999999z", event_time{253402300799, 999'999'999}},
        time_case{"9999-12-31T23:59:59-00:01", std::nullopt},
        time_case{"2017-01-01T00:59:60+01:00", event_time{1483228800, 0}},
        time_case{"2017-01-02T00:00:60Z", std::nullopt},
        time_case{"2016-12-30T23:59:60Z", std::nullopt},
        time_case{"2026-11-20T10:30:22", std::nullopt},
        time_case{"2026-11-20T10:30:22.Z", std::nullopt},
        time_case{"2026-11-20T10:30:22.0123456789Z", std::nullopt},
        time_case{"2026-11-20T10:30:22+0100", std::nullopt},
        time_case{"2026-11-20T10:30:22+24:00", std::nullopt},
        time_case{"2026-11-20T10:30:22+", std::nullopt},
        time_case{"2026-02-29T10:30:22Z", std::nullopt},
        time_case{" 2026-11-20T10:30:22Z", std::nullopt},
        time_case{"2026-11-20T10:30:22ZZ", std::nullopt}, time_case{"", std::nullopt}
    )
);

TEST_P(Rfc3339Test, ReadsExactlyTheGrammar) {
    const auto got = parse_rfc3339(GetParam().text);
    if (GetParam().time) {
        EXPECT_EQ(std::get<event_time>(got), *GetParam().time) << GetParam().text;
    } else {
        EXPECT_NE(std::get_if<const char*>(&got), nullptr) << GetParam().text;
    }
}

TEST(DecimalTest, CountsTheDigitsOfANumberWrittenOut) {
    const std::string d37(37, '9'), d38(38, '9'), zeros(60, '0');
    for (const auto& number : std::vector<std::string>{
             std::string("0"), "-0.0", "-" + d38, d37 + ".9", "0." + d37, "1e37", d37 + "e1",
             "1E-37", d37 + "0e-1", "0e5", "0.0e-30", "0.001e3", "0e999",
             "0." + zeros.substr(0, 30) + "1e31"
         }) {
        EXPECT_TRUE(is_exact(number)) << number;
    }
    for (const auto& number : std::vector<std::string>{
             d38 + "9", d38 + ".9", d38 + "0e-1", "0." + d38, std::string("1e38"),
             std::string("1e-38"), d38 + "e1", std::string("1e99999999999999999999"),
             std::string("0e99999999999999999999"), std::string("1e-99999999999999999999")
         })
        EXPECT_FALSE(is_exact(number)) << number;
}

TEST(Utf8Test, KnowsWhatIsUtf8) {
    for (const auto* good :
         {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80",
          "\xF4\x8F\xBF\xBF", "0123456789abcdef\xC3\xBC"})
        EXPECT_TRUE(is_utf8(good)) << good;
    for (const auto* bad :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\xA6",
          "\xC3(", "\xE2\x28\xA1", "0123456789abcde\xC3"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
    EXPECT_EQ(
        code_points("\xC3\xBC"
                    "b\xF0\x9F\xA6\x85"),
        3u
    );
    EXPECT_EQ(excerpt("a\n\xC3\xBC\xF0\x9F\xA6\x85"), "a\\u000a\\u00fc\\u{1f985}");
    EXPECT_EQ(excerpt(std::string(100, 'x'), 5), "xxxxx...");
}

TEST(JsonScannerTest, FollowsBracketsOfBothKindsBeyondTheFirstWord) {
    std::string open, close;
    for (int i = 0; i < 200; ++i) {
        const bool object  = i % 3 == 0;
        open              += object ? "{\"k\":" : "[";
        close.insert(0, object ? "}" : "]");
    }
    const auto end_of = [](const std::string& text) {
        json_scanner in(text);
        auto         t = in.next();
        while (t != json_scanner::token::end && t != json_scanner::token::broken) t = in.next();
        return t;
    };
    EXPECT_EQ(end_of(open + "1" + close), json_scanner::token::end);
    for (std::size_t i = 0; i < close.size(); ++i) {
        auto wrong = close;
        wrong[i]   = wrong[i] == '}' ? ']' : '}';
        ASSERT_EQ(end_of(open + "1" + wrong), json_scanner::token::broken) << i;
    }
}

}  // namespace
}  // namespace falconer::ingest
