// The spool on disks that cannot read what they were given, and on such as do not answer at all.
#include "support/spool_fixture.hpp"

namespace falconer::ingest {
namespace {

using test::batch_number;
using test::code_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class SpoolTroubleTest : public test::spool_fixture {
protected:
    test::memory_disk::content& segment(std::uint64_t number) {
        return *disk.files.at(segment_name(number));
    }

    /// Where frame `which` (from 0) of the first segment begins, and its size.
    std::pair<std::size_t, std::size_t> frame(std::size_t which) {
        test::memory_files files(disk);
        const auto         found = survey_spool(files);
        const auto&        where = found->segments.at(0).frames.at(which);
        return {where.offset, frame_header_bytes + where.payload};
    }
    void spoil(std::size_t which) {
        const auto [begin, size] = frame(which);
        segment(1).bad_from      = begin + size / 2;
        segment(1).bad_to        = begin + size / 2 + 1;
    }
    /// Asks until there is an answer. 0: nothing waits.
    std::uint64_t front_in_the_end(int most_refusals = 20) {
        for (int i = 0; i < most_refusals; ++i) {
            auto next = test::run(loop, spool->front(0));
            if (next) return *next ? test::number_of(**next) : 0;
            EXPECT_EQ(next.error().code, errc::unavailable);
        }
        ADD_FAILURE() << "it never ends";
        return 0;
    }
};

TEST_F(SpoolTroubleTest, AFrameThatCannotBeReadIsDamageAndTheNextOneHasItsTurn) {
    open();
    append_all(1, 3);
    spoil(0);
    EXPECT_EQ(code_of(test::run(loop, spool->front(0))), errc::unavailable) << "it may stammer";
    EXPECT_EQ(spool->status().damaged, 0u);
    EXPECT_EQ(front_in_the_end(), 2u);
    EXPECT_EQ(spool->status().damaged, 1u);
    EXPECT_EQ(spool->status().pending, 2u);
    EXPECT_THAT(take(), ElementsAre(2, 3));
    close();
    EXPECT_THAT(disk.named(".damaged"), ElementsAre(set_aside_name(1)));
}

TEST_F(SpoolTroubleTest, ASpoolWithAFrameThatCannotBeReadIsOpenedAndTheOthersAreThere) {
    for (const std::size_t bad : {0u, 1u, 2u}) {
        SCOPED_TRACE(bad);
        disk = {};
        open();
        append_all(1, 3, 6'000);  // one to a segment
        spool.reset();
        auto& file    = segment(bad + 1);
        file.bad_from = segment_header_bytes + 1'000;
        file.bad_to   = segment_header_bytes + 1'010;
        open();
        EXPECT_EQ(spool->status().damaged, 1u);
        EXPECT_EQ(spool->status().pending, 2u);
        EXPECT_THAT(take(), SizeIs(2));
        append_all(4, 4);
        EXPECT_THAT(take(), ElementsAre(4));
        close();
        EXPECT_THAT(disk.named(".damaged"), ElementsAre(set_aside_name(bad + 1)));
    }
}

TEST_F(SpoolTroubleTest, OnlyTheFramesOfAnUnreadableBlockAreLost) {
    open(1 << 24, 1 << 20);
    append_all(1, 60, 1'000);  // some four to a block
    spool.reset();
    segment(1).bad_from = 5 * 4096 + 100;
    segment(1).bad_to   = 5 * 4096 + 200;
    open(1 << 24, 1 << 20);
    const auto left = take();
    EXPECT_GE(left.size(), 54u);
    EXPECT_LT(left.size(), 60u);
    EXPECT_EQ(left.back(), 60u);
    EXPECT_GE(spool->status().damaged, 1u);
    EXPECT_LE(spool->status().damaged, 60u - left.size());
}

TEST_F(SpoolTroubleTest, AnEndThatCannotBeReadIsNotCutOffAsIfItHadNeverBeenWritten) {
    open(1 << 24, 1 << 20);
    append_all(1, 20, 1'000);
    spool.reset();
    const auto size     = segment(1).now.size();
    segment(1).bad_from = size - 2'000;
    segment(1).bad_to   = size;
    open(1 << 24, 1 << 20);
    EXPECT_GE(spool->status().damaged, 1u);
    EXPECT_EQ(segment(1).now.size(), size);
    EXPECT_GE(take().size(), 12u);
}

TEST_F(SpoolTroubleTest, ASegmentThatCannotEvenBeOpenedIsSetAside) {
    open();
    append_all(1, 3, 6'000);
    spool.reset();
    segment(2).open_error = EIO;
    open();
    EXPECT_EQ(spool->status().damaged, 1u) << "at least";
    EXPECT_THAT(take(), ElementsAre(1, 3));
    EXPECT_THAT(disk.named(".damaged"), ElementsAre(set_aside_name(2)));
}

TEST_F(SpoolTroubleTest, WithoutDescriptorsOrRightsNothingIsCalledDamaged) {
    open();
    append_all(1, 2, 6'000);
    for (const int moment : {EMFILE, ENFILE, EACCES, ENOMEM}) {
        segment(1).open_error = moment;
        for (int i = 0; i < 30; ++i)
            EXPECT_EQ(code_of(test::run(loop, spool->front(0))), errc::unavailable);
    }
    EXPECT_EQ(spool->status().damaged, 0u);
    spool.reset();
    EXPECT_EQ(
        code_of(try_open({.files = std::make_unique<test::memory_files>(disk)})), errc::unavailable
    ) << "nor by a start";
    segment(1).open_error = 0;
    open();
    EXPECT_THAT(take(), ElementsAre(1, 2));
}

TEST_F(SpoolTroubleTest, AFolderThatIsAwayLosesNothing) {
    open();
    append_all(1, 2, 6'000);
    disk.hidden = true;
    for (int i = 0; i < 30; ++i)
        EXPECT_EQ(code_of(test::run(loop, spool->front(0))), errc::unavailable);
    disk.hidden = false;
    EXPECT_THAT(take(), ElementsAre(1, 2));
    EXPECT_EQ(spool->status().damaged, 0u);
}

TEST_F(SpoolTroubleTest, SaltAndCheckpointThatCannotBeReadKeepNobodyFromStarting) {
    open();
    append_all(1, 3, 6'000);
    EXPECT_THAT(take(1), ElementsAre(1));
    close();
    for (const auto* name : {spool_salt_name, spool_checkpoint_name}) {
        disk.files.at(name)->bad_from = 0;
        disk.files.at(name)->bad_to   = 100;
    }
    open();
    EXPECT_EQ(spool->status().damaged, 0u);
    EXPECT_THAT(take(), ElementsAre(2, 3));
}

// --- dead letters -------------------------------------------------------------------------------

TEST_F(SpoolTroubleTest, ADeadLetterIsALineOfItsOwnFileAndIsNeverReplayed) {
    open();
    const auto file = [this]() -> std::string& { return disk.bytes_of(spool_dead_letters_name); };
    for (const auto& record : test::batch_of_every_kind().records)
        EXPECT_TRUE(test::run(loop, spool->keep_dead_letter(record, "22P05 \"no\"")));
    const auto text = file();
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    EXPECT_THAT(
        text, HasSubstr(R"({"kind":"event","cluster":"shoot--dev--a-8b3f-live","received":")")
    );
    EXPECT_THAT(
        text, HasSubstr(R"("why":"22P05 \"no\"","uuid":"01234567-89ab-cdef-0123-456789abcdef")")
    );
    EXPECT_THAT(text, HasSubstr(R"("body":"{\"rule\":\"\\u0000\"}")")) << "the sender's bytes";
    EXPECT_THAT(text, HasSubstr(R"({"kind":"body")"));
    EXPECT_THAT(text, HasSubstr(R"("kind":"tally","cluster":"another")"));
    EXPECT_THAT(
        text, HasSubstr(R"("cause":4,"rule":"r","priority":"Warning","count":18446744073709551615)")
    );
    EXPECT_EQ(disk.files.at(spool_dead_letters_name)->synced, text) << "on disk when it returns";
    EXPECT_EQ(front(), 0u);

    close();
    open();
    EXPECT_EQ(front(), 0u);
    file().resize(file().size() - 5);  // by a crash
    EXPECT_TRUE(test::run(loop, spool->keep_dead_letter(batch_number(1).records[0], "x")));
    EXPECT_EQ(std::ranges::count(file(), '\n'), 4) << "the next one begins a line";
}

TEST_F(SpoolTroubleTest, DeadLettersHaveABoundOfTheirOwnAndRefuseWhatTheDiskRefuses) {
    open();
    auto large = batch_number(1, 300'000).records[0];
    EXPECT_TRUE(test::run(loop, spool->keep_dead_letter(large, "x")));
    disk.failing_syncs = 1;
    EXPECT_EQ(code_of(test::run(loop, spool->keep_dead_letter(large, "x"))), errc::unavailable);
    int kept = 0;
    while (kept < 10 && test::run(loop, spool->keep_dead_letter(large, "x"))) ++kept;
    EXPECT_LE(kept, 3) << "a mebibyte";
    EXPECT_EQ(code_of(test::run(loop, spool->keep_dead_letter(large, "x"))), errc::too_large);
    EXPECT_TRUE(append(1)) << "and what waits has its own";
    disk.files.erase(spool_dead_letters_name);  // moved away, as it says
    EXPECT_TRUE(test::run(loop, spool->keep_dead_letter(large, "x")));
}

// --- a disk that does not answer ----------------------------------------------------------------

class SpoolHangTest : public SpoolTroubleTest {
protected:
    void TearDown() override { disk.go_on(); }

    /// Begins to append, and gives up waiting.
    void append_in_vain(const record_batch& batch) {
        task_scope scope(loop.get_executor());
        scope.spawn("append", [](disk_spool& into, record_batch what) -> task<void> {
            static_cast<void>(co_await into.append(what));
        }(*spool, batch));
        loop.restart();
        loop.poll_one();
        test::run(loop, scope.stop());
    }
};

TEST_F(SpoolHangTest, ADiskThatHangsIsHandedNothingMoreAndSaysSo) {
    open();
    append_all(1, 1);
    EXPECT_EQ(spool->status().silent, 0s);
    *disk.hanging = true;
    append_in_vain(batch_number(2));
    time.advance(4s);
    EXPECT_EQ(spool->status().silent, 4s);
    time.advance(2s);
    for (int i = 0; i < 3; ++i) {
        const auto refused = append(3);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::timed_out);
        EXPECT_THAT(refused.error().detail, HasSubstr("has not answered for 6 s"));
    }
    EXPECT_EQ(code_of(test::run(loop, spool->probe())), errc::timed_out);
    disk.go_on();
    EXPECT_TRUE(test::eventually(loop, [this] { return spool->status().silent == 0s; }));
    EXPECT_TRUE(append(3));
    EXPECT_THAT(take(), ElementsAre(1, 2, 3)) << "what it was handed is there, once it answers";
}

TEST_F(SpoolHangTest, WhoAsksAgainForABatchUnderWayWaitsForItAndItIsNotWrittenTwice) {
    open();
    *disk.hanging = true;
    append_in_vain(batch_number(1));
    time.advance(20s);
    append_in_vain(batch_number(1));  // also while it hangs
    disk.go_on();
    EXPECT_TRUE(append(batch_number(1)));
    EXPECT_TRUE(append(batch_number(2)));
    EXPECT_THAT(take(), ElementsAre(1, 2));
}

TEST_F(SpoolHangTest, TheLateAnswerIsTheAnswerAlsoWhenItIsNo) {
    open();
    append_all(1, 1);
    *disk.hanging      = true;
    disk.failing_syncs = 1;
    append_in_vain(batch_number(2));
    disk.go_on();
    EXPECT_TRUE(test::eventually(loop, [this] { return spool->status().silent == 0s; }));
    EXPECT_EQ(code_of(append(batch_number(2))), errc::unavailable);
    EXPECT_TRUE(append(batch_number(2))) << "and then it is tried anew";
    EXPECT_THAT(take(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace falconer::ingest
