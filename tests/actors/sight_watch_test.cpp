// Clusters looked at in virtual time, with a ledger in memory.
#include "actors/sight_watch.hpp"

#include "falconer/heartbeat.hpp"

#include "support/actor_fixture.hpp"
#include "support/told_shoots.hpp"

#include <map>

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;
using enum sight_reason;

class no_sink final : public event_sink {
public:
    task<result<kept_as>> submit(ingest_record) override { co_return kept_as::counted; }
};

/// As the store keeps it.
class fake_ledger final : public sight_ledger {
public:
    explicit fake_ledger(time_source& time) : time_(time) {}

    task<result<std::optional<sight_records>>> look() override {
        ++looks;
        if (away) co_return failure{errc::unavailable, "away"};
        if (elsewhere) co_return std::optional<sight_records>{};
        all.now = time_.utc();
        co_return std::optional<sight_records>(all);
    }
    task<result<std::uint64_t>> keep(sight_round what) override {
        std::uint64_t changes = 0;
        all.last_round        = all.now;
        all.watched_since     = what.watched_since;
        all.outage            = what.outage;
        for (auto& each : what.clusters) {
            ++written;
            auto& had = all.clusters.at(static_cast<std::size_t>(each.cluster));
            if (had.seen && had.seen->why != each.seen->why) {
                ++changes;
                told.push_back(each.identity + ' ' + std::string(name_of(each.seen->why)));
            }
            had.seen              = each.seen;
            had.signs.rests       = each.signs.rests;
            had.signs.rests_since = each.signs.rests_since;
            had.signs.awake_since = each.signs.awake_since;
            had.signs.beat        = each.signs.beat;
        }
        co_return changes;
    }

    bool                     away = false, elsewhere = false;
    int                      looks = 0, written = 0;
    sight_records            all{};
    std::vector<std::string> told{};

private:
    time_source& time_;
};

class SightWatchTest : public test::actor_fixture {
protected:
    no_sink           sink;
    clusters          known{time, sink, {}};
    fake_ledger       ledger{time};
    metrics_registry  metrics;
    test::told_shoots shoots;
    bool              spooled = false;
    sight_watch       watch{time, known, ledger, metrics, [this] { return spooled; }, {}, &shoots};

    void SetUp() override {
        scope.spawn("clusters", known.run());
        scope.spawn("watch", watch.run());
    }
    /// Sends every minute, usually.
    void add(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            sight_record one;
            one.cluster           = static_cast<std::int32_t>(ledger.all.clusters.size());
            one.identity          = "c" + std::to_string(one.cluster);
            one.signs.awake_since = time.utc() - 720h;
            one.signs.gap         = 60s;
            ledger.all.clusters.push_back(std::move(one));
        }
    }
    /// All but the first `quiet` send.
    void pass(std::chrono::minutes by, std::size_t quiet = 0) {
        for (auto left = by; left > 0min; left -= 1min) {
            for (std::size_t i = quiet; i < ledger.all.clusters.size(); ++i)
                ledger.all.clusters[i].signs.event = time.utc();
            time.advance(1min);
            time.settle();
        }
    }
    std::string why(std::size_t which) const {
        const auto& seen = ledger.all.clusters.at(which).seen;
        return seen ? std::string(name_of(seen->why)) : "";
    }
};

TEST_F(SightWatchTest, OneThatStopsIsLateAndThenSilentAndComesBack) {
    add(3);
    pass(10min);
    EXPECT_EQ(why(0), "Healthy");
    pass(70min, 1);
    EXPECT_EQ(why(0), "EventsSilent");
    EXPECT_EQ(why(1), "Healthy");
    EXPECT_EQ(ledger.told, (std::vector<std::string>{"c0 EventsLate", "c0 EventsSilent"}));
    pass(2min);
    EXPECT_EQ(why(0), "Healthy");
}

TEST_F(SightWatchTest, AsLongAsNothingChangesNothingIsWritten) {
    add(5);
    pass(2min);
    const auto written = ledger.written;
    EXPECT_EQ(written, 5);
    pass(600min);
    EXPECT_EQ(ledger.written, written);
}

TEST_F(SightWatchTest, AThousandFallSilentAtOnceAndItIsToldAsOneOutage) {
    add(1000);
    pass(5min);
    pass(300min, 1000);
    ASSERT_TRUE(ledger.all.outage);
    EXPECT_EQ(ledger.all.outage->clusters, 1000u);
    for (const auto& each : ledger.all.clusters) EXPECT_EQ(each.seen->why, ingest_outage);
    EXPECT_EQ(ledger.told.size(), 1000u) << "each of them once, and none is silent";
    pass(90min);
    EXPECT_FALSE(ledger.all.outage);
    EXPECT_EQ(ledger.told.size(), 2000u);
    EXPECT_EQ(why(999), "Healthy");
}

TEST_F(SightWatchTest, AThousandOfThreeThousandAreSilentEachInOneRound) {
    add(3000);
    pass(5min);
    pass(70min, 1000);
    EXPECT_FALSE(ledger.all.outage);
    EXPECT_EQ(why(0), "EventsSilent");
    EXPECT_EQ(why(999), "EventsSilent");
    EXPECT_EQ(why(1000), "Healthy");
}

TEST_F(SightWatchTest, WhatNobodyHeardWhileNobodyLookedIsNotMissed) {
    add(2);
    pass(10min);
    ledger.away = true;
    pass(300min, 2);
    ledger.away = false;
    pass(25min, 2);
    EXPECT_TRUE(ledger.told.empty());
    EXPECT_EQ(why(0), "Healthy");
}

TEST_F(SightWatchTest, WhileEventsWaitInTheSpoolNobodyIsJudged) {
    add(2);
    pass(10min);
    spooled          = true;
    const auto looks = ledger.looks;
    pass(300min, 2);
    EXPECT_EQ(ledger.looks, looks);
    spooled = false;
    pass(25min, 2);
    EXPECT_TRUE(ledger.told.empty());
}

TEST_F(SightWatchTest, WhereAnotherReplicaJudgesWeDoNot) {
    add(2);
    ledger.elsewhere = true;
    pass(100min, 2);
    EXPECT_EQ(ledger.written, 0);
    EXPECT_EQ(why(0), "");
}

TEST_F(SightWatchTest, AHibernatedOneIsNotMissedAndHasTimeWhenItWakes) {
    add(4);
    pass(10min);
    known.tell({"c0"}, heartbeat_expected{.asleep = true});
    pass(600min, 1);
    EXPECT_EQ(why(0), "Hibernated");
    known.tell({"c0"}, heartbeat_expected{.asleep = false});
    pass(20min, 1);
    EXPECT_EQ(why(0), "Healthy");
    pass(60min, 1);
    EXPECT_EQ(why(0), "EventsSilent") << "it has woken, and sends nothing";
    EXPECT_EQ(
        ledger.told,
        (std::vector<std::string>{"c0 Hibernated", "c0 Healthy", "c0 EventsLate", "c0 EventsSilent"}
        )
    );
}

TEST_F(SightWatchTest, AHibernatedOneIsKnownAfterARestartThoughNobodySaysSoAgain) {
    add(4);
    ledger.all.clusters[0].signs.rests       = cluster_signs::rest_kind::hibernated;
    ledger.all.clusters[0].signs.rests_since = time.utc() - 10h;
    ledger.all.clusters[0].signs.event       = time.utc() - 10h;
    pass(300min, 1);
    EXPECT_EQ(why(0), "Hibernated");
    pass(2min);
    EXPECT_EQ(why(0), "Healthy") << "it sends";
}

TEST_F(SightWatchTest, OneThatIsDeletedOrMovesIsNotMissed) {
    add(4);
    known.tell({"c0"}, heartbeat_expected{.asleep = false});
    pass(10min);
    known.tell({"c0"}, cluster_gone{});
    pass(600min, 1);
    EXPECT_EQ(why(0), "Gone");
    known.tell({"c0"}, heartbeat_expected{.asleep = false});  // by its new seed's controller
    pass(5min);
    EXPECT_EQ(why(0), "Healthy");
    EXPECT_EQ(ledger.told, (std::vector<std::string>{"c0 Gone", "c0 Healthy"}));
}

TEST_F(SightWatchTest, HeartbeatsAreMissedAlsoWhereEventsCome) {
    add(4);
    known.tell({"c0"}, heartbeat_expected{secret("k"), false});
    pass(70min);
    EXPECT_EQ(why(0), "Healthy") << "it has time to beat";
    pass(70min);
    EXPECT_EQ(why(0), "HeartbeatSilent");
    known.tell({"c0"}, heartbeat_seen{time.utc()});
    pass(2min);
    EXPECT_EQ(why(0), "Healthy");
    EXPECT_EQ(
        ledger.told,
        (std::vector<std::string>{"c0 HeartbeatLate", "c0 HeartbeatSilent", "c0 Healthy"})
    );
}

TEST_F(SightWatchTest, ABeatBeforeTheRestartCountsAfterIt) {
    add(4);
    ledger.all.clusters[0].signs.beat = time.utc() - 60min;
    ledger.all.last_round             = time.utc() - 1min;
    ledger.all.watched_since          = time.utc() - 100h;
    known.tell({"c0"}, heartbeat_expected{secret("k"), false});
    pass(17min);
    EXPECT_EQ(why(0), "HeartbeatLate");
    pass(62min);
    EXPECT_EQ(why(0), "HeartbeatSilent");
}

TEST_F(SightWatchTest, ShootsHearOfATroubleAsLongAsItLastsAndOnceOfItsEnd) {
    add(4);
    pass(20min);
    ledger.all.clusters[0].signs.drops = {
        .minutes = 5, .first = time.utc() - 10min, .last = time.utc()
    };
    ledger.all.clusters[1].signs.quota = ledger.all.clusters[0].signs.drops;
    pass(2min);
    EXPECT_EQ(why(1), "OverQuota") << "of which there is another message";
    ledger.all.clusters[0].signs.drops = {};
    pass(2min);
    EXPECT_EQ(shoots.told, (std::vector<std::string>{"c0 seen 32", "c0 seen 32", "c0 seen"}));
}

TEST_F(SightWatchTest, WhoJudgesNoLongerTakesBackWhatHeHasTold) {
    add(4);
    pass(20min);
    ledger.all.clusters[0].signs.drops = {
        .minutes = 5, .first = time.utc() - 10min, .last = time.utc()
    };
    pass(1min);
    ledger.elsewhere = true;
    pass(3min);
    EXPECT_EQ(shoots.told, (std::vector<std::string>{"c0 seen 32", "c0 seen"}));
}

TEST_F(SightWatchTest, WhatOneSaysOfItselfIsTold) {
    add(4);
    pass(20min);
    auto& signs = ledger.all.clusters[0].signs;
    signs.drops = {.minutes = 5, .first = time.utc() - 10min, .last = time.utc()};
    pass(1min);
    EXPECT_EQ(why(0), "FalcoDropsEvents");
    signs.drops = {};
    pass(1min);
    EXPECT_EQ(why(0), "Healthy");
}

}  // namespace
}  // namespace falconer::actors
