#include "actors/rate_ledger.hpp"

#include "support/actor_fixture.hpp"
#include "support/fake_store.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace falconer::actors {
namespace {

using namespace std::chrono_literals;

/// The store's arithmetic in memory, shared by two replicas.
class shared_ledger final : public quota_ledger {
public:
    explicit shared_ledger(time_source& with) : time(with) {}

    task<result<std::vector<quota_left>>> settle(
        const uuid& id, std::span<const quota_usage> usages
    ) override {
        ++asked;
        most_at_once     = std::max(most_at_once, ++under_way);
        const auto clock = time.make_bell();
        if (takes > 0s) co_await clock->wait_until(time.now() + takes);
        --under_way;
        if (away) co_return failure{errc::unavailable, "away"};
        if (std::ranges::any_of(usages, [&](const auto& u) { return u.cluster->text == bad; }))
            co_return failure{errc::malformed, "no text of this database"};
        std::vector<quota_left> left;
        const bool              fresh = booked.insert(id).second;
        for (const auto& each : usages) {
            auto& ordinary = spent[each.cluster->text];
            auto& sampled  = samples[each.cluster->text];
            if (fresh) {
                ordinary += each.ordinary.spent;
                sampled  += each.samples;
            }
            left.push_back(
                {.ordinary = each.ordinary.burst - static_cast<double>(ordinary),
                 .urgent   = each.urgent.burst,
                 .samples  = sampled}
            );
        }
        if (std::exchange(lose_answer, false))
            co_return failure{errc::unavailable, "the connection broke after the commit"};
        co_return left;
    }

    std::map<std::string, std::uint64_t> spent, samples;
    std::set<uuid>                       booked;
    std::string                          bad         = "none";  // the cluster that cannot be booked
    bool                                 lose_answer = false;
    time_source&                         time;
    int                                  asked = 0, under_way = 0, most_at_once = 0;
    bool                                 away = false;
    std::chrono::seconds                 takes{0};
};

class RateLedgerTest : public test::actor_fixture {
protected:
    struct replica {
        replica(time_source& time, quota_ledger& common)
            : all(time, sink, {.cluster = {.events_per_day = 300}}), ledger(time, all, common, {}) {
        }
        test::fake_sink sink;
        clusters        all;
        rate_ledger     ledger;
    };
    shared_ledger common{time};
    replica       one{time, common}, other{time, common};
    cluster_ref   name = std::make_shared<const cluster_identity>(cluster_identity{"a"});

    void SetUp() override {
        scope.spawn("one", one.ledger.run());
        scope.spawn("other", other.ledger.run());
        time.settle();
    }
    int send(replica& to, int count) {
        int stored = 0;
        for (int i = 0; i < count; ++i) {
            falco_event event;
            event.from         = name;
            event.received     = time.utc();
            const auto  record = to.all.desk_of(name)->admit(event);
            const auto* kept   = std::get_if<falco_event>(&record);
            if (kept != nullptr && !kept->has(event_flag::sampled)) ++stored;
        }
        return stored;
    }
};

TEST_F(RateLedgerTest, ReplicasShareOneBudget) {
    EXPECT_EQ(send(one, 60), 60);
    EXPECT_EQ(send(other, 20), 20);
    time.advance(1s);
    send(one, 5);  // a good part of what is left: they settle at once
    send(other, 3);
    time.advance(1s);  // 88 of 100 are spent, and both have heard of (nearly) all of it
    EXPECT_EQ(send(one, 100), 15);
    EXPECT_EQ(send(other, 100), 12);
    time.advance(1s);  // what was overspent between two settlements is owed
    EXPECT_EQ(send(one, 100) + send(other, 100), 0);
}

TEST_F(RateLedgerTest, LittleSpendingIsSettledEveryHalfMinuteToAMinute) {
    send(one, 20);
    time.advance(1s);
    EXPECT_EQ(common.asked, 1) << "one that is new to us settles at once";
    for (int second = 0; second < 8; ++second) {
        send(one, 1);
        time.advance(1s);
    }
    EXPECT_EQ(common.asked, 1);
    time.advance(20s);
    EXPECT_EQ(common.asked, 1) << "not yet half a minute";
    time.advance(33s);
    EXPECT_EQ(common.asked, 2);
    EXPECT_EQ(common.spent["a"], 28u);
}

TEST_F(RateLedgerTest, ASettlementThatWasLostAfterItsCommitIsNotBookedTwice) {
    common.lose_answer = true;
    send(one, 40);
    time.advance(1s);
    EXPECT_EQ(common.spent["a"], 40u);
    send(one, 10);
    time.advance(3s);
    EXPECT_EQ(common.spent["a"], 50u);
    EXPECT_EQ(send(one, 100), 50);
}

TEST_F(RateLedgerTest, AClusterThatCannotBeBookedFailsAlone) {
    common.bad = "b3";
    for (int i = 0; i < 7; ++i) {
        name = std::make_shared<const cluster_identity>(cluster_identity{"b" + std::to_string(i)});
        send(one, 50);
    }
    time.advance(1s);
    EXPECT_EQ(common.spent.size(), 6u);
    for (const auto& [who, spent] : common.spent) EXPECT_EQ(spent, 50u) << who;
    const auto asked = common.asked;
    time.advance(20s);
    EXPECT_EQ(common.asked, asked) << "it is not tried again every second";
    common.bad = "none";
    time.advance(60s);
    EXPECT_EQ(common.spent["b3"], 50u);
}

TEST_F(RateLedgerTest, TheDaysSamplesAreSharedByTheReplicasToo) {
    send(one, 100);
    send(other, 100);
    int stored = 0;
    for (int minute = 0; minute < 60; ++minute) {
        time.advance(60s);
        for (auto* each : {&one, &other}) {
            for (int rule = 0; rule < 100; ++rule) {
                falco_event event;
                event.from     = name;
                event.received = time.utc();
                event.texts.put(event_texts::part::rule, "r" + std::to_string(rule));
                const auto  record = each->all.desk_of(name)->admit(event);
                const auto* kept   = std::get_if<falco_event>(&record);
                if (kept != nullptr && kept->has(event_flag::sampled)) ++stored;
            }
        }
    }
    EXPECT_GE(stored, 990);
    EXPECT_LE(stored, 1100) << "a little more than the 1,000: between two settlements";
}

TEST_F(RateLedgerTest, AStoreThatIsAwayForgetsNothing) {
    common.away = true;
    send(one, 40);
    time.advance(10s);
    EXPECT_EQ(common.spent["a"], 0u);
    common.away = false;
    time.advance(1s);
    EXPECT_EQ(common.spent["a"], 40u);
}

TEST_F(RateLedgerTest, ClustersThatSpentNothingAreNotAskedFor) {
    one.all.desk_of(name);
    time.advance(10s);
    EXPECT_EQ(common.asked, 0);
}

TEST_F(RateLedgerTest, TheLastRoundWaitsForTheOneUnderWay) {
    common.takes = 2s;
    send(one, 40);
    time.advance(1s);
    ASSERT_EQ(common.under_way, 1);
    send(one, 5);
    one.ledger.close();
    time.settle();
    EXPECT_EQ(common.most_at_once, 1);
    time.advance(2s);
    time.advance(2s);
    EXPECT_EQ(common.spent["a"], 45u);
    EXPECT_EQ(common.most_at_once, 1);
    EXPECT_EQ(scope.size(), 1u);  // the other's
    time.advance(10s);
    EXPECT_EQ(common.asked, 2);
}

}  // namespace
}  // namespace falconer::actors
