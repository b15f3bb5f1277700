// When the clock lets an alert be told.
#include "alerts/calendar.hpp"

#include <gtest/gtest.h>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

const sys_days tuesday = year{2026} / 3 / 10;

time_zone berlin() {
    auto zone = time_zone::load("Europe/Berlin", std::string(zone_folder));
    EXPECT_TRUE(zone) << "Debian's tzdata is needed";
    return zone ? *zone : time_zone{};
}

bool told(const calendar& when, utc_time at, std::optional<priority> urgent = std::nullopt) {
    return is_told_at(when, {}, at, urgent);
}

TEST(Calendar, ThatSaysNothingLetsEverythingThrough) {
    EXPECT_TRUE(told({}, tuesday));
}

TEST(Calendar, MutesANightOverMidnight) {
    calendar when;
    when.mute = {{.from = 22h, .till = 6h + 30min}};
    EXPECT_TRUE(told(when, tuesday + 21h + 59min));
    EXPECT_FALSE(told(when, tuesday + 22h));
    EXPECT_FALSE(told(when, tuesday + 24h));
    EXPECT_FALSE(told(when, tuesday + 30h + 29min));
    EXPECT_TRUE(told(when, tuesday + 30h + 30min));
}

TEST(Calendar, CountsTheMorningAfterToTheEveningBefore) {
    calendar when;
    when.mute         = {{.days = 0b0010000, .from = 22h, .till = 6h}};  // the night from Friday on
    const auto friday = tuesday + std::chrono::days{3};
    EXPECT_TRUE(told(when, friday + 5h));
    EXPECT_FALSE(told(when, friday + 22h));
    EXPECT_FALSE(told(when, friday + 29h));
    EXPECT_TRUE(told(when, friday + 46h)) << "Saturday evening";
}

TEST(Calendar, OnlyAtSomeTimes) {
    calendar when;
    when.only = {{.days = 0b0011111, .from = 8h, .till = 18h}};
    when.mute = {{.from = 12h, .till = 13h}};
    EXPECT_TRUE(told(when, tuesday + 8h));
    EXPECT_FALSE(told(when, tuesday + 12h + 30min)) << "what is muted is muted";
    EXPECT_FALSE(told(when, tuesday + 18h));
    EXPECT_FALSE(told(when, tuesday + std::chrono::days{4} + 9h)) << "Saturday";
}

TEST(Calendar, LetsTheMostUrgentThroughAtAnyTime) {
    calendar when;
    when.mute   = {week_span{}};
    when.unless = priority::alert;
    EXPECT_FALSE(told(when, tuesday));
    EXPECT_FALSE(told(when, tuesday, priority::critical));
    EXPECT_TRUE(told(when, tuesday, priority::alert));
    EXPECT_TRUE(told(when, tuesday, priority::emergency));
}

TEST(Calendar, GoesByTheClockOnTheWallInSummerAndInWinter) {
    calendar   when;
    const auto zone       = berlin();
    when.mute             = {{.from = 22h, .till = 6h}};
    const auto     at     = [&](utc_time t) { return is_told_at(when, zone, t, std::nullopt); };
    const sys_days winter = year{2026} / 1 / 15, summer = year{2026} / 7 / 15;
    EXPECT_TRUE(at(winter + 20h + 59min));
    EXPECT_FALSE(at(winter + 21h)) << "22:00 there";
    EXPECT_TRUE(at(summer + 19h + 59min));
    EXPECT_FALSE(at(summer + 20h));
    // The night of the 29th of March has no 02:00 to 03:00; it ends an hour earlier by UTC.
    const sys_days spring = year{2026} / 3 / 29;
    EXPECT_FALSE(at(spring + 3h + 59min));
    EXPECT_TRUE(at(spring + 4h));
    // That of the 25th of October has it twice, and ends an hour later.
    const sys_days autumn = year{2026} / 10 / 25;
    EXPECT_FALSE(at(autumn + 4h + 59min));
    EXPECT_TRUE(at(autumn + 5h));
}

}  // namespace
}  // namespace falconer::alerts
