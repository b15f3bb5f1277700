// The wire form of every message, there and back.
#include "falconer/messages_wire.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace falconer {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const cluster_identity to{"shoot--a--b-0b8f2f2c-landscape"};
constexpr utc_time     at{1'767'225'600s};

/// Every kind there is, with every field set and with none.
const cluster_message cluster_messages[] = {
    tokens_revoked{at},
    tokens_revoked{},
    budget_changed{12'345'678'901'234'567'890U},
    budget_changed{},
    quota_settled{-3.25, 1e12 / 3, 7, 8, 9, 10},
    token_rotated{at},
    heartbeat_expected{secret(std::string("\0k\xff", 3))},
    heartbeat_expected{},
    heartbeat_expected{.asleep = true},
    heartbeat_expected{secret("k"), false},
    cluster_known{},
    cluster_gone{},
    heartbeat_seen{at + 1ns},
    budget_spent{at},
};
const shoot_message shoot_messages[] = {
    work_asked{},    cluster_changed{},     reference_changed{}, delivery_changed{},
    delivery_lost{}, releases_changed{},    tokens_refused{at},  quota_changed{true},
    quota_changed{}, heartbeat_changed{at}, heartbeat_changed{}, sight_changed{30, at},
    sight_changed{},
};

template <class Message, std::size_t n>
std::size_t kinds_in(const Message (&all)[n]) {
    std::set<std::size_t> kinds;
    for (const auto& each : all) kinds.insert(each.index());
    return kinds.size();
}

TEST(MessagesWireTest, EveryMessageComesBackAsItWas) {
    for (const auto& each : cluster_messages) {
        const auto text = json_text(to_wire(to, each));
        const auto back = cluster_message_of(*parse_json(text));
        ASSERT_TRUE(back.message) << text << ' ' << back.problem << back.unknown;
        EXPECT_EQ(back.to, to);
        EXPECT_TRUE(says_the_same(*back.message, each)) << text;
        EXPECT_EQ(json_text(to_wire(back.to, *back.message)), text);
    }
    for (const auto& each : shoot_messages) {
        const auto text = json_text(to_wire(to, each));
        const auto back = shoot_message_of(*parse_json(text));
        ASSERT_TRUE(back.message) << text << ' ' << back.problem << back.unknown;
        EXPECT_EQ(json_text(to_wire(back.to, *back.message)), text);
    }
    EXPECT_EQ(kinds_in(cluster_messages), std::variant_size_v<cluster_message>);
    EXPECT_EQ(kinds_in(shoot_messages), std::variant_size_v<shoot_message>);
}

TEST(MessagesWireTest, TheNamesOfKindsAndFieldsAreAContract) {
    EXPECT_EQ(
        json_text(to_wire({"c"}, token_rotated{at})),
        R"({"to":"c","kind":"token_rotated","issued":"2026-01-01T00:00:00Z"})"
    );
    EXPECT_EQ(
        json_text(to_wire({"c"}, heartbeat_expected{secret("key")})),
        R"({"to":"c","kind":"heartbeat_expected","key":"a2V5","asleep":null})"
    );
    EXPECT_EQ(json_text(to_wire({"c"}, cluster_gone{})), R"({"to":"c","kind":"cluster_gone"})");
    EXPECT_EQ(
        json_text(to_wire({"c"}, tokens_refused{at})),
        R"({"to":"c","kind":"tokens_refused","issuedBefore":"2026-01-01T00:00:00Z"})"
    );
    EXPECT_EQ(
        json_text(to_wire({"c"}, quota_changed{true})),
        R"({"to":"c","kind":"quota_changed","spent":true})"
    );
    EXPECT_EQ(
        json_text(to_wire({"c"}, heartbeat_changed{})),
        R"({"to":"c","kind":"heartbeat_changed","silentSince":null})"
    );
}

cluster_message read(std::string_view text) {
    const auto got = cluster_message_of(*parse_json(text));
    EXPECT_TRUE(got.message) << text << ' ' << got.problem << got.unknown;
    return got.message.value_or(cluster_gone{});
}
std::string problem_of(std::string_view text) {
    const auto got = cluster_message_of(*parse_json(text));
    EXPECT_FALSE(got.message) << text;
    EXPECT_EQ(got.unknown, "");
    return got.problem;
}

TEST(MessagesWireTest, AFieldOfANewerReleaseIsLeftAlone) {
    const auto got = read(
        R"({"to":"c","kind":"token_rotated","issued":"2026-01-01T00:00:00Z","keyId":{"of":[1]}})"
    );
    EXPECT_EQ(std::get<token_rotated>(got).issued, at);
}

TEST(MessagesWireTest, AnOptionalFieldMayBeMissing) {
    EXPECT_FALSE(std::get<heartbeat_expected>(read(R"({"to":"c","kind":"heartbeat_expected"})")).key
    );
}

TEST(MessagesWireTest, AKindOfANewerReleaseIsNamed) {
    const auto got = cluster_message_of(*parse_json(R"({"to":"c","kind":"colour_changed"})"));
    EXPECT_FALSE(got.message);
    EXPECT_EQ(got.problem, "");
    EXPECT_EQ(got.unknown, "colour_changed");
    EXPECT_EQ(
        shoot_message_of(*parse_json(R"({"to":"c","kind":"token_rotated"})")).unknown,
        "token_rotated"
    );
}

TEST(MessagesWireTest, WhatIsWrongIsSaidInASentence) {
    EXPECT_THAT(problem_of("[]"), HasSubstr("expected a message"));
    EXPECT_THAT(problem_of(R"({"kind":"cluster_gone"})"), HasSubstr("to nobody"));
    EXPECT_THAT(problem_of(R"({"to":"a\nb","kind":"cluster_gone"})"), HasSubstr("to nobody"));
    EXPECT_THAT(problem_of(R"({"to":"c"})"), HasSubstr("of which kind"));
    EXPECT_THAT(problem_of(R"({"to":"c","kind":"token_rotated"})"), HasSubstr("issued is missing"));
    EXPECT_THAT(
        problem_of(R"({"to":"c","kind":"token_rotated","issued":17})"), HasSubstr("issued is 17")
    );
    EXPECT_THAT(
        problem_of(R"({"to":"c","kind":"heartbeat_expected","key":"no base64!"})"),
        HasSubstr("key is")
    );
    EXPECT_THAT(
        problem_of(R"({"to":"c","kind":"budget_changed","eventsPerDay":-1})"),
        HasSubstr("eventsPerDay is")
    );
}

TEST(MessagesWireTest, ATimeBeyondOurClocksIsTheLastThatTheyHave) {
    const auto got = read(R"({"to":"c","kind":"token_rotated","issued":"9999-12-31T23:59:59Z"})");
    EXPECT_GT(std::get<token_rotated>(got).issued, at);
}

TEST(MessagesWireTest, SilenceSinceTheSameMinuteIsNoNews) {
    EXPECT_TRUE(says_the_same(
        shoot_message(heartbeat_changed{at}), shoot_message(heartbeat_changed{at + 59s})
    ));
    EXPECT_FALSE(says_the_same(
        shoot_message(heartbeat_changed{at}), shoot_message(heartbeat_changed{at + 61s})
    ));
    EXPECT_FALSE(
        says_the_same(shoot_message(heartbeat_changed{at}), shoot_message(heartbeat_changed{}))
    );
}

}  // namespace
}  // namespace falconer
