#include "actors/store_writer.hpp"

#include "support/actor_fixture.hpp"
#include "support/fake_store.hpp"

#include <gmock/gmock.h>

namespace falconer::actors {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using test::event_of;

class StoreWriterTest : public test::actor_fixture {
protected:
    using answer = std::shared_ptr<std::optional<result<kept_as>>>;

    test::fake_store store{time};
    test::fake_spool spool;
    metrics_registry metrics;
    store_writer     writer{
        loop.get_executor(),
        time,
        store,
        spool,
        metrics,
            {.batch_records      = 4,
             .batches_at_once    = 3,
             .next_batch_records = 2,
             .waiting_bytes      = 10'000,
             .store_limit        = 1s,
             .replay_limit       = 30s,
             .hold               = 30s,
             .pause              = 100ms}
    };
    std::shared_ptr<std::optional<bool>> ended;

    static task<bool> run_to_the_end(store_writer& w) {
        co_await w.run();
        co_return true;
    }
    void SetUp() override {
        ended = start(run_to_the_end(writer));
        time.settle();
    }
    void TearDown() override {
        scope.spawn("stop", writer.stop());
        time.settle();
        actor_fixture::TearDown();
    }
    answer submit(ingest_record record) {
        auto a = start(writer.submit(std::move(record)));
        time.settle();
        return a;
    }
    answer submit(const char* rule, std::size_t size = 10) { return submit(event_of(rule, size)); }

    static bool            is(const answer& a, kept_as how) { return *a && **a && ***a == how; }
    static bool            open(const answer& a) { return !*a; }
    static std::error_code refused(const answer& a) {
        return *a && !**a ? (**a).error().code : std::error_code{};
    }
    double metric(const std::string& line) const {
        const auto text = metrics.expose();
        const auto at   = text.find("\n" + line + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
    }
};

TEST_F(StoreWriterTest, AnswersOnlyAfterTheCommit) {
    store.delay = 5ms;
    auto sent   = submit("a");
    EXPECT_EQ(store.tries, 1);
    time.advance(4ms);
    EXPECT_TRUE(open(sent));
    time.advance(1ms);
    EXPECT_TRUE(is(sent, kept_as::committed));
    EXPECT_EQ(writer.waiting_bytes(), 0u);
}

TEST_F(StoreWriterTest, TheNextBatchCollectsWhileOneIsStored) {
    store.delay = 100ms;
    submit("a");
    submit("b");  // one alone does not make a second batch
    EXPECT_EQ(store.tries, 1);
    submit("c");  // two do
    EXPECT_EQ(store.tries, 2);
    submit("d");
    submit("e");
    submit("f");  // for a third one it takes as many for each of the others
    EXPECT_EQ(store.tries, 2);
    submit("g");
    EXPECT_EQ(store.tries, 3);
    for (const auto* each : {"h", "i", "j", "k", "l", "m"}) submit(each);
    EXPECT_EQ(store.tries, 3);  // and no fourth one while three are under way
    time.advance(300ms);
    EXPECT_THAT(
        store.batches, ElementsAre(
                           ElementsAre("a"), ElementsAre("b", "c"), ElementsAre("d", "e", "f", "g"),
                           ElementsAre("h", "i", "j", "k"), ElementsAre("l", "m")
                       )
    );
}

TEST_F(StoreWriterTest, ABadEventIsQuarantinedAloneAndTheOthersAreStored) {
    store.delay = 50ms;
    submit("first");
    std::vector<answer> good;
    good.push_back(submit("a"));
    auto bad = submit("poison");
    good.push_back(submit("b"));
    good.push_back(submit("c"));
    time.advance(1s);
    for (const auto& each : good) EXPECT_TRUE(is(each, kept_as::committed));
    EXPECT_TRUE(is(bad, kept_as::quarantined));
    EXPECT_EQ(metric("falconer_store_isolated_total"), 1);
    EXPECT_THAT(spool.kept, IsEmpty());
}

TEST_F(StoreWriterTest, DuplicatesAreAcknowledgedAsSuch) {
    const auto event = event_of("a");
    EXPECT_TRUE(is(submit(event), kept_as::committed));
    EXPECT_TRUE(is(submit(event), kept_as::duplicate));
}

TEST_F(StoreWriterTest, AStoreThatDoesNotAnswerWithinASecondIsReplacedByTheSpool) {
    store.delay = 1h;
    auto sent   = submit("a");
    time.advance(999ms);
    EXPECT_TRUE(open(sent));
    time.advance(1ms);
    EXPECT_TRUE(is(sent, kept_as::spooled));
    EXPECT_TRUE(writer.store_is_away());

    auto next = submit("b");  // no second wait
    EXPECT_TRUE(is(next, kept_as::spooled));
}

TEST_F(StoreWriterTest, TheSpoolIsReplayedInOrderWhenTheStoreIsBack) {
    store.away = 3;
    submit("a");
    submit("b");
    submit("c");
    EXPECT_THAT(spool.kept, SizeIs(3));
    time.advance(10s);
    EXPECT_EQ(spool.asked_for, 4u) << "small ones together";
    EXPECT_THAT(store.batches, ElementsAre(ElementsAre("a"), ElementsAre("b"), ElementsAre("c")));
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_FALSE(writer.store_is_away());
    EXPECT_TRUE(is(submit("d"), kept_as::committed));
    EXPECT_EQ(metric("falconer_spool_replayed_total{as=\"committed\"}"), 3);
}

TEST_F(StoreWriterTest, AnInsertOfUnclearEndIsNotStoredTwice) {
    const auto event = event_of("a");
    store.known.insert(event.id);  // it had committed, and the answer was lost
    store.away = 1;
    EXPECT_TRUE(is(submit(event), kept_as::spooled));
    time.advance(10s);
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_EQ(metric("falconer_spool_replayed_total{as=\"duplicate\"}"), 1);
}

TEST_F(StoreWriterTest, WithStoreAndSpoolGoneTheSenderIsHeldAndThenTurnedAway) {
    store.away = 1'000;
    spool.room = 0;
    auto sent  = submit("a");
    time.advance(29'999ms);
    EXPECT_TRUE(open(sent));
    time.advance(1ms);
    EXPECT_EQ(refused(sent), errc::unavailable);
    EXPECT_EQ(writer.waiting_bytes(), 0u);
    EXPECT_EQ(metric("falconer_ingest_turned_away_total"), 1);
}

TEST_F(StoreWriterTest, AClusterThatFillsItsPartOfTheSpoolIsHeldAndTheOthersAreNot) {
    store.away     = 1'000;
    spool.capacity = 20'000;
    submit("a");  // now it is known to be away
    const auto loud = [&] { return submit(event_of("storm", 1'000, "loud")); };
    int        kept = 0;
    auto       last = loud();
    for (; is(last, kept_as::spooled); last = loud()) ++kept;
    EXPECT_GT(kept, 12);
    EXPECT_LT(kept, 17) << "four fifths";
    EXPECT_TRUE(open(last));
    for (const auto* other : {"one", "two", "three"})
        EXPECT_TRUE(is(submit(event_of("quiet", 500, other)), kept_as::spooled)) << other;
    EXPECT_EQ(writer.longest_wait(), 0s) << "who waits for his share stands in nobody's way";

    time.advance(29s);
    EXPECT_TRUE(open(last));
    time.advance(1s);
    EXPECT_EQ(refused(last), errc::unavailable);
    EXPECT_EQ(metric("falconer_ingest_turned_away_total"), 1);

    auto held  = loud();
    store.away = 0;
    time.advance(20s);
    EXPECT_TRUE(is(held, kept_as::committed)) << "the store is back";
    EXPECT_THAT(spool.kept, IsEmpty());
    store.away = 1'000;
    submit("b");
    EXPECT_TRUE(is(loud(), kept_as::spooled)) << "and what was replayed is its own no longer";
}

TEST_F(StoreWriterTest, ABatchThatCannotBeReplayedTurnsTheStoreOffForNobody) {
    store.away = 1;
    EXPECT_TRUE(is(submit("stuck"), kept_as::spooled));
    EXPECT_TRUE(writer.store_is_away());
    time.advance(3s);
    EXPECT_THAT(spool.kept, SizeIs(1)) << "and it stays there";
    EXPECT_TRUE(is(submit("good"), kept_as::committed)) << "a fresh one tries the store";
    for (int minute = 0; minute < 10; ++minute) {
        time.advance(1min);
        EXPECT_FALSE(writer.store_is_away());
        EXPECT_TRUE(is(submit("good"), kept_as::committed));
    }
    EXPECT_THAT(spool.kept, SizeIs(1));
}

TEST_F(StoreWriterTest, AReplayThatTimesOutComesInSmallerPartsAndWithMoreTime) {
    record_batch large;
    large.id = uuid::random();
    for (const auto* rule : {"a", "b", "c", "d"}) large.records.emplace_back(event_of(rule));
    spool.kept.push_back(large);
    store.delay_per_record = 9s;  // 36 s together; 30 s is the limit of this one
    submit("wakes the replay");
    time.advance(200s);
    EXPECT_THAT(spool.kept, IsEmpty());
    ASSERT_GE(store.batches.size(), 2u);
    EXPECT_THAT(store.batches[0], ElementsAre("a", "b"));
    EXPECT_THAT(store.batches[1], ElementsAre("c", "d"));
    EXPECT_TRUE(writer.store_is_away()) << "it is too slow for those who wait for their answer";
}

TEST_F(StoreWriterTest, AStoreThatIsSlowWithEveryStatementGetsMoreTimeEachTime) {
    store.delay = 100s;
    for (const auto* rule : {"a", "b", "c"}) EXPECT_FALSE(is(submit(rule), kept_as::committed));
    time.advance(20min);
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_EQ(store.batches.size(), 3u);
}

TEST_F(StoreWriterTest, TalliesAreNeverDividedBecauseTheyMayHaveBeenCountedAllTheSame) {
    record_batch both{.id = uuid::random(), .records = {}};
    for (int i = 0; i < 2; ++i) {
        event_tally one;
        one.from = event_of("a").from;
        both.records.emplace_back(one);
    }
    spool.kept.push_back(both);
    store.delay_per_record = 40s;
    submit("wakes the replay");
    store.ids.clear();
    time.advance(3min);
    ASSERT_GE(store.ids.size(), 3u) << "30 s, 60 s, 120 s";
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(store.ids[i], both.id);
    time.advance(10min);
    EXPECT_THAT(spool.kept, IsEmpty());
}

TEST_F(StoreWriterTest, WhatTheStoreTakesInNoFormIsADeadLetterAndStandsInNobodysWay) {
    store.unspeakable = "クラスタ";
    store.delay       = 10ms;
    submit("first");
    const auto before = submit("a");
    const auto never  = submit(event_of("b", 10, "クラスタ"));
    const auto after  = submit("c");
    time.advance(1s);
    EXPECT_TRUE(is(before, kept_as::committed));
    EXPECT_TRUE(is(after, kept_as::committed));
    EXPECT_TRUE(is(never, kept_as::dead_letter));
    EXPECT_THAT(spool.dead_letters, ElementsAre("b: no such letters"));
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_FALSE(writer.store_is_away());
    EXPECT_EQ(metric("falconer_store_dead_letters_total"), 1);

    store.away = 1;
    submit(event_of("d", 10, "クラスタ"));
    time.advance(10s);
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_EQ(metric("falconer_spool_replayed_total{as=\"dead_letter\"}"), 1);
    EXPECT_THAT(spool.dead_letters, SizeIs(2));
}

TEST_F(StoreWriterTest, WithoutRoomForADeadLetterItsSenderIsHeldAndNobodyElse) {
    store.unspeakable = "クラスタ";
    spool.room        = 0;
    const auto never  = submit(event_of("b", 10, "クラスタ"));
    EXPECT_TRUE(open(never));
    time.advance(2s);
    EXPECT_TRUE(is(submit("a"), kept_as::committed));
    time.advance(29s);
    EXPECT_EQ(refused(never), errc::unavailable);
    EXPECT_TRUE(is(submit("a"), kept_as::committed));
}

TEST_F(StoreWriterTest, ASpoolThatHangsIsGivenUpInTimeAndTheStoreIsTriedMeanwhile) {
    store.away  = 1'000;
    spool.hangs = true;
    auto held   = submit("a");
    time.advance(6s);
    EXPECT_TRUE(open(held));
    EXPECT_TRUE(writer.takes_nothing());
    const auto tries = store.tries;
    time.advance(23s);
    EXPECT_GT(store.tries, tries + 2);
    EXPECT_TRUE(open(held));
    time.advance(1s);
    EXPECT_EQ(refused(held), errc::unavailable) << "after 30 s, not when the connection is cut";

    auto next = submit("b");
    time.advance(10s);
    EXPECT_TRUE(open(next));
    store.away = 0;
    time.advance(15s);
    EXPECT_TRUE(is(next, kept_as::committed)) << "the store is back";
    EXPECT_TRUE(is(submit("c"), kept_as::committed));
    EXPECT_FALSE(writer.takes_nothing());
    spool.answer_again();
    time.advance(20s);
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_EQ(metric("falconer_spool_replayed_total{as=\"duplicate\"}"), 1) << "b, once";
}

TEST_F(StoreWriterTest, ASlowSpoolIsWaitedForAndNothingIsWrittenTwice) {
    store.away  = 1'000;
    spool.hangs = true;
    auto sent   = submit("a");
    time.advance(12s);
    EXPECT_TRUE(open(sent));
    spool.answer_again();
    time.advance(6s);
    EXPECT_TRUE(is(sent, kept_as::spooled));
    EXPECT_THAT(spool.kept, SizeIs(1));
}

TEST_F(StoreWriterTest, TellsHowLongABatchHasWaited) {
    store.away = 1'000;
    spool.room = 0;
    submit("a");
    time.advance(12s);
    EXPECT_EQ(writer.longest_wait(), 12s);
    spool.room = 10;
    time.advance(5s);
    EXPECT_EQ(writer.longest_wait(), 0s);
}

TEST_F(StoreWriterTest, AHeldSenderIsAnsweredAsSoonAsTheSpoolHasRoom) {
    store.away = 1'000;
    spool.room = 0;
    auto sent  = submit("a");
    time.advance(10s);
    EXPECT_TRUE(open(sent));
    spool.room = 10;
    time.advance(5s);
    EXPECT_TRUE(is(sent, kept_as::spooled));
}

TEST_F(StoreWriterTest, AHeldSenderIsAnsweredAsSoonAsTheStoreIsBack) {
    store.away = 1'000;
    spool.room = 0;
    auto sent  = submit("a");
    time.advance(10s);
    store.away = 0;
    time.advance(6s);
    EXPECT_TRUE(is(sent, kept_as::committed));
    EXPECT_FALSE(writer.store_is_away());
}

TEST_F(StoreWriterTest, PoisonInTheSpoolDoesNotStopTheReplay) {
    store.away = 2;
    submit("poison");
    submit("b");
    time.advance(10s);
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_EQ(metric("falconer_spool_replayed_total{as=\"quarantined\"}"), 1);
    EXPECT_EQ(metric("falconer_spool_replayed_total{as=\"committed\"}"), 1);
}

TEST_F(StoreWriterTest, TalliesWaitForOneAnotherAndNoEventWaitsForThem) {
    const auto tally = [] {
        event_tally one;
        one.from = event_of("a").from;
        return one;
    };
    store.delay       = 5ms;
    const auto first  = submit(tally());
    const auto second = submit(tally());
    const auto third  = submit(tally());
    const auto event  = submit("a");
    time.advance(5ms);
    EXPECT_TRUE(is(first, kept_as::counted));
    EXPECT_TRUE(is(event, kept_as::committed));
    EXPECT_TRUE(open(second) && open(third));
    time.advance(5ms);
    EXPECT_TRUE(is(second, kept_as::counted));
    EXPECT_TRUE(is(third, kept_as::counted)) << "in one batch with the second";
}

TEST_F(StoreWriterTest, TheStoreMayForgetTalliesWhoseEndIsClearAndNoOthers) {
    event_tally tally;
    tally.from = event_of("a").from;
    EXPECT_TRUE(is(submit(tally), kept_as::counted));
    EXPECT_TRUE(is(submit("an event"), kept_as::committed));
    EXPECT_THAT(store.done, IsEmpty());
    store.away = 1;
    EXPECT_TRUE(is(submit(tally), kept_as::spooled)) << "it may have been stored all the same";
    time.advance(10s);
    EXPECT_THAT(spool.kept, IsEmpty());
    const auto unclear = store.ids.back();
    EXPECT_TRUE(is(submit(tally), kept_as::counted));
    EXPECT_TRUE(is(submit(tally), kept_as::counted));
    EXPECT_TRUE(is(submit(tally), kept_as::counted));
    EXPECT_THAT(store.done, testing::Not(testing::Contains(unclear)));
    EXPECT_THAT(std::set<uuid>(store.done.begin(), store.done.end()), SizeIs(3));
    EXPECT_EQ(store.done.front(), store.ids.front());
    EXPECT_EQ(store.done.back(), store.ids.at(store.ids.size() - 2));
}

TEST_F(StoreWriterTest, ABatchThatMakesTheStoreThrowIsRefusedAndNothingStops) {
    const auto sent = submit("throws");
    EXPECT_TRUE(is(sent, kept_as::quarantined));
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(is(submit("good"), kept_as::committed));
}

TEST_F(StoreWriterTest, ABodyThatIsRefusedEvenForTheQuarantineIsCounted) {
    quarantined_body body;
    body.from = event_of("a").from;
    body.body = "poison";
    EXPECT_TRUE(is(submit(body), kept_as::counted));
    EXPECT_EQ(metric("falconer_store_isolated_total"), 1);
}

TEST_F(StoreWriterTest, PartsOfABatchHaveTheSameIdsEachTime) {
    std::vector<std::vector<uuid>> passes;
    record_batch                   whole{.id = {}, .records = {event_of("a"), event_of("poison")}};
    whole.id.bytes.fill(7);
    for (int i = 0; i < 2; ++i) {
        spool.kept.push_back(whole);
        store.away = 1;
        store.ids.clear();
        submit("wakes the replay");
        time.advance(10s);
        ASSERT_THAT(spool.kept, IsEmpty());
        // Its own try; then the whole, two halves and what stands for the culprit; itself again.
        ASSERT_THAT(store.ids, SizeIs(6));
        passes.emplace_back(store.ids.begin() + 1, store.ids.end() - 1);
        time.advance(2min);  // a store that goes away soon after it came back is believed later
    }
    EXPECT_EQ(passes[0], passes[1]);
    EXPECT_EQ(std::set(passes[0].begin(), passes[0].end()).size(), 4u);
}

TEST_F(StoreWriterTest, TakesNothingUntilOneOfThemDoesAlsoWithoutSenders) {
    EXPECT_FALSE(writer.takes_nothing());
    store.away = 1'000;
    auto held  = submit("a");
    EXPECT_TRUE(is(held, kept_as::spooled));
    EXPECT_FALSE(writer.takes_nothing()) << "the spool does";
    spool.room = 0;
    submit("b");
    EXPECT_TRUE(writer.takes_nothing());
    time.advance(31s);  // and nobody waits any more
    EXPECT_EQ(writer.waiting_records(), 0u);
    EXPECT_EQ(writer.longest_wait(), 0s);
    EXPECT_TRUE(writer.takes_nothing());
    EXPECT_GT(spool.probes, 2);
    EXPECT_LT(spool.probes, 20) << "less and less often";
    spool.room = 10;
    time.advance(11s);
    EXPECT_FALSE(writer.takes_nothing());
    EXPECT_TRUE(is(submit("c"), kept_as::spooled));

    spool.room = 0;
    submit("d");
    EXPECT_TRUE(writer.takes_nothing());
    time.advance(31s);
    store.away = 0;
    time.advance(11s);
    EXPECT_FALSE(writer.takes_nothing()) << "the store does";
}

TEST_F(StoreWriterTest, ABatchThatDiesAnswersItsSendersAndStandsInNobodysWay) {
    store.away   = 1;
    spool.throws = 1;
    auto lost    = submit("a");
    EXPECT_EQ(refused(lost), errc::unavailable);
    EXPECT_EQ(writer.longest_wait(), 0s);
    EXPECT_EQ(writer.waiting_bytes(), 0u);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(open(submit("good")));
}

TEST_F(StoreWriterTest, AReplayThatDiesIsBegunAnew) {
    store.away = 2;  // then the replay rests
    EXPECT_TRUE(is(submit("a"), kept_as::spooled));
    ASSERT_TRUE(task_scope::kill("replay"));
    time.settle();
    EXPECT_THAT(spool.kept, SizeIs(1));
    time.advance(5s);
    EXPECT_THAT(spool.kept, IsEmpty());
    EXPECT_THAT(store.batches, ElementsAre(ElementsAre("a")));
}

TEST_F(StoreWriterTest, RefusesWhatWouldNotFitInMemory) {
    store.delay = 500ms;
    auto first  = submit("a", 6'000);
    auto second = submit("b", 6'000);
    EXPECT_EQ(refused(second), errc::overloaded);
    time.advance(500ms);
    EXPECT_TRUE(is(first, kept_as::committed));
    EXPECT_TRUE(open(submit("c", 6'000)));
    time.advance(500ms);
}

TEST_F(StoreWriterTest, ClosingStoresWhatWaitsAndTakesNoMore) {
    store.delay = 100ms;
    auto one    = submit("a");
    auto two    = submit("b");
    writer.close();
    EXPECT_EQ(refused(submit("c")), errc::unavailable);
    EXPECT_FALSE(ended->has_value());
    time.advance(200ms);
    EXPECT_TRUE(is(one, kept_as::committed));
    EXPECT_TRUE(is(two, kept_as::committed));
    EXPECT_TRUE(ended->has_value());
}

TEST_F(StoreWriterTest, ASenderWhoLeftDoesNotTakeHisEventAlong) {
    store.delay = 100ms;
    {
        task_scope leaving(loop.get_executor());
        leaving.spawn("sender", [](store_writer& w) -> task<void> {
            auto ignored = co_await w.submit(event_of("a"));
            static_cast<void>(ignored);
        }(writer));
        time.settle();
        asio::co_spawn(loop, leaving.stop(), [](std::exception_ptr) {});
        time.settle();
        EXPECT_EQ(leaving.size(), 0u);
    }
    time.advance(100ms);
    EXPECT_THAT(store.batches, ElementsAre(ElementsAre("a")));
}

}  // namespace
}  // namespace falconer::actors
