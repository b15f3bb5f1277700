// Who evaluates, and that nothing is missing or doubled whatever breaks off.
#include "alerts/evaluator.hpp"

#include "alerts/cluster_rules.hpp"
#include "fake_alert_store.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>

#include <set>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// One that runs until it is killed, with its connection.
struct process {
    process(
        falconer::test::manual_time& time, test::alert_world& world, asio::any_io_executor loop,
        std::vector<alert_rule> operators = {}
    )
        : store(time, world), scope(loop) {
        evaluator::options opt;
        opt.rules = std::move(operators);
        work.emplace(time, store, metrics, std::move(opt));
        scope.spawn("evaluator", work->run());
    }
    metrics_registry         metrics{};
    test::fake_alert_store   store;
    std::optional<evaluator> work{};
    task_scope               scope;
};

class Evaluator : public falconer::test::actor_fixture {
protected:
    test::alert_world                     world;
    std::vector<std::unique_ptr<process>> processes;

    void SetUp() override {
        world.rules = {test::rule(
            "{name: a, filter: 'rule:Shell', groupBy: [workload], bundleBy: [workload], wait: 0s, "
            "receivers: [x], quiet: 1h}",
            "team"
        )};
    }
    process& begin() {
        processes.push_back(std::make_unique<process>(time, world, loop.get_executor(), operators));
        return *processes.back();
    }
    void end(process& which) {
        bool ended = false;
        asio::co_spawn(loop, which.scope.stop(), [&](std::exception_ptr) { ended = true; });
        time.settle();
        EXPECT_TRUE(ended);
    }
    void kill(process& which) {
        end(which);
        std::erase_if(processes, [&](const auto& each) { return each.get() == &which; });
    }
    void TearDown() override {
        while (!processes.empty()) kill(*processes.back());
        actor_fixture::TearDown();
    }
    void store(const std::string& pod, const std::string& rule = "Shell") {
        world.batches.push_back(test::event({.rule = rule, .pod = pod, .received = time.utc()}));
    }
    std::multiset<std::string> told() const {
        std::multiset<std::string> all;
        for (const auto& each : world.told) all.insert(each.labels.at("workload"));
        return all;
    }
    std::vector<alert_rule> operators;
};

TEST_F(Evaluator, PassesOverEventsThatNoRuleAsksFor) {
    world.rules.clear();
    operators = cluster_rules({"on-call"});
    store("web-0");
    begin();
    time.advance(10s);
    EXPECT_GT(world.passed, 0u);
    const auto passed = world.passed;
    world.rules = {test::rule("{name: a, filter: 'rule:Shell', wait: 0s, receivers: [x]}", "team")};
    ++world.edition;
    time.advance(10s);
    EXPECT_LE(world.passed, passed + 2);
    store("web-1");
    time.advance(10s);
    ASSERT_THAT(world.told, SizeIs(1)) << "what came before the rule is none of its business";
    EXPECT_EQ(world.told[0].alerts.at(0).count, 1u);
}

TEST_F(Evaluator, LooksAtHowClustersAreSeen) {
    operators = cluster_rules({"on-call"});
    begin();
    time.advance(1s);
    EXPECT_THAT(world.told, IsEmpty());
    world.seen.unwell.push_back({test::event().cluster, {sight_reason::events_silent, time.utc()}});
    time.advance(2min);
    ASSERT_THAT(world.told, SizeIs(1));
    EXPECT_EQ(world.told[0].alerts.at(0).rule, silent_rule);
    kill(*processes.back());
    begin();
    time.advance(2min);
    EXPECT_THAT(world.told, SizeIs(1)) << "told once, whoever looks";
    world.seen.unwell.clear();
    time.advance(10min);
    ASSERT_THAT(world.told, SizeIs(2));
    EXPECT_TRUE(world.told[1].resolved);
}

TEST_F(Evaluator, TakesOtherRulesOfTheOperatorsAsItRuns) {
    const auto of = [](const std::string& what) {
        return test::rule(
            "{name: ours, filter: 'rule:" + what +
            "', groupBy: [workload], bundleBy: [workload], wait: 0s, receivers: [x], quiet: 1h}"
        );
    };
    world.rules.clear();
    operators = {of("Shell")};
    auto& one = begin();
    time.advance(3s);
    store("web-0");
    time.advance(3s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"web"}));
    one.work->use({of("Mount")});
    time.advance(3s);
    store("db-0");
    store("cache-0", "Mount");
    time.advance(3s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"web", "cache"}));
    one.work->use({});
    time.advance(3s);
    store("queue-0", "Mount");
    time.advance(6s);
    EXPECT_EQ(told().size(), 2u);
}

TEST_F(Evaluator, FindsWhatComes) {
    begin();
    time.advance(1s);
    store("web-0");
    store("db-0", "Other");
    store("cache-0");
    time.advance(1s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"web", "cache"}));
    EXPECT_EQ(world.progress.within, 3);
}

TEST_F(Evaluator, PutsNothingDownWhereThereIsNothingButItsProgressNowAndThen) {
    begin();
    time.advance(1s);
    for (int i = 0; i < 100; ++i) store("web-0", "Other");
    time.advance(20s);
    EXPECT_EQ(world.progress.within, 100);
    EXPECT_LE(world.puts, 4u);
    EXPECT_THAT(world.rows, IsEmpty());
}

TEST_F(Evaluator, OneOfTwoEvaluatesAndTheOtherTakesOverWithinTenSeconds) {
    auto& first = begin();
    time.advance(1s);
    auto& second = begin();
    time.advance(1min);
    EXPECT_TRUE(first.work->takes());
    EXPECT_FALSE(second.work->takes());
    store("web-0");
    time.advance(1s);
    kill(first);  // it says nothing any more
    store("db-0");
    time.advance(10s);
    EXPECT_TRUE(second.work->takes());
    EXPECT_EQ(told(), (std::multiset<std::string>{"web", "db"}));
}

TEST_F(Evaluator, WhoReleasesIsFollowedAtOnce) {
    auto& first = begin();
    time.advance(1s);
    auto& second = begin();
    time.advance(5s);
    auto& work = *first.work;
    end(first);
    (void)start(work.release());
    time.settle();
    time.advance(2s);
    EXPECT_TRUE(second.work->takes());
}

/// It is slow, not dead: the other one has taken over when it comes back.
TEST_F(Evaluator, WhoHasLostTheShardPutsNothingDown) {
    auto& first = begin();
    time.advance(1s);
    world.until  = {};  // its lease is over
    auto& second = begin();
    time.advance(3s);
    EXPECT_NE(first.work->takes(), second.work->takes());
    store("web-0");
    time.advance(3s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"web"}));
    EXPECT_NE(first.work->takes(), second.work->takes());
}

TEST_F(Evaluator, AnAnswerThatIsLostDoublesNothing) {
    auto& one = begin();
    time.advance(1s);
    one.store.lose_puts = true;
    store("web-0");
    time.advance(1s);
    one.store.lose_puts = false;
    time.advance(10s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"web"})) << "fake_alert_store checks the keys";
    store("db-0");
    time.advance(1s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"web", "db"}));
}

TEST_F(Evaluator, WhatComesWhileTheStoreIsAwayIsFoundAfterwards) {
    auto& one = begin();
    time.advance(1s);
    one.store.away = true;
    time.advance(1min);
    for (int i = 0; i < 7; ++i) store("web" + std::to_string(i) + "-0");
    one.store.away = false;
    time.advance(1min);
    EXPECT_THAT(told(), SizeIs(7));
}

/// Killed anywhere, again and again: each event is in one alert, each telling is told once.
TEST_F(Evaluator, KilledAgainAndAgainItMissesAndDoublesNothing) {
    std::multiset<std::string> stored;
    process*                   now = &begin();
    for (int i = 0; i < 60; ++i) {
        const auto name = "w" + std::to_string(i);
        store(name + "-0");
        stored.insert(name);
        time.advance(std::chrono::milliseconds(97 * (i % 11)));
        if (i % 3 != 0) continue;
        kill(*now);
        now = &begin();
    }
    time.advance(20s);
    EXPECT_EQ(told(), stored);
    for (const auto& each : world.told) EXPECT_EQ(each.alerts.at(0).count, 1u);
}

TEST_F(Evaluator, ChangedRulesCountFromThenOn) {
    begin();
    time.advance(1s);
    world.rules.clear();
    ++world.edition;
    time.advance(2s);
    store("web-0");
    time.advance(2s);
    EXPECT_THAT(world.told, IsEmpty());
}

TEST_F(Evaluator, OperatorsRulesCountBesideTheProjects) {
    operators = {test::rule(
        "{name: o, filter: 'rule:Shell', groupBy: [workload], bundleBy: [workload], wait: 0s, "
        "receivers: [z]}"
    )};
    begin();
    time.advance(1s);
    store("web-0");
    time.advance(1s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"web", "web"}));
}

TEST_F(Evaluator, TakesWhatStandsOnlyWhereItEvaluates) {
    auto& first = begin();
    time.advance(1s);
    auto& second = begin();
    time.advance(3s);
    alert_standing as;
    as.rule            = world.rules[0].id;
    as.labels          = {{"workload", "silent"}};
    as.summary         = "silent";
    as.cluster.project = "team";
    EXPECT_FALSE(second.work->stand({as}));
    EXPECT_TRUE(first.work->stand({as}));
    EXPECT_TRUE(first.work->stand({as}));
    time.advance(1s);
    EXPECT_EQ(told(), (std::multiset<std::string>{"silent"}));
}

}  // namespace
}  // namespace falconer::alerts
