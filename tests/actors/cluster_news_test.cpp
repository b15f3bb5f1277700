// What a cluster's side and a shoot's side tell each other in one process.
#include "actors/clusters.hpp"
#include "falconer/heartbeat.hpp"
#include "falconer/mailbox.hpp"
#include "falconer/value.hpp"

#include "support/actor_fixture.hpp"
#include "support/fake_store.hpp"
#include "support/told_shoots.hpp"

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;

class no_sink final : public event_sink {
public:
    task<result<kept_as>> submit(ingest_record) override { co_return kept_as::counted; }
};

class ClusterNewsTest : public test::actor_fixture {
protected:
    test::told_shoots      shoots;
    no_sink                sink;
    clusters               all{time, sink, {.cluster = {.events_per_day = 30}}, &shoots};
    const cluster_identity a{"shoot--a--b"};
    const secret           key{"k"};

    void SetUp() override { scope.spawn("clusters", all.run()); }

    std::shared_ptr<cluster_desk> desk() {
        return all.desk_of(std::make_shared<const cluster_identity>(a));
    }
    falco_event beat(const secret& with, utc_time at) {
        const auto  minute = heartbeat_minute(at);
        falco_event event;
        event.received = time.utc();
        event.texts.put(event_texts::part::rule, heartbeat_rule);
        const value fields{
            {"proc.args", "agent beat --time " + minute + " --node n --proof " +
                              heartbeat_proof(with, minute, "n")}
        };
        event.texts.put(event_texts::part::output_fields, json_text(fields));
        return event;
    }
    bool proven(falco_event event) {
        return !std::get<falco_event>(desk()->admit(std::move(event))).has(event_flag::unproven);
    }
    std::vector<std::string> told_within(std::chrono::minutes by) {
        shoots.told.clear();
        for (auto left = by; left > 0min; left -= 1min) time.advance(1min);
        time.settle();
        return shoots.told;
    }
    bool refused(utc_time issued) { return desk()->token_is_revoked(issued); }
};

TEST_F(ClusterNewsTest, ASilentHeartIsToldUntilItBeatsAgain) {
    all.tell(a, heartbeat_expected{key});
    EXPECT_TRUE(told_within(134min).empty());
    const auto silent = told_within(5min);
    EXPECT_FALSE(silent.empty());
    for (const auto& each : silent) EXPECT_EQ(each, "shoot--a--b silent");
    EXPECT_TRUE(proven(beat(key, time.utc())));
    const auto after = told_within(30min);
    ASSERT_EQ(after.size(), 1u);
    EXPECT_EQ(after[0], "shoot--a--b beats");
}

TEST_F(ClusterNewsTest, BeatsOfTheHourKeepItQuietThoughTheActorIsForgottenBetween) {
    all.tell(a, heartbeat_expected{key});
    for (int hour = 0; hour < 10; ++hour) {
        EXPECT_TRUE(proven(beat(key, time.utc())));
        // Once, for those who may have heard otherwise from somebody who has ended.
        const std::vector<std::string> news{"shoot--a--b beats"};
        EXPECT_EQ(told_within(100min), hour == 0 ? news : std::vector<std::string>{}) << hour;
    }
}

TEST_F(ClusterNewsTest, ABeatThatSomebodyElseHasSeenCountsAsWellAsOurs) {
    all.tell(a, heartbeat_expected{key});
    EXPECT_TRUE(told_within(100min).empty());
    all.tell(a, heartbeat_seen{time.utc() - 10min});
    EXPECT_EQ(told_within(1min), std::vector<std::string>{"shoot--a--b beats"});
    EXPECT_TRUE(told_within(123min).empty());
    const auto silent = told_within(3min);
    ASSERT_FALSE(silent.empty());
    EXPECT_EQ(silent[0], "shoot--a--b silent");
}

TEST_F(ClusterNewsTest, ABeatThatIsYetToComeIsOneOfNow) {
    all.tell(a, heartbeat_expected{key});
    all.tell(a, heartbeat_seen{time.utc() + 1000h});
    EXPECT_EQ(told_within(134min), std::vector<std::string>{"shoot--a--b beats"});
    EXPECT_FALSE(told_within(3min).empty());
}

TEST_F(ClusterNewsTest, OfAClusterThatHasGoneNoBeatIsMissed) {
    all.tell(a, heartbeat_expected{key});
    all.tell(a, cluster_gone{});
    EXPECT_TRUE(told_within(5h).empty());
}

TEST_F(ClusterNewsTest, WhoSendsNoneOrSleepsIsNotMissed) {
    all.tell(a, heartbeat_expected{key});
    all.tell(a, heartbeat_expected{});
    EXPECT_TRUE(told_within(300min).empty());
    all.tell(a, heartbeat_expected{key});  // awake again: it has time to beat
    EXPECT_TRUE(told_within(130min).empty());
}

TEST_F(ClusterNewsTest, ABeatWithoutItsProofIsStoredWithARemarkAndCountsForNothing) {
    all.tell(a, heartbeat_expected{key});
    EXPECT_FALSE(proven(beat(secret("another"), time.utc())));
    EXPECT_FALSE(proven(beat(key, time.utc() - 30min))) << "an old one, heard and repeated";
    EXPECT_FALSE(proven(beat(key, time.utc() + 30min)));
    EXPECT_TRUE(proven(beat(key, time.utc() - 5min)));
    falco_event bare;
    bare.texts.put(event_texts::part::rule, heartbeat_rule);
    for (const auto* fields :
         {"{}", "", "[", R"({"proc.args":7})", R"({"proc.args":"--proof "})"}) {
        auto one = bare;
        one.texts.put(event_texts::part::output_fields, fields);
        EXPECT_FALSE(proven(std::move(one))) << fields;
    }
}

TEST_F(ClusterNewsTest, S14_WithTheLandscapesSecretBeatsAreCheckedThoughNoControllerTellsUs) {
    auto secrets     = std::make_shared<heartbeat_secrets>();
    secrets->current = secret("a landscape secret of 32 bytes!!");
    clusters   us{time, sink, {.cluster = {.heartbeats = secrets}}};
    const auto takes = [&](falco_event event) {
        const auto at = us.desk_of(std::make_shared<const cluster_identity>(a));
        return !std::get<falco_event>(at->admit(std::move(event))).has(event_flag::unproven);
    };
    const auto ours = heartbeat_key_of(secrets->current, a.text);
    EXPECT_TRUE(takes(beat(ours, time.utc())));
    EXPECT_FALSE(takes(beat(heartbeat_key_of(secrets->current, "another"), time.utc())));
    EXPECT_FALSE(takes(beat(secret("any"), time.utc())));
    falco_event of_old;
    of_old.texts.put(event_texts::part::rule, heartbeat_rule);
    of_old.texts.put(event_texts::part::output_fields, R"({"proc.args":"Falco heartbeat"})");
    EXPECT_TRUE(takes(std::move(of_old)))
        << "the Go extension's prove nothing, and nobody expects it";

    secrets->before = std::exchange(secrets->current, secret("another secret of the landscape!"));
    EXPECT_TRUE(takes(beat(ours, time.utc()))) << "its pod does not have the new one yet";
    EXPECT_TRUE(takes(beat(heartbeat_key_of(secrets->current, a.text), time.utc())));
    secrets->before = {};
    EXPECT_FALSE(takes(beat(ours, time.utc())));
}

TEST_F(ClusterNewsTest, WithoutAKeyNothingIsRemarked) {
    EXPECT_TRUE(proven(beat(secret("any"), time.utc())));
}

TEST_F(ClusterNewsTest, ASpentBudgetIsToldAndItsReturnOnce) {
    falco_event event;
    event.texts.put(event_texts::part::rule, "x");
    event.received = time.utc();
    for (int i = 0; i < 20; ++i) (void)desk()->admit(event);
    const auto first = told_within(1min);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0], "shoot--a--b spent");
    const auto later = told_within(30min);
    EXPECT_EQ(later.back(), "shoot--a--b calm");
    EXPECT_TRUE(told_within(10min).empty());
}

TEST_F(ClusterNewsTest, AnOrderToRefuseTokensReachesTheShootThatIssuesThem) {
    all.tell(a, tokens_revoked{time.utc()});
    EXPECT_EQ(shoots.told, std::vector<std::string>{"shoot--a--b refused"}) << "at once";
    EXPECT_EQ(told_within(1min), std::vector<std::string>{"shoot--a--b refused"});
    all.tell(a, tokens_revoked{});
    EXPECT_TRUE(told_within(3min).empty());
}

TEST_F(ClusterNewsTest, TokensOfTwoGenerationsAreAcceptedAndOlderOnesNot) {
    const auto now = time.utc();
    all.tell(a, token_rotated{now - 20h});
    EXPECT_FALSE(refused(now - 30h)) << "nobody has said what was before";
    all.tell(a, token_rotated{now - 10h});
    EXPECT_FALSE(refused(now - 20h));
    EXPECT_FALSE(refused(now - 10h));
    EXPECT_TRUE(refused(now - 21h));
    all.tell(a, token_rotated{now - 10h});  // the same again
    EXPECT_FALSE(refused(now - 20h));
    all.tell(a, token_rotated{now});
    EXPECT_TRUE(refused(now - 20h));
    EXPECT_FALSE(refused(now - 10h));
    EXPECT_FALSE(desk()->token_is_revoked(std::nullopt)) << "the Go extension's say nothing";
    told_within(90min);  // forgotten in between
    EXPECT_EQ(all.size(), 0u);
    EXPECT_TRUE(refused(now - 20h));
    EXPECT_FALSE(refused(now - 10h));
}

class others_of final : public post_office {
public:
    std::vector<std::string> told{};
    void tell(const cluster_identity& to, const cluster_message& what) override {
        std::visit(
            overloaded{
                [&](const heartbeat_seen&) { told.push_back(to.text + " beat"); },
                [&](const budget_spent&) { told.push_back(to.text + " spent"); },
                [&](const auto&) { told.emplace_back("?"); },
            },
            what
        );
    }
};

TEST_F(ClusterNewsTest, WhatIsSeenHereIsToldToThoseBesideUsNowAndThen) {
    others_of others;
    all.tell_also(others);
    all.tell(a, heartbeat_expected{key});
    all.tell(a, budget_changed{1000});
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(proven(beat(key, time.utc())));
        time.advance(1min);
    }
    EXPECT_GE(others.told.size(), 3u);
    EXPECT_LE(others.told.size(), 5u);
    for (const auto& each : others.told) EXPECT_EQ(each, "shoot--a--b beat");
}

TEST_F(ClusterNewsTest, ABudgetThatIsSpentElsewhereIsSpentUntilNobodySaysSo) {
    all.tell(a, budget_spent{time.utc()});
    const auto told = told_within(17min);
    ASSERT_GE(told.size(), 14u);
    EXPECT_EQ(told.front(), "shoot--a--b spent");
    EXPECT_EQ(told.back(), "shoot--a--b calm");
    EXPECT_TRUE(told_within(5min).empty());
}

}  // namespace
}  // namespace falconer::actors
