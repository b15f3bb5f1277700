#include "carrier/fact_board.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;

using board = fact_board<shoot_message>;

std::vector<std::string> read(const board& of, std::uint64_t after) {
    std::vector<std::string> all;
    of.each_after(after, [&](auto, const auto& to, const auto& what) {
        all.push_back(to.text + ' ' + std::string(kind_of(what)));
        return true;
    });
    return all;
}
using texts = std::vector<std::string>;

TEST(FactBoardTest, ANewerFactTakesThePlaceOfTheOlderOne) {
    board all(10);
    EXPECT_TRUE(all.put({"a"}, quota_changed{true}));
    EXPECT_TRUE(all.put({"b"}, quota_changed{true}));
    EXPECT_TRUE(all.put({"a"}, quota_changed{false}));
    EXPECT_EQ(read(all, 0), (texts{"b quota_changed", "a quota_changed"}));
    EXPECT_EQ(read(all, 2), (texts{"a quota_changed"}));
    EXPECT_EQ(all.size(), 2u);
}

TEST(FactBoardTest, TheSameOnceMoreIsNoNews) {
    board all(10);
    EXPECT_TRUE(all.put({"a"}, quota_changed{true}));
    EXPECT_FALSE(all.put({"a"}, quota_changed{true}));
    EXPECT_EQ(all.last(), 1u);
}

TEST(FactBoardTest, KindsOfOneClusterDoNotMeet) {
    board all(10);
    all.put({"a"}, quota_changed{true});
    all.put({"a"}, heartbeat_changed{});
    EXPECT_EQ(read(all, 0).size(), 2u);
}

TEST(FactBoardTest, BeyondItsBoundTheOldestGoesAndTheHorizonRises) {
    board all(2);
    for (const auto* each : {"a", "b", "c"}) all.put({each}, quota_changed{true});
    EXPECT_EQ(read(all, 0), (texts{"b quota_changed", "c quota_changed"}));
    EXPECT_EQ(all.horizon(), 1u);
    EXPECT_TRUE(all.put({"a"}, quota_changed{true})) << "it is news again";
}

TEST(FactBoardTest, WhatIsRenewedIsReadAgain) {
    board all(10);
    all.put({"a"}, quota_changed{true});
    all.put({"b"}, quota_changed{true});
    all.renew("a");
    EXPECT_EQ(read(all, 2), (texts{"a quota_changed"}));
    EXPECT_FALSE(all.put({"a"}, quota_changed{true}));
    all.renew("nobody");
    EXPECT_EQ(all.last(), 3u);
}

TEST(FactBoardTest, OfAForgottenClusterNothingIsReadButWhatIsExcepted) {
    board all(10);
    all.put({"a"}, quota_changed{true});
    all.put({"a"}, heartbeat_changed{});
    all.put({"ab"}, quota_changed{true});
    all.forget("a", "heartbeat_changed");
    EXPECT_EQ(read(all, 0), (texts{"a heartbeat_changed", "ab quota_changed"}));
    all.forget("a");
    EXPECT_EQ(read(all, 0), (texts{"ab quota_changed"}));
    EXPECT_TRUE(all.put({"a"}, quota_changed{true}));
}

}  // namespace
}  // namespace falconer::carrier
