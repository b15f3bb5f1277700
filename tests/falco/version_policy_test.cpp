#include "falconer/falco/version_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace falconer::falco {
namespace {

using action = version_move::action;
using std::chrono::seconds;
constexpr utc_time now{seconds(1'000'000)};

offered_version version(std::string text, classification is, std::int64_t expires = 0) {
    offered_version one{.version = std::move(text), .is = is};
    if (expires != 0) one.expires = event_time{expires, 0};
    return one;
}
offered_versions offer(const std::vector<offered_version>& all) {
    offered_versions made;
    for (const auto& each : all) made.emplace(*semver::parse(each.version), each);
    return made;
}

const auto gone = std::int64_t{1'000'000}, later = std::int64_t{1'000'001};
const auto some = offer({
    version("1.0.0", classification::deprecated, gone),
    version("1.1.0", classification::deprecated, later),
    version("1.2.0", classification::supported, later),
    version("1.3.0", classification::supported, gone),
    version("1.4.0", classification::preview),
    version("1.5.0-rc.1", classification::preview, gone),
});

struct move_case {
    const char* current;
    auto_update automatically;
    action      what;
    const char* target;  // null: none
};
class VersionMoveTest : public ::testing::TestWithParam<move_case> {};

TEST_P(VersionMoveTest, IsAsDecided) {
    const auto& want = GetParam();
    const auto  got  = plan_version(some, want.current, want.automatically, now);
    EXPECT_EQ(got.what, want.what) << got.reason;
    EXPECT_EQ(got.target, want.target ? std::optional<std::string>(want.target) : std::nullopt);
    EXPECT_NE(got.reason, "");
}

INSTANTIATE_TEST_SUITE_P(
    Table, VersionMoveTest,
    ::testing::Values(
        move_case{"1.0.0", auto_update::on, action::forced, "1.2.0"},
        move_case{"1.0.0", auto_update::off, action::forced, "1.2.0"},
        move_case{"1.1.0", auto_update::on, action::automatic, "1.2.0"},
        move_case{"1.1.0", auto_update::off, action::none, nullptr},
        move_case{"1.2.0", auto_update::on, action::none, nullptr},
        move_case{"1.3.0", auto_update::off, action::forced, "1.2.0"},  // down: nothing is higher
        move_case{"1.4.0", auto_update::on, action::none, nullptr},     // never down by itself
        move_case{"1.5.0-rc.1", auto_update::on, action::forced, "1.2.0"},
        move_case{"1.6.0", auto_update::off, action::forced, "1.2.0"},  // unknown
        move_case{"v1.2.0", auto_update::off, action::forced, "1.2.0"},
        move_case{"", auto_update::off, action::forced, "1.2.0"},
        move_case{"1.2.0+build", auto_update::on, action::none, nullptr}
    )
);

TEST(VersionPolicyTest, WhoMustMoveIsToldAndNobodyElse) {
    const auto       today = utc_time(std::chrono::seconds(0));
    offered_versions offered;
    const auto       add = [&](const char* version, std::optional<event_time> expires) {
        offered.emplace(
            *semver::parse(version),
            offered_version{.version = version, .is = classification::supported, .expires = expires}
        );
    };
    add("0.42.1", event_time_of(today));
    EXPECT_NE(
        notice_of_end(offered, "0.42.1", today).find("no supported version"), std::string::npos
    );
    add("0.43.0", {});
    EXPECT_EQ(notice_of_end(offered, "0.43.0", today), "");
    for (const auto* left : {"0.42.1", "0.41.0", "v1"})
        EXPECT_TRUE(notice_of_end(offered, left, today).ends_with("in its next maintenance window"))
            << notice_of_end(offered, left, today);
}

TEST(VersionPolicyTest, NowhereToGoIsNoMoveAndSaysSo) {
    const auto only = offer(
        {version("1.0.0", classification::deprecated, gone),
         version("2.0.0", classification::preview)}
    );
    const auto got = plan_version(only, "1.0.0", auto_update::on, now);
    EXPECT_EQ(got.what, action::none);
    EXPECT_EQ(got.target, std::nullopt);
    EXPECT_THAT(got.reason, ::testing::HasSubstr("no supported version is left"));
    EXPECT_EQ(plan_version({}, "1.0.0", auto_update::on, now).what, action::none);
}

TEST(VersionPolicyTest, NoMoveIsEverToAPreviewOrAnExpiredOneNorDownWithoutNeed) {
    std::mt19937 random(20261123);
    const auto   any = [&](int below) {
        return static_cast<int>(random() % static_cast<unsigned>(below));
    };
    for (int round = 0; round < 5'000; ++round) {
        std::vector<offered_version> all;
        for (int i = 0; i < 6; ++i)
            if (any(3) != 0)
                all.push_back(version(
                    "1." + std::to_string(i) + ".0", static_cast<classification>(any(3)),
                    any(2) != 0 ? 999'999 + any(3) : 0
                ));
        const auto offered = offer(all);
        const auto current = "1." + std::to_string(any(7)) + ".0";
        const auto got =
            plan_version(offered, current, any(2) != 0 ? auto_update::on : auto_update::off, now);
        ASSERT_EQ(got.target.has_value(), got.what != action::none);
        if (!got.target) continue;
        const auto& to = offered.at(*semver::parse(*got.target));
        ASSERT_EQ(to.is, classification::supported);
        ASSERT_FALSE(to.expired(now));
        if (got.what == action::automatic) {
            ASSERT_GT(*semver::parse(*got.target), *semver::parse(current));
        }
        ASSERT_EQ(plan_version(offered, *got.target, auto_update::on, now).what, action::none)
            << "there it stays";
    }
}

TEST(VersionPolicyTest, WhatSomebodyWroteIsOneLineOfAReason) {
    const auto got = plan_version({}, "1.0\n\x1b[31m", auto_update::on, now);
    EXPECT_THAT(got.reason, ::testing::HasSubstr("no profile offers version 1.0\\x0a\\x1b[31m"));
}

}  // namespace
}  // namespace falconer::falco
