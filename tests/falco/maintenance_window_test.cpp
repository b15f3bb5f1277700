#include "falconer/falco/maintenance_window.hpp"

#include "falconer/event.hpp"
#include "falconer/rfc3339.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <variant>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;

utc_time at(std::string_view text) {
    const auto read = std::get<event_time>(parse_rfc3339(text));
    return utc_time(std::chrono::seconds(read.seconds));
}
std::string text(utc_time t) {
    return text_of(event_time_of(t));
}

struct window_case {
    const char*          begin;
    const char*          end;
    std::chrono::minutes from, length;
};
class EffectiveWindowTest : public ::testing::TestWithParam<window_case> {};

TEST_P(EffectiveWindowTest, IsGardenersWithoutItsLastQuarterOfAnHour) {
    const auto& want = GetParam();
    const auto  got  = effective_window(want.begin, want.end);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->begin, want.from);
    EXPECT_EQ(got->length, want.length);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EffectiveWindowTest,
    ::testing::Values(
        window_case{"220000+0100", "230000+0100", 21h, 45min},
        window_case{"220000+0000", "230000+0000", 22h, 45min},
        window_case{"000000+0200", "010000+0200", 22h, 45min},      // yesterday's in UTC
        window_case{"220000-0500", "230000-0500", 3h, 45min},       // tomorrow's in UTC
        window_case{"233000+0000", "003000+0000", 1410min, 45min},  // over midnight
        window_case{"233000-0100", "003000+0000", 30min, 1425min},  // each with its own offset
        window_case{"053000+0530", "060000+0530", 0min, 15min},
        window_case{"120000+0000", "121500+0000", 12h, 15min},  // too short to be cut
        window_case{"120000+0000", "121000+0000", 12h, 10min},
        window_case{"120000+0000", "121600+0000", 12h, 1min},
        window_case{"120000+0000", "120000+0000", 12h, 1425min},  // a whole day
        window_case{"120000+2400", "130000+2400", 12h, 45min}     // as far as Go's parser goes
    )
);

TEST(EffectiveWindow, OfATextThatIsNoTimeOfDayIsNone) {
    for (const auto* wrong :
         {"", "22:00:00+0100", "220000", "220000Z", "240000+0000", "226000+0000", "220060+0000",
          "220000+0160", "2200000100", "22000a+0000", "220000+01000", " 220000+0100",
          "220000+2500"}) {
        EXPECT_FALSE(effective_window(wrong, "230000+0000")) << wrong;
        EXPECT_FALSE(effective_window("220000+0000", wrong)) << wrong;
    }
}

struct span_case {
    const char* now;
    const char* begin;  // of the opening that is meant
    bool        open;
};
class OpenOrNextTest : public ::testing::TestWithParam<span_case> {};

/// From 23:30 to 00:15.
TEST_P(OpenOrNextTest, IsTodaysYesterdaysOrTomorrows) {
    const auto window = effective_window("233000+0000", "003000+0000");
    const auto span   = window->open_or_next(at(GetParam().now));
    EXPECT_EQ(text(span.begin), GetParam().begin);
    EXPECT_EQ(span.end - span.begin, 45min);
    EXPECT_EQ(span.holds(at(GetParam().now)), GetParam().open);
}

INSTANTIATE_TEST_SUITE_P(
    Table, OpenOrNextTest,
    ::testing::Values(
        span_case{"2026-03-10T12:00:00Z", "2026-03-10T23:30:00Z", false},
        span_case{"2026-03-10T23:29:59Z", "2026-03-10T23:30:00Z", false},
        span_case{"2026-03-10T23:30:00Z", "2026-03-10T23:30:00Z", true},
        span_case{"2026-03-11T00:00:00Z", "2026-03-10T23:30:00Z", true},
        span_case{"2026-03-11T00:14:59Z", "2026-03-10T23:30:00Z", true},
        span_case{"2026-03-11T00:15:00Z", "2026-03-11T23:30:00Z", false},
        span_case{"2028-02-28T12:00:00Z", "2028-02-28T23:30:00Z", false},
        span_case{"2028-02-29T00:10:00Z", "2028-02-28T23:30:00Z", true},  // into the leap day
        span_case{"2028-02-29T00:20:00Z", "2028-02-29T23:30:00Z", false},
        span_case{"2028-03-01T00:10:00Z", "2028-02-29T23:30:00Z", true},  // and out of it
        span_case{"2026-12-31T23:59:59Z", "2026-12-31T23:30:00Z", true},
        span_case{"2027-01-01T00:00:00Z", "2026-12-31T23:30:00Z", true}
    )
);

TEST(MaintenanceWindow, ThatIsAlwaysOpenCountsByTheDay) {
    const maintenance_window always;
    const auto               span = always.open_or_next(at("2026-03-10T12:00:00Z"));
    EXPECT_EQ(text(span.begin), "2026-03-10T00:00:00Z");
    EXPECT_EQ(text(span.end), "2026-03-11T00:00:00Z");
    EXPECT_EQ(text(always.open_or_next(span.end).begin), "2026-03-11T00:00:00Z");
}

TEST(MaintenanceWindow, TheNextBeginIsNeverBeforeWhatWasAskedFor) {
    const auto window = *effective_window("220000+0000", "230000+0000");
    EXPECT_EQ(text(window.next_begin(at("2026-03-10T21:59:59Z")).begin), "2026-03-10T22:00:00Z");
    EXPECT_EQ(text(window.next_begin(at("2026-03-10T22:00:00Z")).begin), "2026-03-10T22:00:00Z");
    EXPECT_EQ(text(window.next_begin(at("2026-03-10T22:00:01Z")).begin), "2026-03-11T22:00:00Z");
}

TEST(MaintenanceMoment, IsTheSameForTheSameAndEvenlySpreadOverMany) {
    const window_span          span{at("2026-03-10T22:00:00Z"), at("2026-03-10T22:40:00Z")};
    std::array<std::size_t, 4> quarters{};
    constexpr std::size_t      many = 4'000;
    for (std::size_t i = 0; i < many; ++i) {
        const auto who  = "uid-" + std::to_string(i);
        const auto when = moment_in(span, span.begin, who);
        ASSERT_TRUE(span.holds(when));
        ASSERT_EQ(when, moment_in(span, span.begin, who));
        ++quarters[static_cast<std::size_t>((when - span.begin) / 10min)];
    }
    for (const auto each : quarters) {
        EXPECT_GT(each, many / 4 * 85 / 100);
        EXPECT_LT(each, many / 4 * 115 / 100);
    }
}

TEST(MaintenanceMoment, SharesOutOnlyWhatIsLeftOfAnOpenWindow) {
    const window_span span{at("2026-03-10T22:00:00Z"), at("2026-03-10T22:40:00Z")};
    const auto        from = at("2026-03-10T22:39:00Z");
    for (int i = 0; i < 100; ++i) {
        const auto when = moment_in(span, from, std::to_string(i));
        EXPECT_GE(when, from);
        EXPECT_LT(when, span.end);
    }
}

}  // namespace
}  // namespace falconer::falco
