// What the clocks of a place show.
#include "falconer/time_zone.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace falconer {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

void put(std::string& into, std::int64_t n, int bytes) {
    for (int at = bytes - 1; at >= 0; --at)
        into += static_cast<char>(static_cast<std::uint64_t>(n) >> (8 * at) & 0xFF);
}

/// A zone file with one change, at `at`, from one offset to another, and what comes after it.
std::string zone_file(
    std::int64_t at, std::int32_t before, std::int32_t after, const std::string& footer
) {
    std::string file;
    for (const int bytes : {4, 8}) {
        file += "TZif2";
        file.append(15, '\0');
        for (const int count : {0, 0, 0, 1, 2, 4}) put(file, count, 4);
        put(file, bytes == 4 ? 0 : at, bytes);
        put(file, 1, 1);
        for (const auto offset : {before, after}) {
            put(file, offset, 4);
            put(file, 0, 2);
        }
        file += std::string("A\0B\0", 4);
    }
    return file + "\n" + footer + "\n";
}

time_zone zone(const std::string& footer) {
    auto read = time_zone::parse(zone_file(0, 600, 3600, footer));
    EXPECT_TRUE(read) << read.error().detail;
    return read ? *read : time_zone{};
}

TEST(TimeZone, IsUtcWhereNothingIsSaid) {
    EXPECT_EQ(time_zone{}.offset_at(sys_days{year{2026} / 7 / 1}), 0s);
    const auto utc = time_zone::load("UTC", "/nowhere");
    ASSERT_TRUE(utc);
}

TEST(TimeZone, KnowsWhatWasBeforeItsChangesAndAfterThem) {
    const auto read = time_zone::parse(zone_file(1'000'000, 600, 3600, ""));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->offset_at(utc_time{999'999s}), 600s);
    EXPECT_EQ(read->offset_at(utc_time{1'000'000s}), 3600s);
    EXPECT_EQ(read->offset_at(sys_days{year{2090} / 1 / 1}), 3600s);
}

TEST(TimeZone, GoesOnByItsRule) {
    const auto berlin = zone("CET-1CEST,M3.5.0,M10.5.0/3");
    // The last Sunday of March 2026 is the 29th, that of October the 25th; both at 01:00 UTC.
    EXPECT_EQ(berlin.offset_at(sys_days{year{2026} / 3 / 29} + 59min + 59s), 1h);
    EXPECT_EQ(berlin.offset_at(sys_days{year{2026} / 3 / 29} + 1h), 2h);
    EXPECT_EQ(berlin.offset_at(sys_days{year{2026} / 10 / 25} + 59min + 59s), 2h);
    EXPECT_EQ(berlin.offset_at(sys_days{year{2026} / 10 / 25} + 1h), 1h);
    EXPECT_EQ(berlin.offset_at(sys_days{year{2027} / 1 / 1} - 1s), 1h);
}

TEST(TimeZone, HasItsSummerOverNewYearInTheSouth) {
    const auto sydney = zone("AEST-10AEDT,M10.1.0,M4.1.0/3");
    EXPECT_EQ(sydney.offset_at(sys_days{year{2026} / 1 / 1}), 11h);
    EXPECT_EQ(sydney.offset_at(sys_days{year{2026} / 7 / 1}), 10h);
    EXPECT_EQ(sydney.offset_at(sys_days{year{2026} / 12 / 31}), 11h);
}

TEST(TimeZone, UnderstandsTheOddOnesToo) {
    EXPECT_EQ(zone("<+0545>-5:45").offset_at(sys_days{year{2026} / 7 / 1}), 5h + 45min);
    EXPECT_EQ(zone("<-03>3").offset_at(sys_days{year{2026} / 7 / 1}), -3h);
    // Godthab: a day before the rule's Sunday, at 22:00.
    const auto nuuk = zone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    EXPECT_EQ(nuuk.offset_at(sys_days{year{2026} / 3 / 29} + 59min), -2h);
    EXPECT_EQ(nuuk.offset_at(sys_days{year{2026} / 3 / 29} + 1h), -1h);
    const auto julian = zone("A0B,J60/0,J300/0");  // the first of March, leap year or not
    EXPECT_EQ(julian.offset_at(sys_days{year{2028} / 2 / 29} + 23h), 0s);
    EXPECT_EQ(julian.offset_at(sys_days{year{2028} / 3 / 1}), 1h);
    EXPECT_EQ(julian.offset_at(sys_days{year{2027} / 3 / 1}), 1h);
}

TEST(TimeZone, ThatIsCutShortOrDamagedIsNone) {
    const auto whole = zone_file(0, 0, 3600, "CET-1CEST,M3.5.0,M10.5.0/3");
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(time_zone::parse(whole.substr(0, size))) << size;
    for (const auto* footer :
         {"CET", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.0", "1", "CET-1CEST,M13.1.0,M1.1.0",
          "A200"})
        EXPECT_FALSE(time_zone::parse(zone_file(0, 0, 3600, footer))) << footer;
    auto types                           = whole;
    types[types.rfind("TZif2") + 44 + 8] = 9;  // of a type that is not there
    EXPECT_FALSE(time_zone::parse(types));
}

TEST(TimeZone, ThatNobodyKnowsIsNotFound) {
    for (const auto* name : {"Nowhere/Here", "", "/etc/passwd", "../etc/passwd"})
        EXPECT_EQ(time_zone::load(name, "/usr/share/zoneinfo").error().code, errc::not_found)
            << name;
}

}  // namespace
}  // namespace falconer
