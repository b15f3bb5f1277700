#include "actors/cluster_actor.hpp"
#include "actors/clusters.hpp"

#include "support/actor_fixture.hpp"
#include "support/fake_store.hpp"

#include <gmock/gmock.h>

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;

class ClusterActorTest : public test::actor_fixture {
protected:
    cluster_ref   name = std::make_shared<const cluster_identity>(cluster_identity{"shoot--a--b"});
    cluster_actor cluster{name, options(), time};

    static cluster_actor::options options() {
        return {
            .events_per_day            = 300,  // burst 100
            .urgent_factor             = 10,
            .requests_per_second       = 10,
            .hold                      = 5s,
            .quarantined_per_day       = 2,
            .quarantined_bytes_per_day = 100,
            .sampled_rules             = 3,
        };
    }
    falco_event event(std::string_view rule, priority level = priority::notice) {
        falco_event e;
        e.from     = name;
        e.level    = level;
        e.received = time.utc();
        e.texts.put(event_texts::part::rule, rule);
        return e;
    }
    enum class fate { stored, sampled, counted };
    fate send(std::string_view rule, priority level = priority::notice) {
        const auto record = cluster.admit(event(rule, level));
        if (std::holds_alternative<event_tally>(record)) return fate::counted;
        return std::get<falco_event>(record).has(event_flag::sampled) ? fate::sampled
                                                                      : fate::stored;
    }
    std::string counted_under(std::string_view rule) {
        return std::get<event_tally>(cluster.admit(event(rule))).rule;
    }
    void use_up() {
        while (send("noise") == fate::stored) {
        }
    }
};

TEST_F(ClusterActorTest, StoresUpToABurstOfAThirdOfTheDay) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(send("a"), fate::stored) << i;
    EXPECT_NE(send("a"), fate::stored);
}

TEST_F(ClusterActorTest, BeyondTheQuotaOnePerRuleAndMinuteIsStoredAsASample) {
    use_up();
    time.advance(60s);
    EXPECT_EQ(send("a"), fate::sampled);
    EXPECT_EQ(send("a"), fate::counted);
    EXPECT_EQ(send("b"), fate::sampled);
    time.advance(60s);
    EXPECT_EQ(send("a"), fate::sampled);
}

TEST_F(ClusterActorTest, TalliesNameRulePriorityAndMinute) {
    use_up();
    time.advance(90s);
    send("a", priority::error);
    const auto tally = std::get<event_tally>(cluster.admit(event("a", priority::error)));
    EXPECT_EQ(tally.rule, "a");
    EXPECT_EQ(tally.level, priority::error);
    EXPECT_EQ(tally.count, 1u);
    EXPECT_EQ(tally.minute.time_since_epoch() % 60s, 0s);
    EXPECT_EQ(tally.from, name);
}

TEST_F(ClusterActorTest, MadeUpRulesShareOneTally) {
    use_up();
    time.advance(60s);
    for (const auto* rule : {"a", "b", "c"}) EXPECT_EQ(send(rule), fate::sampled);
    EXPECT_EQ(send("d"), fate::counted);
    EXPECT_EQ(counted_under("a"), "a");
    EXPECT_EQ(counted_under("e"), "");
}

TEST_F(ClusterActorTest, SamplesEndWithTheirDailyBudgetAndTheCountsGoOn) {
    use_up();
    const auto once_a_minute = [&] {
        time.advance(60s);
        fate now = fate::stored;
        while (now == fate::stored) now = send("a");  // a little budget comes back now and then
        return now;
    };
    int sampled = 1;  // `noise`
    while (sampled < 2000 && once_a_minute() == fate::sampled) ++sampled;
    EXPECT_EQ(sampled, 250) << "a quarter: the other replicas have not heard of any yet";
    EXPECT_EQ(counted_under("a"), "a") << "by its name";

    cluster.tell(quota_settled{.samples = 999, .samples_spent = 250});
    EXPECT_EQ(once_a_minute(), fate::sampled);
    EXPECT_EQ(once_a_minute(), fate::counted);
    time.advance(24h);
    EXPECT_EQ(once_a_minute(), fate::sampled) << "another day";
}

TEST_F(ClusterActorTest, UrgentEventsAreStoredUpToTenTimesTheBudget) {
    use_up();
    for (int i = 0; i < 3'000; ++i) EXPECT_EQ(send("x", priority::critical), fate::stored) << i;
    EXPECT_NE(send("x", priority::critical), fate::stored);
    EXPECT_NE(send("x", priority::emergency), fate::stored);
}

TEST_F(ClusterActorTest, TheBudgetComesBackWithTheDay) {
    use_up();
    time.advance(8h);  // a third of a day: the whole burst
    for (int i = 0; i < 100; ++i) EXPECT_EQ(send("a"), fate::stored) << i;
    EXPECT_NE(send("a"), fate::stored);
}

TEST_F(ClusterActorTest, ASettlementCorrectsTheOwnOpinionByWhatTheReplicasSpent) {
    for (int i = 0; i < 10; ++i) send("a");
    const auto account = cluster.spending();
    EXPECT_EQ(account.ordinary_spent, 10u);
    for (int i = 0; i < 5; ++i) send("a");  // while the settlement is under way
    cluster.tell(quota_settled{.ordinary_left = 20, .urgent_left = 1'000, .ordinary_spent = 10});
    EXPECT_EQ(cluster.spending().ordinary_spent, 5u);
    for (int i = 0; i < 15; ++i) EXPECT_EQ(send("a"), fate::stored) << i;
    EXPECT_NE(send("a"), fate::stored);
}

TEST_F(ClusterActorTest, ABudgetOfItsOwnReplacesTheDefault) {
    cluster.tell(budget_changed{.events_per_day = 30});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(send("a"), fate::stored) << i;
    EXPECT_NE(send("a"), fate::stored);
    cluster.tell(budget_changed{});
    EXPECT_EQ(send("b"), fate::stored);
}

TEST_F(ClusterActorTest, RequestsBeyondTheHardRateWaitTheirTurnAndThenAreRefused) {
    const auto now = time.now();
    for (int i = 0; i <= 10; ++i) EXPECT_EQ(cluster.take_turn(now), 0s) << i;  // one second's burst
    EXPECT_EQ(cluster.take_turn(now), 100ms);
    EXPECT_EQ(cluster.take_turn(now), 200ms);
    for (int i = 3; i <= 50; ++i) EXPECT_TRUE(cluster.take_turn(now)) << i;
    EXPECT_FALSE(cluster.take_turn(now));
    EXPECT_FALSE(cluster.take_turn(now));  // a refusal takes no place
    EXPECT_EQ(cluster.take_turn(now + 1s), 4'100ms);
}

TEST_F(ClusterActorTest, TokensIssuedBeforeARevocationAreRefused) {
    const auto then = time.utc();
    EXPECT_FALSE(cluster.token_is_revoked(std::nullopt));
    cluster.tell(tokens_revoked{then});
    EXPECT_TRUE(cluster.token_is_revoked(then - 1s));
    EXPECT_TRUE(cluster.token_is_revoked(std::nullopt));
    EXPECT_FALSE(cluster.token_is_revoked(then));
    cluster.tell(tokens_revoked{});
    EXPECT_FALSE(cluster.token_is_revoked(then - 1s));
}

TEST_F(ClusterActorTest, QuarantineIsBoundedPerDayAndCountedBeyond) {
    const auto aside = [&](std::size_t size) {
        return std::holds_alternative<quarantined_body>(cluster.set_aside(
            {.from = name, .received = time.utc(), .body = std::string(size, 'x')}
        ));
    };
    EXPECT_TRUE(aside(60));
    EXPECT_FALSE(aside(60));  // too many bytes
    EXPECT_TRUE(aside(10));
    EXPECT_FALSE(aside(10));  // too many bodies
    time.advance(24h);
    EXPECT_TRUE(aside(60));
}

TEST_F(ClusterActorTest, ExactBytesBesideEventsAreBoundedAndThoseBeyondCounted) {
    const auto keeps = [&](std::size_t bytes) {
        auto odd = event("a");
        odd.set(event_flag::replaced_characters);
        odd.texts.put(event_texts::part::raw, std::string(bytes, 'x'));
        const auto stored = std::get<falco_event>(cluster.admit(std::move(odd)));
        EXPECT_TRUE(stored.has(event_flag::replaced_characters));
        return stored.texts.get(event_texts::part::raw).has_value();
    };
    EXPECT_TRUE(keeps(60));
    EXPECT_FALSE(keeps(41));
    EXPECT_TRUE(keeps(40));
    EXPECT_FALSE(keeps(0)) << "so many bodies a day";
    EXPECT_EQ(cluster.take_bytes_not_kept(), 2u);
    EXPECT_EQ(cluster.take_bytes_not_kept(), 0u);
    EXPECT_EQ(send("a"), fate::stored);
    EXPECT_EQ(cluster.take_bytes_not_kept(), 0u) << "there was nothing to keep";
    // The quarantine's room is its own.
    const quarantined_body aside{name, time.utc(), "x", "x", std::string(100, 'x')};
    EXPECT_TRUE(std::holds_alternative<quarantined_body>(cluster.set_aside(aside)));
    time.advance(24h);
    EXPECT_TRUE(keeps(100));
}

TEST_F(ClusterActorTest, WhatIsOnlyCountedTakesNoRoomFromTheBytesThatAreKept) {
    use_up();
    for (int i = 0; i < 5; ++i) {
        auto odd = event("noise");
        odd.set(event_flag::replaced_characters);
        odd.texts.put(event_texts::part::raw, "x");
        EXPECT_TRUE(std::holds_alternative<event_tally>(cluster.admit(std::move(odd))));
    }
    EXPECT_EQ(cluster.take_bytes_not_kept(), 0u);
}

class ClustersTest : public ClusterActorTest {
protected:
    test::fake_sink sink;
    clusters        all{time, sink, {.cluster = options(), .idle = 60min, .sweep = 1min}};

    void SetUp() override {
        scope.spawn("clusters", all.run());
        time.settle();
    }
};

TEST_F(ClustersTest, AClusterKeepsItsDesk) {
    const auto desk = all.desk_of(name);
    EXPECT_EQ(all.desk_of(std::make_shared<const cluster_identity>(*name)), desk);
    EXPECT_EQ(all.size(), 1u);
}

TEST_F(ClustersTest, AnIdleClusterIsForgottenAndABusyOneIsNot) {
    all.desk_of(name);
    for (int i = 0; i < 13; ++i) {
        all.desk_of(std::make_shared<const cluster_identity>(cluster_identity{"busy"}))
            ->take_turn(time.now());
        time.advance(5min);
    }
    EXPECT_EQ(all.size(), 1u);
}

TEST_F(ClustersTest, TokensThatAClusterWasRefusedAreTalliedByTheMinute) {
    const auto desk = all.desk_of(name);
    for (int i = 0; i < 3; ++i) desk->note_refused_token();
    time.advance(1min);
    time.advance(1min);
    ASSERT_EQ(sink.kept.size(), 1u);
    const auto tally = std::get<event_tally>(sink.kept[0]);
    EXPECT_EQ(tally.why, event_tally::cause::token_refused);
    EXPECT_EQ(tally.count, 3u);
    EXPECT_EQ(tally.from->text, name->text);
}

TEST_F(ClustersTest, BytesThatWereNotKeptAreTalliedByTheMinute) {
    const auto desk = all.desk_of(name);
    for (int i = 0; i < 4; ++i) {
        falco_event odd;
        odd.from     = name;
        odd.received = time.utc();
        odd.set(event_flag::replaced_characters);
        odd.texts.put(event_texts::part::rule, "r");
        odd.texts.put(event_texts::part::raw, std::string(10, 'x'));
        desk->admit(std::move(odd));
    }
    time.advance(1min);
    time.advance(1min);
    ASSERT_EQ(sink.kept.size(), 1u);
    const auto tally = std::get<event_tally>(sink.kept[0]);
    EXPECT_EQ(tally.why, event_tally::cause::bytes_not_kept);
    EXPECT_EQ(tally.count, 2u);
    EXPECT_EQ(tally.from->text, name->text);
}

TEST_F(ClustersTest, StandingOrdersReachAClusterThatComesLater) {
    all.tell(*name, tokens_revoked{time.utc()});
    EXPECT_EQ(all.size(), 0u);
    EXPECT_TRUE(all.desk_of(name)->token_is_revoked(time.utc() - 1s));
}

}  // namespace
}  // namespace falconer::actors
