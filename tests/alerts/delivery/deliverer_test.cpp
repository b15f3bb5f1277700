#include "alerts/delivery/deliverer.hpp"

#include "../channels/notifications.hpp"
#include "support/actor_fixture.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using outcome = delivery_answer::outcome;
using verdict = delivery_try::verdict;

/// A desk in memory, which several deliverers share; its clock is the tests'.
class told_desk final : public delivery_desk {
public:
    struct row {
        std::int64_t seq;
        std::string  project, receiver;
        int          group   = 0;
        int          tries   = 0;
        int          state   = 0;
        bool         overdue = false;
        steady_time  due{};
    };
    explicit told_desk(time_source& time) : time_(time) {}

    task<result<bool>> hold(uuid me, std::chrono::milliseconds lease) override {
        if (away) co_return failure{errc::unavailable, "away"};
        if (holder != me && time_.now() < until) co_return false;
        holder = me;
        until  = time_.now() + lease;
        co_return true;
    }
    task<result<void>> release(uuid me) override {
        if (holder == me) until = {};
        co_return result<void>{};
    }
    task<result<std::vector<due_delivery>>> due(std::size_t, std::chrono::seconds) override {
        if (away) co_return failure{errc::unavailable, "away"};
        std::map<std::pair<std::string, int>, const row*> heads;
        std::map<std::string, const row*>                 next;
        std::vector<due_delivery>                         all;
        for (const auto& each : rows)
            if (each.state == 0) heads.try_emplace({each.receiver, each.group}, &each);
        for (const auto& [key, each] : heads)
            if (each->due <= time_.now()) next.try_emplace(each->receiver, each);
        for (const auto& [name, each] : next) {
            due_delivery one;
            one.seq      = each->seq;
            one.tries    = each->tries;
            one.project  = each->project;
            one.receiver = each->receiver;
            one.overdue  = each->overdue;
            all.push_back(std::move(one));
        }
        co_return all;
    }
    task<result<notification>> read(std::int64_t seq) override {
        auto what   = a_notification();
        what.number = seq;
        co_return what;
    }
    task<result<void>> put(delivery_try how) override {
        if (away) co_return failure{errc::unavailable, "away"};
        log.push_back(how);
        for (auto& each : rows) {
            if (each.seq != how.seq || each.state != 0) continue;
            ++each.tries;
            each.state = static_cast<int>(how.outcome);
            each.due   = time_.now() + how.again_in;
        }
        co_return result<void>{};
    }
    void add(std::string receiver, int group = 0) {
        rows.push_back(
            {.seq      = static_cast<std::int64_t>(rows.size()) + 1,
             .project  = "shop",
             .receiver = std::move(receiver),
             .group    = group}
        );
    }
    int state_of(std::int64_t seq) const {
        return rows.at(static_cast<std::size_t>(seq) - 1).state;
    }

    std::deque<row>           rows{};
    std::vector<delivery_try> log{};
    bool                      away = false;
    uuid                      holder{};
    steady_time               until{};

private:
    time_source& time_;
};

/// Says what the test wants it to, when it is let.
class told_channel final : public alert_channel {
public:
    explicit told_channel(time_source& time) : gate(time.make_bell()) {}

    task<delivery_answer> deliver(notification what) override {
        told.push_back(what.number);
        most_at_once = std::max(most_at_once, ++at_once);
        if (slow) {
            const auto woken = co_await gate->wait_until(never);
            static_cast<void>(woken);
        }
        --at_once;
        co_return answer;
    }
    delivery_answer           answer{.what = outcome::delivered, .said = "200"};
    bool                      slow = false;
    std::vector<std::int64_t> told{};
    int                       at_once = 0, most_at_once = 0;
    std::unique_ptr<bell>     gate;
};

class DelivererTest : public test::actor_fixture {
protected:
    told_desk                                            desk{time};
    std::map<std::string, std::shared_ptr<told_channel>> channels;
    metrics_registry                                     metrics;
    std::vector<std::unique_ptr<deliverer>>              all;

    told_channel& channel(const std::string& name) {
        auto& one = channels[name];
        if (!one) one = std::make_shared<told_channel>(time);
        return *one;
    }
    deliverer& make(deliverer::options opt = {}) {
        auto book = [this](const std::string&, const std::string& receiver) {
            const auto found = channels.find(receiver);
            if (found == channels.end()) return reachable{};
            return reachable{.name = receiver, .channel = found->second, .per_minute = 6000};
        };
        all.push_back(std::make_unique<deliverer>(
            loop.get_executor(), time, desk, std::move(book), metrics, opt
        ));
        return *all.back();
    }
    task_scope::grip run(deliverer& one) { return scope.spawn("deliverer", one.run()); }
    /// Time passes, in steps that are short for everybody.
    void pass(steady_time::duration how_long) {
        time.settle();
        for (steady_time::duration gone{}; gone < how_long; gone += 100ms) {
            time.advance(100ms);
            time.settle();
        }
    }
    void TearDown() override {
        for (auto& [name, each] : channels) each->gate->ring();
        pass(1s);
        actor_fixture::TearDown();
        for (auto& each : all) {
            bool stopped = false;
            asio::co_spawn(loop, each->finish(0ms), [&](std::exception_ptr, auto) {
                stopped = true;
            });
            time.settle();
            EXPECT_TRUE(stopped);
        }
    }
};

TEST_F(DelivererTest, TellsEachOnceAndInOrder) {
    auto& on_call = channel("on-call");
    for (int i = 0; i < 5; ++i) desk.add("on-call");
    run(make());
    pass(3s);
    EXPECT_EQ(on_call.told, (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(on_call.most_at_once, 1);
    for (const auto& each : desk.log) EXPECT_EQ(each.outcome, verdict::delivered);
    EXPECT_EQ(desk.log.size(), 5u);
}

TEST_F(DelivererTest, TriesAgainUntilItIsTaken) {
    auto& on_call  = channel("on-call");
    on_call.answer = {.what = outcome::again, .said = "503"};
    desk.add("on-call");
    run(make());
    pass(12s);
    EXPECT_GE(on_call.told.size(), 2u);
    EXPECT_LE(on_call.told.size(), 4u) << "pauses grow";
    EXPECT_EQ(desk.state_of(1), 0);
    on_call.answer = {.what = outcome::delivered, .said = "200"};
    pass(30s);
    EXPECT_EQ(desk.state_of(1), 1);
    EXPECT_EQ(desk.log.back().outcome, verdict::delivered);
}

TEST_F(DelivererTest, ARefusalAndAMissingReceiverAreDeadLetters) {
    channel("picky").answer = {.what = outcome::never, .said = "400"};
    desk.add("picky");
    desk.add("nobody");
    run(make());
    pass(2s);
    EXPECT_EQ(desk.state_of(1), 2);
    EXPECT_EQ(desk.state_of(2), 2);
    EXPECT_EQ(desk.log.size(), 2u);
    EXPECT_EQ(channel("picky").told.size(), 1u);
}

TEST_F(DelivererTest, WhatIsOverdueIsTriedOnceMore) {
    channel("away").answer = {.what = outcome::again, .said = "no answer"};
    desk.add("away");
    desk.rows[0].overdue = true;
    run(make());
    pass(2s);
    EXPECT_EQ(channel("away").told.size(), 1u);
    EXPECT_EQ(desk.state_of(1), 2);
}

TEST_F(DelivererTest, OneThatHangsKeepsNobodyElseWaiting) {
    channel("slow").slow = true;
    channel("quick");
    desk.add("slow");
    desk.add("slow", 1);
    desk.add("quick");
    run(make());
    pass(2s);
    EXPECT_EQ(channel("quick").told.size(), 1u);
    EXPECT_EQ(channel("slow").told.size(), 1u) << "one at a time";
    channel("slow").gate->ring();
    pass(1s);
    EXPECT_EQ(channel("slow").told.size(), 2u);
}

TEST_F(DelivererTest, AGroupsTellingsDoNotOvertakeEachOther) {
    auto& on_call  = channel("on-call");
    on_call.answer = {.what = outcome::again, .said = "503"};
    desk.add("on-call", 1);
    desk.add("on-call", 1);
    desk.add("on-call", 2);
    run(make());
    pass(1s);
    EXPECT_EQ(on_call.told, (std::vector<std::int64_t>{1, 3})) << "the second waits for the first";
}

TEST_F(DelivererTest, AReceiverThatFailsOnEndIsLeftAlone) {
    auto& away  = channel("away");
    away.answer = {.what = outcome::again, .said = "no answer"};
    for (int i = 0; i < 20; ++i) desk.add("away", i);
    auto& one = make();
    run(one);
    pass(5s);
    EXPECT_EQ(away.told.size(), 5u);
    EXPECT_EQ(one.resting(), std::vector<std::string>{"away"});
    pass(30s);
    EXPECT_EQ(away.told.size(), 6u) << "one, to see whether it is there again";
    away.answer = {.what = outcome::delivered, .said = "200"};
    pass(3min);
    EXPECT_TRUE(one.resting().empty());
    for (const auto& each : desk.rows) EXPECT_EQ(each.state, 1) << each.seq;
}

TEST_F(DelivererTest, OnlyOneReplicaDeliversAndAnotherTakesOverWhenItIsGone) {
    auto& on_call = channel("on-call");
    desk.add("on-call");
    const auto first = run(make());
    pass(1s);
    run(make());
    pass(5s);
    EXPECT_EQ(on_call.told.size(), 1u);
    first.cancel();  // as a kill: it releases nothing
    time.settle();
    desk.add("on-call");
    pass(10s);
    EXPECT_EQ(on_call.told.size(), 2u);
}

/// Between the receiver's answer and the store's nothing can be lost, and one telling per receiver
/// can be doubled, with the same key.
TEST_F(DelivererTest, KilledBetweenAnswerAndStoreItTellsThatOneAgain) {
    auto& on_call = channel("on-call");
    on_call.slow  = true;
    desk.add("on-call");
    desk.add("on-call");
    const auto first = run(make());
    pass(1s);
    EXPECT_EQ(on_call.told, (std::vector<std::int64_t>{1}));
    first.cancel();
    on_call.slow = false;
    time.settle();
    run(make());
    pass(10s);
    EXPECT_EQ(on_call.told, (std::vector<std::int64_t>{1, 1, 2}));
}

TEST_F(DelivererTest, WaitsForTheStoreAndWritesDownWhatWentOnMeanwhile) {
    auto& on_call = channel("on-call");
    on_call.slow  = true;
    desk.add("on-call");
    run(make());
    pass(1s);
    desk.away = true;
    on_call.gate->ring();
    pass(5s);
    EXPECT_TRUE(desk.log.empty());
    desk.away = false;
    pass(40s);
    EXPECT_EQ(on_call.told.size(), 1u) << "it was not told twice";
    EXPECT_EQ(desk.state_of(1), 1);
}

}  // namespace
}  // namespace falconer::alerts
