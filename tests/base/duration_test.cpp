#include "falconer/duration.hpp"

#include <gtest/gtest.h>

namespace falconer {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, ReadsWhatGoReads) {
    EXPECT_EQ(parse_duration("168h"), 168h);
    EXPECT_EQ(parse_duration("1h30m"), 90min);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration(".5s"), 500ms);
    EXPECT_EQ(parse_duration("1.s"), 1s);
    EXPECT_EQ(parse_duration("-2s"), -2s);
    EXPECT_EQ(parse_duration("+2s"), 2s);
    EXPECT_EQ(parse_duration("0"), 0s);
    EXPECT_EQ(parse_duration("3us4ns"), 3004ns);
    EXPECT_EQ(parse_duration("3µs"), 3us);
    EXPECT_EQ(parse_duration("0.000000001s"), 1ns);
    EXPECT_EQ(parse_duration("1.9999999999s"), 1'999'999'999ns);
}

TEST(DurationTest, RefusesTheRest) {
    for (const char* text :
         {"", "-", "5", "s", ".s", "1d", "1 s", "1h 30m", "1e3s", "0x1s", "--1s",
          "9223372036854775808ns", "2562048h", "99999999999999999999s", "1h-30m"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(DurationTest, WritesWhatItReads) {
    for (const auto value :
         {0ns, 1ns, 90min + 0ns, 168h + 0ns, 1500ms + 0ns, -2s + 0ns,
          std::chrono::nanoseconds::max(), -std::chrono::nanoseconds::max()})
        EXPECT_EQ(parse_duration(duration_text(value)), value) << duration_text(value);
    EXPECT_EQ(duration_text(90min), "1h30m");
    EXPECT_EQ(duration_text(1500ms), "1s500ms");
}

}  // namespace
}  // namespace falconer
