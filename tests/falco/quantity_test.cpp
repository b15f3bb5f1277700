#include "falconer/falco/quantity.hpp"

#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

TEST(QuantityTest, TwoSpellingsOfOneAmountAreEqual) {
    const std::pair<const char*, const char*> same[] = {
        {"1", "1000m"}, {"0.3", "300m"},  {"1Ki", "1024"},  {"1Gi", "1024Mi"}, {"1.5Gi", "1536Mi"},
        {"1e3", "1k"},  {"1E3", "1000"},  {"1E", "1e18"},   {".5", "500m"},    {"5.", "5"},
        {"+1", "1"},    {"100n", "0.1u"}, {"12e-1", "1.2"}, {"1Pi", "1024Ti"}, {"0", "0Mi"},
    };
    for (const auto& [a, b] : same) {
        ASSERT_TRUE(parse_quantity(a)) << a;
        EXPECT_EQ(parse_quantity(a), parse_quantity(b)) << a << ' ' << b;
    }
    EXPECT_LT(*parse_quantity("-1"), 0);
    EXPECT_LT(*parse_quantity("1Mi"), *parse_quantity("1.1Mi"));
}

TEST(QuantityTest, WhatIsNoneIsNone) {
    for (const char* bad :
         {"",     "m",    "Mi",  "1 Gi", "1gi",   "1KI", "1.2.3", "--1", "1e", "1e1.5",
          "0x10", "1Mim", "NaN", "inf",  "1e999", "1,5", "ten",   ".",   "+",  "-"})
        EXPECT_FALSE(parse_quantity(bad)) << bad;
    EXPECT_FALSE(parse_quantity(std::string(1'000, '9')));
}

}  // namespace
}  // namespace falconer::falco
