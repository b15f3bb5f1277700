// What a peer gets for what it sends: its due, or a refusal with a reason.
#include "carrier_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;
using net::http_request;
using net::http_response;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PeerHandlerTest : public test::actor_fixture {
protected:
    metrics_registry metrics;
    fake_tokens      tokens;
    told_clusters    clusters;
    peer_handler     handler{
        time, tokens, clusters, metrics, {.owners = {.abandoned = 10min, .clusters_each = 3}}
    };
    std::uint64_t number = 0;

    using answer = std::shared_ptr<std::optional<http_response>>;

    static http_request request(
        std::string_view path, std::string body, std::string_view bearer = "good:controller:one"
    ) {
        http_request ask{.method = "POST", .target = std::string(path), .body = std::move(body)};
        ask.headers.add("Content-Type", "application/json");
        ask.headers.add("Authorization", "Bearer " + std::string(bearer));
        ask.content_length = ask.body.size();
        return ask;
    }
    answer begin(http_request ask) {
        auto body = std::exchange(ask.body, {});
        if (auto refusal = handler.screen(ask))
            return std::make_shared<std::optional<http_response>>(std::move(*refusal));
        ask.body = std::move(body);
        auto got = start(handler.handle(std::move(ask)));
        time.settle();
        return got;
    }
    http_response ask(http_request what) {
        const auto got = begin(std::move(what));
        EXPECT_TRUE(got->has_value());
        return got->value_or(http_response{.status = 0});
    }
    static std::string seed_token(const std::string& seed) { return "good:controller:" + seed; }

    peer_answer tell(
        const std::string& seed, const std::vector<value>& messages, std::uint64_t after = 0,
        std::uint64_t upto = 0
    ) {
        tell_request told{
            .from = {"reign of " + seed, 1000, ++number}, .after = after, .upto = upto
        };
        told.messages  = messages;
        const auto got = ask(request(tell_path, text_of(told), seed_token(seed)));
        EXPECT_EQ(got.status, 200u) << got.body;
        auto said = read_answer(got.body);
        EXPECT_TRUE(said) << got.body;
        return said ? *said : peer_answer{};
    }
    answer hear(
        const std::string& seed, std::map<std::string, std::uint64_t> cursors = {},
        std::chrono::milliseconds wait = 20s
    ) {
        const hear_request asked{
            .from    = {"reign of " + seed, 1000, ++number},
            .wait    = wait,
            .cursors = std::move(cursors)
        };
        return begin(request(hear_path, text_of(asked), seed_token(seed)));
    }
    static peer_answer said(const answer& got) {
        EXPECT_TRUE(got->has_value());
        if (!got->has_value()) return {};
        EXPECT_EQ((*got)->status, 200u) << (*got)->body;
        auto read = read_answer((*got)->body);
        return read ? *read : peer_answer{};
    }
    std::uint64_t refused(const char* reason) {
        return metrics
            .make_counter(
                "falconer_peer_requests_refused_total", "Requests of peers refused, by reason.",
                {{"reason", reason}}
            )
            .value();
    }
    std::uint64_t passed_over(const char* reason) {
        return metrics
            .make_counter(
                "falconer_peer_messages_refused_total", "Messages of peers passed over, by reason.",
                {{"reason", reason}}
            )
            .value();
    }
    static value rotated(const std::string& cluster) {
        return to_wire({cluster}, token_rotated{utc_time{1s}});
    }
};

TEST_F(PeerHandlerTest, WhoIsNoControllerIsRefusedBeforeItsBodyIsRead) {
    EXPECT_EQ(ask(request(tell_path, "{}", "wrong")).status, 401u);
    EXPECT_EQ(ask(request(tell_path, "{}", "good:shoot--a--b")).status, 403u) << "a cluster's";
    EXPECT_EQ(ask(request(tell_path, "{}", "good:controller:")).status, 403u);
    auto none    = request(tell_path, "{}");
    none.headers = {};
    none.headers.add("Content-Type", "application/json");
    EXPECT_EQ(ask(std::move(none)).status, 401u);
    EXPECT_EQ(refused("token"), 4u);
    EXPECT_EQ(clusters.count, 0u);
}

TEST_F(PeerHandlerTest, OtherPathsMethodsTypesAndSizesAreRefused) {
    EXPECT_EQ(ask(request("/peer/v2/tell", "{}")).status, 404u);
    auto get   = request(tell_path, "");
    get.method = "GET";
    EXPECT_EQ(ask(std::move(get)).status, 405u);
    auto form    = request(tell_path, "{}");
    form.headers = {};
    form.headers.add("Content-Type", "text/plain");
    EXPECT_EQ(ask(std::move(form)).status, 415u);
    auto large           = request(tell_path, "{}");
    large.content_length = 2'000'000;
    EXPECT_EQ(ask(std::move(large)).status, 413u);
}

TEST_F(PeerHandlerTest, RubbishIsRefusedAndCostsNobodyAnything) {
    for (const auto* each : {"", "{", "17", "{}", "\xff", R"({"version":2,"reign":"r"})"})
        EXPECT_EQ(ask(request(tell_path, each)).status, 400u) << each;
    EXPECT_EQ(refused("malformed"), 6u);
    EXPECT_EQ(tell("one", {rotated("a")}, 0, 1).applied, 1u);
}

TEST_F(PeerHandlerTest, OneMessageThatIsWrongCostsNoOtherItsPlace) {
    const auto got = tell(
        "one",
        {rotated("a"), value(17), value{{"to", "a"}, {"kind", "colour_changed"}},
         value{{"to", "a"}, {"kind", "token_rotated"}}, to_wire({"a"}, tokens_revoked{}),
         to_wire({"a"}, heartbeat_expected{secret("k")})},
        0, 6
    );
    EXPECT_EQ(got.applied, 6u);
    EXPECT_EQ(got.unknown, std::vector<std::string>{"colour_changed"});
    EXPECT_EQ(clusters.count, 2u);
    EXPECT_TRUE(clusters.last.contains("a heartbeat_expected"));
    EXPECT_EQ(passed_over("malformed"), 2u);
    EXPECT_EQ(passed_over("unknown"), 1u);
    EXPECT_EQ(passed_over("not_theirs"), 1u) << "a controller revokes no tokens";
}

TEST_F(PeerHandlerTest, AControllerDoesNotSpeakForAnotherSeedsClusters) {
    tell("one", {rotated("a")});
    const auto got = tell("other", {to_wire({"a"}, cluster_gone{}), rotated("b")}, 0, 2);
    ASSERT_THAT(got.refused, SizeIs(1));
    EXPECT_EQ(got.refused[0].to, "a");
    EXPECT_EQ(got.refused[0].why, "foreign");
    EXPECT_FALSE(clusters.last.contains("a cluster_gone"));
    EXPECT_TRUE(clusters.last.contains("b token_rotated"));
    EXPECT_EQ(passed_over("foreign"), 1u);
}

TEST_F(PeerHandlerTest, AClusterThatMovesIsLetGoByTheOneAndTakenByTheOther) {
    tell("one", {rotated("a")});
    tell("one", {to_wire({"a"}, cluster_gone{})});
    EXPECT_THAT(tell("other", {rotated("a")}).refused, IsEmpty());
    EXPECT_THAT(tell("one", {rotated("a")}).refused, SizeIs(1));
}

TEST_F(PeerHandlerTest, WhatTheControllerInThisProcessSpeaksForIsNobodyElses) {
    handler.own({"a"}, "ours");
    time.advance(24h);
    EXPECT_THAT(tell("one", {rotated("a")}).refused, SizeIs(1));
    handler.disown({"a"}, "ours");
    EXPECT_THAT(tell("one", {rotated("a")}).refused, IsEmpty());
}

TEST_F(PeerHandlerTest, ARequestThatHasBeenHereIsRefused) {
    const tell_request told{.from = {"r", 5, 7}, .upto = 1};
    EXPECT_EQ(ask(request(tell_path, text_of(told))).status, 200u);
    EXPECT_EQ(ask(request(tell_path, text_of(told))).status, 409u);
    EXPECT_EQ(refused("replayed"), 1u);
    const tell_request by_another{.from = {"r", 5, 7}, .upto = 1};
    EXPECT_EQ(ask(request(tell_path, text_of(by_another), seed_token("other"))).status, 200u);
}

TEST_F(PeerHandlerTest, WhoLedBeforeIsToldThatItDoesNotAnyMore) {
    const tell_request of_old{.from = {"old", 5, 1}}, of_new{.from = {"new", 6, 1}};
    EXPECT_EQ(ask(request(tell_path, text_of(of_old))).status, 200u);
    EXPECT_EQ(ask(request(tell_path, text_of(of_new))).status, 200u);
    auto again        = of_old;
    again.from.number = 2;
    const auto got    = ask(request(tell_path, text_of(again)));
    EXPECT_EQ(got.status, 409u);
    EXPECT_EQ(read_refusal(got.body).newest, 6);
    EXPECT_EQ(refused("older_reign"), 1u);
}

TEST_F(PeerHandlerTest, ANewReignBeginsWithNothingApplied) {
    EXPECT_EQ(tell("one", {}, 0, 5).applied, 5u);
    const tell_request later{.from = {"later", 2000, 1}, .after = 5, .upto = 9};
    const auto         got = ask(request(tell_path, text_of(later)));
    EXPECT_EQ(read_answer(got.body)->applied, 0u) << "what lies before is not known";
}

TEST_F(PeerHandlerTest, OfAGapNothingIsAssumed) {
    EXPECT_EQ(tell("one", {}, 0, 5).applied, 5u);
    EXPECT_EQ(tell("one", {rotated("a")}, 7, 9).applied, 5u);
    EXPECT_TRUE(clusters.last.contains("a token_rotated")) << "what was said counts all the same";
    EXPECT_EQ(tell("one", {}, 4, 9).applied, 9u);
    EXPECT_EQ(tell("one", {}, 0, 2).applied, 9u);
}

TEST_F(PeerHandlerTest, WhoHearsWaitsForNews) {
    tell("one", {rotated("a")});
    EXPECT_TRUE(said(hear("one")).reset) << "at first all there is";
    const auto waits = hear("one", {{handler.name(), 0}});
    EXPECT_FALSE(waits->has_value());
    handler.tell({"a"}, quota_changed{true});
    time.settle();
    const auto got = said(waits);
    EXPECT_FALSE(got.reset);
    ASSERT_THAT(got.messages, SizeIs(1));
    EXPECT_EQ(got.messages[0], to_wire({"a"}, quota_changed{true}));
    EXPECT_EQ(got.upto, 1u);
    const auto next = hear("one", {{handler.name(), 1}});
    handler.tell({"a"}, quota_changed{true});  // no news
    time.settle();
    EXPECT_FALSE(next->has_value());
    time.advance(20s);
    EXPECT_THAT(said(next).messages, IsEmpty());
}

TEST_F(PeerHandlerTest, NobodyHearsOfAnotherSeedsClusters) {
    tell("one", {rotated("a")});
    said(hear("other"));
    const auto waits = hear("other", {{handler.name(), 0}});
    handler.tell({"a"}, quota_changed{true});
    handler.tell({"nobodys"}, quota_changed{true});
    time.settle();
    EXPECT_FALSE(waits->has_value());
    time.advance(21s);
    const auto got = said(waits);
    EXPECT_THAT(got.messages, IsEmpty());
    EXPECT_EQ(got.upto, 2u);
    EXPECT_THAT(said(hear("one")).messages, SizeIs(1));
}

TEST_F(PeerHandlerTest, WhatWasKnownBeforeAControllerCameIsHeardByIt) {
    handler.tell({"a"}, quota_changed{true});
    EXPECT_THAT(said(hear("one")).messages, IsEmpty());
    tell("one", {rotated("a")});
    const auto got = said(hear("one", {{handler.name(), 1}}));
    EXPECT_THAT(got.messages, SizeIs(1));
}

TEST_F(PeerHandlerTest, ACursorOfNobodysIsReadFromTheBeginning) {
    tell("one", {rotated("a")});
    handler.tell({"a"}, quota_changed{true});
    EXPECT_TRUE(said(hear("one", {{"another ingestor", 1}})).reset);
    EXPECT_TRUE(said(hear("one", {{handler.name(), 999}})).reset);
    EXPECT_THAT(said(hear("one")).messages, SizeIs(1));
}

TEST_F(PeerHandlerTest, WhoWaitsTooOftenIsRefused) {
    std::vector<answer> all;
    said(hear("one"));
    for (int i = 0; i < 4; ++i) all.push_back(hear("one", {{handler.name(), 0}}));
    for (const auto& each : all) EXPECT_FALSE(each->has_value());
    const auto fifth = hear("one", {{handler.name(), 0}});
    ASSERT_TRUE(fifth->has_value());
    EXPECT_EQ((*fifth)->status, 429u);
    EXPECT_TRUE(said(hear("other")).reset) << "others are unharmed";
    time.advance(21s);
}

TEST_F(PeerHandlerTest, WhoEndsKeepsNobodyWaiting) {
    said(hear("one"));
    const auto waits = hear("one", {{handler.name(), 0}});
    handler.close();
    time.settle();
    EXPECT_THAT(said(waits).messages, IsEmpty());
    const auto next = hear("one", {{handler.name(), 0}});
    ASSERT_TRUE(next->has_value());
    EXPECT_EQ((*next)->status, 503u);
}

TEST_F(PeerHandlerTest, CountsThoseItHearsOf) {
    tell("one", {});
    tell("other", {});
    handler.refresh_metrics();
    EXPECT_THAT(metrics.expose(), HasSubstr("falconer_peers 2"));
    time.advance(3min);
    tell("one", {});
    handler.refresh_metrics();
    EXPECT_THAT(metrics.expose(), HasSubstr("falconer_peers 1"));
}

}  // namespace
}  // namespace falconer::carrier
