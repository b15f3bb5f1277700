#include "net/key_time.hpp"

#include <gtest/gtest.h>

namespace falconer::net {
namespace {

using namespace std::chrono;

/// What gopkg.in/yaml.v3 reads into a time.Time.
TEST(KeyTimeTest, TakesWhatTheGoIngestorTakes) {
    const auto                             day    = key_time(sys_days(2026y / November / 2));
    const std::pair<const char*, key_time> good[] = {
        {"2026-11-02", day},
        {"2026-11-2", day},
        {"2026-11-02T03:04:05Z", day + 3h + 4min + 5s},
        {"2026-11-2t3:4:5Z", day + 3h + 4min + 5s},
        {"2026-11-02T03:04:05.5+01:30", day + 1h + 34min + 5s + 500ms},
        {"2026-11-02T03:04:05,25-01:00", day + 4h + 4min + 5s + 250ms},
        {"2026-11-02T03:04:05.1234567899999Z", day + 3h + 4min + 5s + 123'456'789ns},
        {"2026-11-02 03:04:05", day + 3h + 4min + 5s},
        {"2026-11-02  3:4:5.000000001", day + 3h + 4min + 5s + 1ns},
    };
    for (const auto& [text, is] : good) EXPECT_EQ(parse_key_time(text), is) << text;
    EXPECT_LT(parse_key_time("0001-01-01T00:00:00Z"), day);
    EXPECT_GT(parse_key_time("9999-12-31T23:59:59Z"), day);
    for (const auto* wrong :
         {"",
          "yesterday",
          "2026",
          "2026-11",
          "2026-11-",
          "2026-13-01",
          "2026-02-29",
          "26-11-02",
          "2026-11-02T",
          "2026-11-02T03:04",
          "2026-11-02T03:04:05",
          "2026-11-02 03:04:05Z",
          "2026-11-02T24:00:00Z",
          "2026-11-02T03:60:00Z",
          "2026-11-02T03:04:60Z",
          "2026-11-02T03:04:05.Z",
          "2026-11-02T03:04:05+0100",
          "2026-11-02T03:04:05z",
          "2026-11-02T03:04:05Zx",
          "1795000000",
          "2026-111-02"})
        EXPECT_FALSE(parse_key_time(wrong)) << wrong;
}

}  // namespace
}  // namespace falconer::net
