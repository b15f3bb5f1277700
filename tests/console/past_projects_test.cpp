// What was written for a project that is no more does not hold for the next of its name.
#include "console/past_projects.hpp"
#include "support/actor_fixture.hpp"
#include "told_alerts.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

class PastProjects : public falconer::test::actor_fixture {
protected:
    test::told_alerts               desk;
    std::map<std::string, utc_time> begun;
    std::optional<past_projects>    it;

    void SetUp() override {
        it.emplace(time, desk, [this] { return begun; }, past_projects::options{});
        // Of two projects a rule and a silence each, and a silence of the operators.
        for (const auto* project : {"a", "b", ""}) {
            alerts::silence quiet;
            quiet.id      = uuid::random();
            quiet.project = project;
            quiet.from    = time.utc();
            quiet.until   = time.utc() + 24h;
            desk.quiet.push_back(quiet);
            if (quiet.project.empty()) continue;
            alerts::kept_rule one;
            one.rule.id      = uuid::random();
            one.rule.project = project;
            one.rule.version = 7;
            one.changed_at   = time.utc();
            desk.all.push_back(std::move(one));
        }
    }
    std::size_t round() {
        auto answer = start(it->once());
        time.settle();
        EXPECT_TRUE(answer->has_value() && **answer);
        return ***answer;
    }
};

TEST_F(PastProjects, WhatWasWrittenBeforeAProjectBeganIsTakenAway) {
    begun = {{"a", time.utc() - 24h}, {"b", time.utc() - 24h}};
    EXPECT_EQ(round(), 0u);
    time.advance(1h);
    begun["a"] = time.utc();
    EXPECT_EQ(round(), 2u);
    ASSERT_EQ(desk.dropped.size(), 1u);
    EXPECT_EQ(desk.dropped[0].rule.id, desk.all[0].rule.id);
    EXPECT_EQ(desk.dropped[0].seen, 7);
    EXPECT_EQ(desk.ended, std::vector<uuid>{desk.quiet[0].id});
}

TEST_F(PastProjects, AProjectThatNobodyKnowsMayBeAnothers) {
    EXPECT_EQ(round(), 0u);
    begun["c"] = time.utc() + 1h;
    EXPECT_EQ(round(), 0u);
}

TEST_F(PastProjects, ClocksThatDifferALittleCostNobodyTheirRules) {
    begun["a"] = time.utc() + 4min;
    EXPECT_EQ(round(), 0u);
}

TEST_F(PastProjects, WhatSomebodyElseHasDoneMeanwhileIsDone) {
    begun["a"] = begun["b"] = time.utc() + 1h;
    desk.fails              = failure{errc::conflict, "others have changed the rule"};
    EXPECT_EQ(round(), 2u) << "the silences";
    desk.fails  = failure{errc::unavailable, "the store is away"};
    auto answer = start(it->once());
    time.settle();
    ASSERT_TRUE(answer->has_value());
    EXPECT_FALSE(**answer);
}

TEST_F(PastProjects, OnceAMinute) {
    begun["a"]    = time.utc() + 1h;
    auto watching = start([](past_projects& which) -> task<bool> {
        co_await which.run();
        co_return true;
    }(*it));
    time.settle();
    EXPECT_EQ(desk.dropped.size(), 1u);
    begun["b"] = time.utc() + 1h;
    time.advance(61s);
    EXPECT_GE(desk.dropped.size(), 2u);
    EXPECT_FALSE(watching->has_value());
}

}  // namespace
}  // namespace falconer::console
