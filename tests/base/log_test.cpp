#include "falconer/log.hpp"

#include <gmock/gmock.h>

#include <type_traits>

namespace falconer {
namespace {

using namespace std::chrono_literals;

TEST(LogGateTest, LetsOneLineThroughPerPeriodAndSaysHowManyItHeldBack) {
    log_gate    gate(10s);
    steady_time now{};
    EXPECT_EQ(gate.open(now), 0u);
    for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(gate.open(now + 9s));
    EXPECT_EQ(gate.open(now + 10s), 1'000u);
    EXPECT_FALSE(gate.open(now + 11s));
}

TEST(LogTest, JsonLinesStayOneObjectWhateverTheMessageHolds) {
    set_up_logging({.form = log_options::shape::json});
    testing::internal::CaptureStderr();
    log_of("test").info("a \"quoted\" line\nwith {}", "\x01 control characters");
    log_of("test").flush();
    const auto line = testing::internal::GetCapturedStderr();
    set_up_logging({});
    EXPECT_THAT(
        line,
        testing::HasSubstr(
            R"("level":"info","room":"test","message":"a \"quoted\" line\u000awith \u0001 control)"
        )
    );
    EXPECT_THAT(line, testing::EndsWith("\"}\n"));
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(LogTest, PlainLinesStayOneLineThatMovesNoCursor) {
    set_up_logging({});
    testing::internal::CaptureStderr();
    log_of("test").info(
        "said=\"{}\"",
        "a\nb\x1b[2J \x7f \xc2\x9b"
        "1m \xc2\xa0ü\xe2\x82\xac"
    );
    log_of("test").flush();
    const auto line = testing::internal::GetCapturedStderr();
    EXPECT_THAT(
        line, testing::HasSubstr("test: said=\"a\\x0ab\\x1b[2J \\x7f \\xc2\\x9b"
                                 "1m \xc2\xa0ü\xe2\x82\xac\"\n")
    );
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(SecretTest, HasNoFormatter) {
    EXPECT_FALSE((fmt::is_formattable<secret>::value));
}

}  // namespace
}  // namespace falconer
