#include "k8s/leader.hpp"

#include "sandbox/kube_api/store_api.hpp"
#include "support/actor_fixture.hpp"
#include "support/garden_world.hpp"

namespace falconer::k8s {
namespace {

using namespace std::chrono_literals;
using sandbox::call_fate;

const kube_type leases{.group = "coordination.k8s.io", .kind = "Lease", .plural = "leases"};
const kube_key  key{"default", "us"};

class LeaderTest : public test::actor_fixture {
protected:
    /// A process that stands for election, and what it has been.
    struct candidate {
        candidate(LeaderTest& in, const std::string& name)
            : api(in.time, in.store), slow(api, in.time, no_reason),
              one(in.time, slow, key, {.identity = name}) {}
        task<void> run() {
            co_await one.acquire();
            ++reigns;
            co_await one.hold();
            ++lost;
        }
        const std::string  no_reason{};
        sandbox::store_api api;
        test::picky_api    slow;
        leader             one;
        int                reigns = 0, lost = 0;
    };
    sandbox::api_store store{time};

    std::string holder() {
        const auto is = store.get(leases, key);
        return is ? std::string(is->text_at({"spec", "holderIdentity"})) : "nobody";
    }
};

TEST_F(LeaderTest, OneOfTwoLeadsAndTheOtherFollowsWhenItDies) {
    candidate  a(*this, "a"), b(*this, "b");
    const auto of_a = scope.spawn("a", a.run());
    time.settle();
    scope.spawn("b", b.run());
    time.advance(60s);
    EXPECT_TRUE(a.one.leads());
    EXPECT_FALSE(b.one.leads());
    EXPECT_EQ(holder(), "a");
    of_a.cancel();  // without a word
    time.advance(10s);
    EXPECT_FALSE(b.one.leads()) << "its lease has not run out";
    time.advance(10s);
    EXPECT_TRUE(b.one.leads());
    EXPECT_EQ(holder(), "b");
}

TEST_F(LeaderTest, WhoGivesItBackIsFollowedAtOnce) {
    candidate  a(*this, "a"), b(*this, "b");
    const auto of_a = scope.spawn("a", a.run());
    time.settle();
    scope.spawn("b", b.run());
    time.advance(5s);
    of_a.cancel();
    time.settle();
    scope.spawn("release", a.one.release());
    time.advance(4s);
    EXPECT_TRUE(b.one.leads());
}

TEST_F(LeaderTest, WhoCannotRenewStopsBelievingBeforeAnybodyElseBegins) {
    candidate a(*this, "a"), b(*this, "b");
    scope.spawn("a", a.run());
    time.settle();
    scope.spawn("b", b.run());
    time.advance(5s);
    a.api.decide([](const std::string&) { return call_fate::fails; });
    for (int second = 0; second < 60; ++second) {
        time.advance(1s);
        EXPECT_FALSE(a.one.leads() && b.one.leads()) << second;
    }
    EXPECT_EQ(a.lost, 1);
    EXPECT_EQ(b.reigns, 1);
}

TEST_F(LeaderTest, WhoseServerHangsStopsBelievingInTime) {
    for (const auto begins : {0s, 1s, 2s, 3s}) {  // wherever in a pause it begins
        candidate a(*this, "a");
        scope.spawn("a", a.run());
        time.advance(60s + begins);
        ASSERT_TRUE(a.one.leads());
        a.slow.takes = 1h;
        time.advance(10s);
        EXPECT_FALSE(a.one.leads());
        EXPECT_GT(a.one.over(), time.now()) << "nobody else leads yet";
        time.advance(2h);
        EXPECT_EQ(a.lost, 1);
    }
}

TEST_F(LeaderTest, AHiccupIsNoLoss) {
    candidate a(*this, "a");
    scope.spawn("a", a.run());
    time.advance(5s);
    a.api.decide([](const std::string&) { return call_fate::fails; });
    time.advance(6s);
    a.api.decide({});
    time.advance(60s);
    EXPECT_TRUE(a.one.leads());
    EXPECT_EQ(a.lost, 0);
}

TEST_F(LeaderTest, S3_3_AHeartbeatBeatsOnlyForAsLongAsItMayBeBelieved) {
    sandbox::store_api api(time, store);
    bool               alive = true;
    scope.spawn("beat", keep_heartbeat(time, api, key, {.identity = "us"}, 30s, [&] {
                    return alive;
                }));
    time.settle();
    const auto renewed = [&] {
        return std::string(store.get(leases, key)->text_at({"spec", "renewTime"}));
    };
    const auto first = renewed();
    time.advance(31s);
    const auto second = renewed();
    EXPECT_NE(second, first);
    alive = false;
    time.advance(5min);
    EXPECT_EQ(renewed(), second);
    alive = true;
    time.advance(31s);
    EXPECT_NE(renewed(), second);
}

}  // namespace
}  // namespace falconer::k8s
