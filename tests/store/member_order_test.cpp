#include "store/member_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace falconer::store {
namespace {

std::string ordered(std::string_view object, std::uint32_t kind = 0) {
    member_order order;
    std::string  out = "before ";
    order.append(object, kind, out);
    return out.substr(7);
}

TEST(MemberOrderTest, ShorterKeysComeFirstAndThoseOfOneLengthByTheirBytes) {
    EXPECT_EQ(
        ordered(R"({"proc.name":"sh","a":1,"evt.type":"x","proc.exe.":[1],"":0})"),
        R"({"":0,"a":1,"evt.type":"x","proc.exe.":[1],"proc.name":"sh"})"
    );
    EXPECT_EQ(ordered("{\"\xC3\xA9\":1,\"zz\":2,\"z\":3}"), "{\"z\":3,\"zz\":2,\"\xC3\xA9\":1}")
        << "bytes, of which none is negative";
    EXPECT_EQ(
        ordered(R"({"abcdefgi":1,"abcdefgh":2,"abcdef":3})"),
        R"({"abcdef":3,"abcdefgh":2,"abcdefgi":1})"
    ) << "beyond what is compared at once";
}

TEST(MemberOrderTest, OfAKeyThatComesTwiceTheLastOneStaysTheLast) {
    EXPECT_EQ(ordered(R"({"b":1,"a":2,"b":3,"a":4})"), R"({"a":2,"a":4,"b":1,"b":3})");
}

TEST(MemberOrderTest, ValuesStayAsTheyAre) {
    EXPECT_EQ(
        ordered(R"({"bb":{"z":"},\"{","y":[1,{"b":[]}]},"a":"\\","c":-1.50e+2,"d":null})"),
        R"({"a":"\\","c":-1.50e+2,"d":null,"bb":{"z":"},\"{","y":[1,{"b":[]}]}})"
    );
}

TEST(MemberOrderTest, WhatIsNotKnownToMeanTheSameIsLeftAlone) {
    for (const std::string_view as_it_is :
         {R"({"b":1,"\u0061":2,"a":3})",
          R"({})",
          R"( { } )",
          R"([2,1])",
          R"("b")",
          "not json",
          "",
          "{",
          R"({"b)",
          R"({"b")",
          R"({"b":)",
          R"({"b":1)",
          R"({"b":"\)",
          R"({"bb":1,"a":2)",
          R"({"bb":1,"a":2,})",
          R"({"bb":1,"a":2]})",
          R"({"bb":1,"a":2} 3)",
          R"({"bb":1,a:2})",
          R"({"bb" 1,"a":2})",
          R"({"bb":[1,"a":2})",
          R"({"a":1, "bb":2})"})
        EXPECT_EQ(ordered(as_it_is), as_it_is);
    std::string many = "{";
    for (int i = 0; i < 300; ++i) many += "\"k" + std::to_string(300 - i) + "\":1,";
    many.back() = '}';
    EXPECT_EQ(ordered(many), many);
}

/// The bytes beside a view are not its own, and a sanitizer watches those behind this one.
TEST(MemberOrderTest, NothingBehindTheObjectIsRead) {
    const std::vector<char> exact = {'{', '"', 'b', '"', ':', '1', ',',
                                     '"', 'a', '"', ':', '2', '}'};
    EXPECT_EQ(ordered({exact.data(), exact.size()}), R"({"a":2,"b":1})");
}

TEST(MemberOrderTest, WhatItRemembersOfAKindNeverDecides) {
    std::mt19937 dice(20261201);
    member_order order;
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::pair<std::string, std::string>> members;
        const auto                                       count = 1 + dice() % 6;
        for (std::size_t i = 0; i < count; ++i) {
            std::string key;
            for (auto left = dice() % 9; left > 0; --left)
                key += static_cast<char>('a' + dice() % 2);
            members.emplace_back(key, std::to_string(i));
        }
        const auto text = [&] {
            std::string all = "{";
            for (const auto& [key, value] : members) all += '"' + key + "\":" + value + ',';
            all.back() = '}';
            return all;
        };
        const auto sent = text();
        std::ranges::stable_sort(members, [](const auto& a, const auto& b) {
            return std::pair(a.first.size(), a.first) < std::pair(b.first.size(), b.first);
        });
        std::string got;
        order.append(sent, dice() % 2, got);
        ASSERT_EQ(got, text()) << sent;
    }
}

}  // namespace
}  // namespace falconer::store
