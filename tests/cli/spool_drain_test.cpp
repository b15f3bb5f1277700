#include "cli/spool_drain.hpp"

#include "support/actor_fixture.hpp"
#include "support/fake_store.hpp"

#include <gmock/gmock.h>

namespace falconer::cli {
namespace {

using test::event_of;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class SpoolDrainTest : public ::testing::Test {
protected:
    asio::io_context           loop{1};
    test::manual_time          time{loop};
    test::fake_store           store{time};
    test::fake_spool           spool;
    metrics_registry           metrics;
    actors::isolation          careful{time, store, spool, metrics, std::chrono::seconds(5)};
    drain_sum                  sum;
    std::vector<std::uint64_t> left;

    void spooled(const falco_event& event) {
        spool.kept.push_back({.id = uuid::random(), .records = {event}});
    }
    result<void> drain() {
        return test::run(
            loop,
            drain_spool(
                spool, careful, sum,
                [this](const drain_sum&, const spool_status& now) { left.push_back(now.pending); }
            )
        );
    }
};

TEST_F(SpoolDrainTest, EveryBatchGoesToTheStoreInOrderAndLeavesTheSpool) {
    const auto twice = event_of("a");
    for (const auto& each : {twice, event_of("b"), twice}) spooled(each);
    EXPECT_TRUE(drain());
    EXPECT_THAT(store.batches, ElementsAre(ElementsAre("a"), ElementsAre("b"), ElementsAre("a")));
    EXPECT_EQ(sum.batches, 3u);
    EXPECT_EQ(sum.of(kept_as::committed), 2u);
    EXPECT_EQ(sum.of(kept_as::duplicate), 1u);
    EXPECT_THAT(left, ElementsAre(2, 1, 0));
}

TEST_F(SpoolDrainTest, WhatTheStoreRefusesForItsContentsKeepsNobodyFromFollowing) {
    store.unspeakable = "クラスタ";
    for (const auto* rule : {"a", "poison", "b"}) spooled(event_of(rule));
    spooled(event_of("c", 10, "クラスタ"));
    spooled(event_of("d"));
    EXPECT_TRUE(drain());
    EXPECT_THAT(spool.kept, SizeIs(0));
    EXPECT_EQ(sum.of(kept_as::committed), 3u);
    EXPECT_EQ(sum.of(kept_as::quarantined), 1u);
    EXPECT_EQ(sum.of(kept_as::dead_letter), 1u);
    EXPECT_THAT(spool.dead_letters, ElementsAre("c: no such letters"));
}

TEST_F(SpoolDrainTest, ABatchThatTheStoreDoesNotTakeStaysWithAllThatFollow) {
    for (const auto* rule : {"a", "stuck", "b"}) spooled(event_of(rule));
    const auto done = drain();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, errc::unavailable);
    EXPECT_EQ(sum.batches, 1u);
    EXPECT_THAT(spool.kept, SizeIs(2));
}

TEST_F(SpoolDrainTest, AnEmptySpoolIsDoneWithoutAskingTheStore) {
    EXPECT_TRUE(drain());
    EXPECT_EQ(store.tries, 0);
}

}  // namespace
}  // namespace falconer::cli
