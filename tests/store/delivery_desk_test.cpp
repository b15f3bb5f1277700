#include "pg_fixture.hpp"
#include "store/pg_delivery_desk.hpp"
#include "store/pg_delivery_log.hpp"

#include <string>
#include <vector>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using verdict = alerts::delivery_try::verdict;

class DeliveryDeskTest : public test::pg_fixture {
protected:
    pg_connection::ptr                admin;
    std::unique_ptr<pg_delivery_desk> desk;

    void SetUp() override {
        pg_fixture::SetUp();
        admin = open();
        ASSERT_TRUE(await(migrate(*admin)));
        desk = make();
    }
    std::unique_ptr<pg_delivery_desk> make() {
        return std::make_unique<pg_delivery_desk>(
            loop.get_executor(), time, pg_delivery_desk::options{there}
        );
    }
    std::string ask(std::string sql, pg_connection::params values = {}) {
        auto rows = await(admin->query(std::move(sql), std::move(values), 30s));
        EXPECT_TRUE(rows) << rows.error().detail;
        return rows && rows->size() > 0 ? std::string(rows->at(0, 0)) : "";
    }
    /// Puts a telling down, as evaluation does. Its number.
    std::int64_t tell(
        const std::string& receiver, const uuid& bundle, const std::string& project = "shop"
    ) {
        alerts::notification what;
        what.key      = uuid::random();
        what.group    = bundle;
        what.receiver = receiver;
        what.project  = project;
        what.title    = "title";
        return std::stoll(ask(
            "INSERT INTO falconer.alert_notification (key, bundle, receiver, project, body) VALUES "
            "($1::uuid, $2::uuid, $3, $4, $5) RETURNING seq",
            {what.key.text(), bundle.text(), receiver, project, json_of(what)}
        ));
    }
    std::vector<std::int64_t> due() {
        auto all = await(desk->due(100, 24h));
        EXPECT_TRUE(all) << all.error().detail;
        std::vector<std::int64_t> seqs;
        if (all)
            for (const auto& each : *all) seqs.push_back(each.seq);
        return seqs;
    }
    void put(std::int64_t seq, verdict how, std::chrono::milliseconds again_in = 0ms) {
        alerts::delivery_try one;
        one.seq      = seq;
        one.outcome  = how;
        one.said     = "said";
        one.took     = 7ms;
        one.again_in = again_in;
        auto done    = await(desk->put(one));
        EXPECT_TRUE(done) << done.error().detail;
    }
    std::string log_of(std::int64_t seq) {
        return ask(
            "SELECT string_agg(outcome || coalesce(' ' || who, ''), ', ' ORDER BY number) FROM "
            "falconer.alert_try WHERE notification = $1::int8",
            {std::to_string(seq)}
        );
    }
};

TEST_F(DeliveryDeskTest, EveryTellingWaitsForItsReceiver) {
    const auto seq = tell("on-call", uuid::random());
    EXPECT_EQ(due(), std::vector<std::int64_t>{seq});
    auto what = await(desk->read(seq));
    ASSERT_TRUE(what) << what.error().detail;
    EXPECT_EQ(what->receiver, "on-call");
    put(seq, verdict::delivered);
    EXPECT_TRUE(due().empty());
    EXPECT_EQ(log_of(seq), "1");
    auto gone = await(desk->read(seq + 1));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, errc::not_found);
}

TEST_F(DeliveryDeskTest, AGroupIsToldInItsOrderAndOneReceiverKeepsNoneFromAnother) {
    const auto one = uuid::random(), other = uuid::random();
    const auto first = tell("a", one), second = tell("a", one);
    const auto third = tell("a", other), fourth = tell("b", one);
    const auto fifth = tell("a", one, "another project");
    EXPECT_EQ(due(), (std::vector<std::int64_t>{first, fourth, fifth}));
    put(first, verdict::again, 1h);
    EXPECT_EQ(due(), (std::vector<std::int64_t>{third, fourth, fifth}))
        << "the second waits for the first";
    put(third, verdict::given_up);
    EXPECT_EQ(due(), (std::vector<std::int64_t>{fourth, fifth}));
    ask("UPDATE falconer.alert_delivery SET due = now()");
    put(first, verdict::delivered);
    EXPECT_EQ(due(), (std::vector<std::int64_t>{second, fourth, fifth}));
    EXPECT_EQ(log_of(first), "0, 1");
}

TEST_F(DeliveryDeskTest, ATryIsWrittenDownOnceAndCounted) {
    const auto seq = tell("a", uuid::random());
    put(seq, verdict::again);
    auto all = await(desk->due(10, 24h));
    ASSERT_TRUE(all);
    EXPECT_EQ(all->at(0).tries, 1);
    EXPECT_FALSE(all->at(0).overdue);
    put(seq, verdict::delivered);
    put(seq, verdict::delivered);  // another replica, which told it as well
    EXPECT_EQ(log_of(seq), "0, 1");
}

TEST_F(DeliveryDeskTest, SaysWhatIsOverdue) {
    tell("a", uuid::random());
    ask("UPDATE falconer.alert_delivery SET since = now() - interval '25 hours'");
    auto all = await(desk->due(10, 24h));
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->at(0).overdue);
}

TEST_F(DeliveryDeskTest, ADeadLetterIsTriedAnewWhenSomebodySaysSo) {
    const auto seq    = tell("a", uuid::random());
    const auto replay = [&](const std::string& project) {
        return ask(
            "SELECT falconer.replay_delivery($1::int8, $2, 'jane')", {std::to_string(seq), project}
        );
    };
    EXPECT_EQ(replay("shop"), "f") << "it waits";
    put(seq, verdict::given_up);
    EXPECT_TRUE(due().empty());
    EXPECT_EQ(replay("another project"), "f");
    EXPECT_EQ(replay("shop"), "t");
    EXPECT_EQ(replay("shop"), "f") << "once";
    EXPECT_EQ(due(), std::vector<std::int64_t>{seq});
    put(seq, verdict::delivered);
    EXPECT_EQ(log_of(seq), "2, 3 jane, 1");
}

TEST_F(DeliveryDeskTest, OneDeliversAndAnotherWhenItIsGone) {
    const auto me = uuid::random(), you = uuid::random();
    const auto hold = [&](const uuid& who, std::chrono::milliseconds lease) {
        auto held = await(desk->hold(who, lease));
        EXPECT_TRUE(held) << held.error().detail;
        return held && *held;
    };
    EXPECT_TRUE(hold(me, 1h));
    EXPECT_TRUE(hold(me, 1h));
    EXPECT_FALSE(hold(you, 1h));
    EXPECT_TRUE(await(desk->release(you)));
    EXPECT_FALSE(hold(you, 1h));
    EXPECT_TRUE(await(desk->release(me)));
    EXPECT_TRUE(hold(you, 0ms)) << "and its lease is over at once";
    EXPECT_TRUE(hold(me, 1h));
}

TEST_F(DeliveryDeskTest, PeopleSeeHowTellingsStandAndPutDeadLettersInAgain) {
    pg_event_queries reads(
        loop.get_executor(), time, pg_event_queries::options{.pool = {.postgres = there}}
    );
    pg_delivery_log log(loop.get_executor(), time, reads, there);
    const auto      dead = tell("a", uuid::random()), waiting = tell("b", uuid::random());
    const auto      others = tell("a", uuid::random(), "other");
    put(dead, verdict::again);
    put(dead, verdict::given_up);

    using state      = alerts::kept_delivery::state;
    const auto found = [&](alerts::delivery_selection which) {
        auto all = await(log.deliveries(std::move(which)));
        EXPECT_TRUE(all) << all.error().detail;
        std::vector<std::int64_t> seqs;
        if (all)
            for (const auto& each : *all) seqs.push_back(each.seq);
        return seqs;
    };
    EXPECT_EQ(found({}), (std::vector<std::int64_t>{others, waiting, dead}));
    EXPECT_EQ(found({.project = "shop"}), (std::vector<std::int64_t>{waiting, dead}));
    EXPECT_EQ(found({.project = ""}), std::vector<std::int64_t>{}) << "the operators have none";
    EXPECT_EQ(found({.is = state::given_up}), std::vector<std::int64_t>{dead});
    EXPECT_EQ(found({.before = others, .most = 1}), std::vector<std::int64_t>{waiting});

    auto tries = await(log.tries(dead, "shop"));
    ASSERT_TRUE(tries) << tries.error().detail;
    ASSERT_EQ(tries->size(), 2u);
    EXPECT_EQ(tries->at(1).what, alerts::kept_try::kind::given_up);
    EXPECT_EQ(tries->at(1).said, "said");
    EXPECT_EQ(tries->at(1).took, 7ms);
    EXPECT_TRUE(await(log.tries(dead, "other"))->empty()) << "it is not theirs";

    EXPECT_EQ(await(log.replay(dead, "other", "eve")).error().code, errc::not_found);
    EXPECT_EQ(await(log.replay(waiting, "shop", "jane")).error().code, errc::not_found);
    EXPECT_TRUE(await(log.replay(dead, "shop", "jane")));
    EXPECT_EQ(await(log.tries(dead, "shop"))->back().who, "jane");
    auto stands = await(log.deliveries({.is = state::waiting, .most = 10}));
    ASSERT_TRUE(stands);
    EXPECT_EQ(stands->back().seq, dead);
    EXPECT_EQ(stands->back().tries, 0);
    EXPECT_EQ(stands->back().settled, std::nullopt);
}

TEST_F(DeliveryDeskTest, DeliveriesGoWithTheirTelling) {
    const auto seq = tell("a", uuid::random());
    put(seq, verdict::delivered);
    ask("DELETE FROM falconer.alert_notification");
    EXPECT_EQ(ask("SELECT count(*) FROM falconer.alert_delivery"), "0");
    EXPECT_EQ(ask("SELECT count(*) FROM falconer.alert_try"), "0");
}

}  // namespace
}  // namespace falconer::store
