#include "actors/store_presence.hpp"

#include "support/actor_fixture.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace falconer::actors {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

class StorePresenceTest : public test::actor_fixture {
protected:
    metrics_registry metrics;
    store_presence   store{
        time,
        metrics,
          {.probe = 1s, .longest_pause = 5s, .settled = 60s, .most_proofs = 4, .limit = 1s}
    };

    void fail(const char* why = "gone") { store.failed(failure{errc::unavailable, why}); }
    /// So many seconds in which a batch, once each second, is stored quickly.
    int proofs_until_back() {
        for (int proofs = 1; proofs <= 100; ++proofs) {
            time.advance(1s);
            store.proved(0);
            if (!store.away()) return proofs;
        }
        return -1;
    }
};

TEST_F(StorePresenceTest, OneFailureMakesItAwayAndOneProofBringsItBack) {
    EXPECT_TRUE(store.may_try());
    fail();
    EXPECT_TRUE(store.away());
    EXPECT_FALSE(store.may_try());
    EXPECT_EQ(proofs_until_back(), 1);
    EXPECT_TRUE(store.may_try());
}

TEST_F(StorePresenceTest, WhileItIsAwayOneBatchTriesItNowAndThen) {
    fail();
    time.advance(1s);
    EXPECT_TRUE(store.may_try());
    EXPECT_FALSE(store.may_try()) << "one is enough";
    fail();
    int tries = 0;
    for (int i = 0; i < 600; ++i) {
        time.advance(100ms);
        if (!store.may_try()) continue;
        ++tries;
        fail();
    }
    EXPECT_GE(tries, 10) << "never less than every 5 s";
    EXPECT_LE(tries, 30) << "and less and less often";
}

TEST_F(StorePresenceTest, OneThatComesAndGoesHasToProveItselfTwiceAsOftenEachTime) {
    std::vector<int> needed;
    for (int i = 0; i < 5; ++i) {
        fail();
        needed.push_back(proofs_until_back());
        time.advance(5s);
    }
    EXPECT_THAT(needed, testing::ElementsAre(1, 2, 4, 4, 4));
    time.advance(60s);
    fail();
    EXPECT_EQ(proofs_until_back(), 1) << "it has stayed for long";
}

TEST_F(StorePresenceTest, AFailureBetweenProofsBeginsTheCountAnew) {
    for (int i = 0; i < 2; ++i) {
        fail();
        proofs_until_back();
    }
    fail();  // four are needed
    for (int i = 0; i < 3; ++i) {
        time.advance(1s);
        store.proved(0);
    }
    EXPECT_TRUE(store.away());
    fail();
    EXPECT_EQ(proofs_until_back(), 4);
}

TEST_F(StorePresenceTest, ManyProofsInOneMomentAreOne) {
    fail();
    proofs_until_back();
    fail();
    for (int i = 0; i < 100; ++i) store.proved(0);
    EXPECT_TRUE(store.away());
    time.advance(1s);
    store.proved(0);
    EXPECT_FALSE(store.away());
}

TEST_F(StorePresenceTest, AFurtherCauseIsSaidTooAndTheSameOneIsNot) {
    std::ostringstream said;
    auto&              sinks = log_of("store_writer").sinks();
    sinks.push_back(std::make_shared<spdlog::sinks::ostream_sink_st>(said));
    const auto lines = [&] {
        auto text = said.str();
        said.str("");
        return text;
    };
    fail("no answer in time");
    EXPECT_THAT(lines(), HasSubstr("the store is away"));
    for (int i = 0; i < 20; ++i) {
        time.advance(5s);
        fail("no answer in time");
    }
    EXPECT_EQ(lines(), "");
    time.advance(5s);
    fail("22P05 untranslatable character");
    EXPECT_THAT(lines(), HasSubstr("for another reason reason=\"22P05 untranslatable character\""));
    for (int i = 0; i < 100; ++i) {  // two that take turns are told now and then
        time.advance(100ms);
        fail(i % 2 == 0 ? "one" : "other");
    }
    const auto some = lines();
    EXPECT_LE(std::ranges::count(some, '\n'), 2);
    time.advance(5s);
    store.proved(7);
    EXPECT_THAT(lines(), HasSubstr("the store is back spooled_records=7"));
    sinks.pop_back();
}

TEST_F(StorePresenceTest, AReplayThatFailsSaysNothingOfTheStore) {
    store.replay_failed();
    EXPECT_FALSE(store.away());
    EXPECT_THAT(metrics.expose(), HasSubstr("\nfalconer_store_failures_total 1\n"));
}

}  // namespace
}  // namespace falconer::actors
