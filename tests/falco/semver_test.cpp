#include "falconer/falco/semver.hpp"

#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

TEST(SemverTest, OrdersAsTheStandardsOwnExamples) {
    // Source: semver.org §11
    const char* ascending[] = {
        "0.9.0",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "2.0.0",
        "2.1.0",
        "2.1.1",
        "2.1.10",
        "2.10.0",
        "18446744073709551615.0.0"
    };
    for (std::size_t i = 0; i < std::size(ascending); ++i)
        for (std::size_t j = 0; j < std::size(ascending); ++j)
            EXPECT_EQ(
                *semver::parse(ascending[i]) <=> *semver::parse(ascending[j]),
                std::strong_order(i, j)
            ) << ascending[i]
              << ' ' << ascending[j];
    EXPECT_EQ(*semver::parse("1.0.0+a"), *semver::parse("1.0.0+b.c"));
}

TEST(SemverTest, TakesWhatTheStandardAllows) {
    for (const char* good :
         {"1.2.3-0a", "1.2.3---.--", "1.2.3-x.7.z.92+exp.sha.5114f85", "1.2.3-0", "0.0.0+001"})
        EXPECT_TRUE(semver::parse(good)) << good;
    for (const char* bad :
         {"", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.02.3", "1.2.03", "1.2.3-", "1.2.3-01",
          "1.2.3-a..b", "1.2.3+", "1.2.3-é", " 1.2.3", "1.2.3 ", "-1.2.3", "1.2.x", "1.2.3-a+b+c",
          "18446744073709551616.0.0"})
        EXPECT_FALSE(semver::parse(bad)) << bad;
}

TEST(SemverTest, ALineIsTheFirstTwoNumbers) {
    const auto later = [](const char* a, const char* b) {
        return semver::parse(a)->is_of_later_line_than(*semver::parse(b));
    };
    EXPECT_TRUE(later("0.45.0", "0.44.9"));
    EXPECT_TRUE(later("1.0.0-rc.1", "0.44.1"));
    EXPECT_FALSE(later("0.44.9", "0.44.1"));
    EXPECT_FALSE(later("0.43.9", "0.44.1"));
    EXPECT_FALSE(later("0.45.0", "1.0.0"));
}

}  // namespace
}  // namespace falconer::falco
