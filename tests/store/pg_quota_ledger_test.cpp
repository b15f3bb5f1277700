#include "store/pg_quota_ledger.hpp"
#include "pg_fixture.hpp"

#include <asio/experimental/awaitable_operators.hpp>

namespace falconer::store {
namespace {

class PgQuotaLedgerTest : public test::pg_fixture {
protected:
    std::unique_ptr<pg_quota_ledger> make_ledger() {
        return std::make_unique<pg_quota_ledger>(
            loop.get_executor(), time, pg_quota_ledger::options{there, std::chrono::seconds(30)}
        );
    }
    void SetUp() override {
        pg_fixture::SetUp();
        auto admin = open();
        ASSERT_TRUE(await(migrate(*admin)));
    }
    static quota_usage usage(std::string name, std::uint64_t ordinary, std::uint64_t urgent) {
        auto who = std::make_shared<const cluster_identity>(cluster_identity{std::move(name)});
        return {who, {ordinary, 0, 100}, {urgent, 0, 1000}};
    }
};

task<void> settle_many(quota_ledger& ledger, std::vector<quota_usage> usages, int times) {
    for (int i = 0; i < times; ++i) {
        auto left = co_await ledger.settle(uuid::random(), usages);
        if (!left) throw std::runtime_error(left.error().detail);
    }
}

task<void> both(task<void> a, task<void> b) {
    using namespace asio::experimental::awaitable_operators;
    co_await (std::move(a) && std::move(b));
}

TEST_F(PgQuotaLedgerTest, ABucketIsFullAtFirstAndSurvivesARestart) {
    auto left = await(
        make_ledger()->settle(uuid::random(), std::vector{usage("b", 30, 1), usage("a", 0, 0)})
    );
    ASSERT_TRUE(left) << left.error().detail;
    EXPECT_EQ(left->at(0).ordinary, 70);
    EXPECT_EQ(left->at(0).urgent, 999);
    EXPECT_EQ(left->at(1).ordinary, 100);
    left = await(make_ledger()->settle(uuid::random(), std::vector{usage("b", 90, 0)}));
    ASSERT_TRUE(left) << left.error().detail;
    EXPECT_EQ(left->at(0).ordinary, -20) << "overdrawn";
}

TEST_F(PgQuotaLedgerTest, ReplicasThatSettleAtOnceLoseNoSpending) {
    auto one = make_ledger(), other = make_ledger();
    await(both(
        settle_many(*one, {usage("a", 1, 0), usage("b", 0, 1)}, 50),
        settle_many(*other, {usage("b", 0, 1), usage("a", 1, 0)}, 50)
    ));
    auto left = await(one->settle(uuid::random(), std::vector{usage("a", 0, 0), usage("b", 0, 0)}));
    ASSERT_TRUE(left) << left.error().detail;
    EXPECT_EQ(left->at(0).ordinary, 0);
    EXPECT_EQ(left->at(1).urgent, 900);
}

TEST_F(PgQuotaLedgerTest, ABucketFillsWithTimeAndNeverAboveItsBurst) {
    auto       ledger = make_ledger();
    const auto empty  = std::vector{usage("a", 100, 1000)};
    ASSERT_TRUE(await(ledger->settle(uuid::random(), empty)));
    auto admin = open();
    ask(*admin, "UPDATE falconer.quota_state SET at = at - interval '12 hours'");
    auto later             = usage("a", 0, 0);
    later.ordinary.per_day = 100;     // half of it: 50
    later.urgent.per_day   = 10'000;  // half of it is more than the burst
    auto left              = await(ledger->settle(uuid::random(), std::vector{later}));
    ASSERT_TRUE(left) << left.error().detail;
    EXPECT_NEAR(left->at(0).ordinary, 50, 1);
    EXPECT_EQ(left->at(0).urgent, 1000);
}

TEST_F(PgQuotaLedgerTest, WhatWasBookedUnderAnIdIsNotBookedAgain) {
    const auto id     = uuid::random();
    auto       ledger = make_ledger();
    const auto other  = make_ledger();
    for (auto* each : {ledger.get(), ledger.get(), other.get()}) {
        auto left = await(each->settle(id, std::vector{usage("b", 0, 7), usage("a", 30, 0)}));
        ASSERT_TRUE(left) << left.error().detail;
        EXPECT_EQ(left->at(0).urgent, 993);
        EXPECT_EQ(left->at(1).ordinary, 70);
    }
}

TEST_F(PgQuotaLedgerTest, SamplesAreCountedByTheDay) {
    auto       one = make_ledger(), other = make_ledger();
    auto       some   = usage("a", 0, 0);
    auto       admin  = open();
    const auto settle = [&](pg_quota_ledger& by, std::uint64_t samples) {
        some.samples = samples;
        auto left    = await(by.settle(uuid::random(), std::vector{some}));
        return left ? left->at(0).samples : 0;
    };
    EXPECT_EQ(settle(*one, 5), 5u);
    EXPECT_EQ(settle(*other, 7), 12u);
    ask(*admin, "UPDATE falconer.quota_state SET sample_day = sample_day - 1");
    EXPECT_EQ(settle(*one, 1), 1u);
}

TEST_F(PgQuotaLedgerTest, IdsWhoseEndIsClearAreForgotten) {
    auto ledger = make_ledger();
    auto admin  = open();
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(await(ledger->settle(uuid::random(), std::vector{usage("a", 1, 0)})));
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.applied_batch"), "1");
}

}  // namespace
}  // namespace falconer::store
