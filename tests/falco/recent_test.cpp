// What the linter remembers, and what it lets go of.
#include "falco/rules/recent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace falconer::falco::rules {
namespace {

constexpr std::size_t one = 10'000;  // bytes; our own records are small beside it

TEST(RecentTest, WhatIsAskedForAgainStays) {
    recent<std::string> some(3 * one + one / 2);
    for (const auto* key : {"a", "b", "c"}) some.keep(key, key, one);
    ASSERT_NE(some.find("a"), nullptr);
    some.keep("d", "d", one);
    EXPECT_EQ(some.find("b"), nullptr);
    for (const auto* key : {"a", "c", "d"}) {
        ASSERT_NE(some.find(key), nullptr) << key;
        EXPECT_EQ(*some.find(key), key);
    }
}

TEST(RecentTest, BytesAreBounded) {
    recent<int> some(5 * one);
    for (int i = 0; i < 1000; ++i) some.keep(std::to_string(i), i, one);
    EXPECT_LE(some.bytes(), 5 * one);
    EXPECT_EQ(some.size(), 4u);  // each takes a little more than what it was said to
    EXPECT_EQ(*some.find("999"), 999);
}

TEST(RecentTest, TheNewestStaysWhateverItsSize) {
    recent<int> some(one);
    some.keep("small", 1, 1);
    EXPECT_EQ(some.keep("large", 2, 9 * one), 2);
    EXPECT_EQ(some.size(), 1u);
    some.keep("small", 3, 1);
    EXPECT_EQ(some.find("large"), nullptr);
    EXPECT_LT(some.bytes(), one);
}

TEST(RecentTest, ANewValueTakesTheOldOnesPlace) {
    recent<int> some(one);
    some.keep("a", 1, 100);
    const auto before = some.bytes();
    some.keep("a", 2, 100);
    EXPECT_EQ(some.bytes(), before);
    EXPECT_EQ(*some.find("a"), 2);
}

}  // namespace
}  // namespace falconer::falco::rules
