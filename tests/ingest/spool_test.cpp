// The spool on disks that are full, slow, refusing and well.
#include "support/spool_fixture.hpp"

namespace falconer::ingest {
namespace {

using test::batch_number;
using test::code_of;

class SpoolTest : public test::spool_fixture {};
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(SpoolTest, BatchesOfEveryKindComeBackInOrderFromARealDisk) {
    open_folder();
    std::vector<record_batch> sent;
    for (std::uint64_t i = 1; i <= 40; ++i) {
        sent.push_back(i % 2 == 0 ? batch_number(i, 400) : test::batch_of_every_kind());
        EXPECT_TRUE(append(sent.back()));
    }
    EXPECT_EQ(spool->status().pending, 20u + 20u * 3);
    for (const auto& each : sent) {
        auto next = test::run(loop, spool->front(1'000));
        ASSERT_TRUE(next && *next);
        EXPECT_TRUE(test::same(each, **next));
        EXPECT_TRUE((*next)->replayed);
        EXPECT_TRUE(pop());
    }
    EXPECT_EQ(front(), 0u);
    EXPECT_EQ(spool->status().pending, 0u);
    EXPECT_EQ(spool->status().bytes, 0u);
}

TEST_F(SpoolTest, TheFrontStaysTheFrontUntilItIsDone) {
    open();
    append_all(1, 2);
    EXPECT_EQ(front(), 1u);
    EXPECT_EQ(front(), 1u);
    EXPECT_TRUE(pop());
    EXPECT_EQ(code_of(pop()), errc::broken) << "nothing was given since";
    EXPECT_EQ(front(), 2u);
}

TEST_F(SpoolTest, SmallBatchesComeTogetherAndAreDoneTogether) {
    open(1 << 20, 1 << 16);
    for (std::uint64_t number = 1; number <= 5; ++number)
        EXPECT_TRUE(append(batch_number(number, 100, 10)));
    auto row = test::run(loop, spool->front(35));
    ASSERT_TRUE(row && *row);
    EXPECT_EQ(test::number_of(**row), 1u);
    ASSERT_THAT((*row)->records, SizeIs(30));
    const auto last = std::get<falco_event>((*row)->records.back());
    EXPECT_TRUE(test::same(std::get<falco_event>(batch_number(3, 100, 10).records.back()), last));
    EXPECT_TRUE(pop());
    EXPECT_EQ(spool->status().pending, 20u);
    EXPECT_THAT(take(), ElementsAre(4, 5));
}

TEST_F(SpoolTest, WhatTheStoreKnowsByItsIdComesAlone) {
    open(1 << 20, 1 << 16);
    append_all(1, 2);
    EXPECT_TRUE(append(test::batch_of_every_kind()));
    append_all(3, 4);
    std::vector<std::size_t> sizes;
    for (;;) {
        auto row = test::run(loop, spool->front(100));
        ASSERT_TRUE(row);
        if (!*row) break;
        sizes.push_back((*row)->records.size());
        EXPECT_TRUE(pop());
    }
    EXPECT_THAT(sizes, ElementsAre(2, 3, 2));
}

TEST_F(SpoolTest, ADamagedBatchEndsTheRowAndIsPassedOver) {
    open(1 << 20, 1 << 16);
    append_all(1, 4);
    auto& bytes                                 = disk.bytes_of(segment_name(1));
    bytes[bytes.size() / 2 + bytes.size() / 8] ^= 1;  // in the third
    auto row                                    = test::run(loop, spool->front(100));
    ASSERT_TRUE(row && *row);
    EXPECT_THAT((*row)->records, SizeIs(2));
    EXPECT_TRUE(pop());
    EXPECT_THAT(take(), ElementsAre(4));
    EXPECT_EQ(spool->status().damaged, 1u);
}

TEST_F(SpoolTest, StatusTellsWhatWaitsAndSinceWhen) {
    open();
    EXPECT_FALSE(spool->status().oldest);
    EXPECT_EQ(spool->status().capacity, std::uint64_t{1} << 20);
    append_all(1, 3);
    EXPECT_EQ(spool->status().oldest, utc_time(std::chrono::seconds(1'767'225'601)));
    EXPECT_EQ(spool->status().pending, 3u);
    EXPECT_EQ(spool->status().bytes, disk.bytes_of(segment_name(1)).size());
    take(1);
    EXPECT_EQ(spool->status().oldest, utc_time(std::chrono::seconds(1'767'225'602)));
}

TEST_F(SpoolTest, SegmentsThatAreDoneAreRemoved) {
    open();
    append_all(1, 20, 1500);  // two to a segment
    EXPECT_THAT(disk.named(".segment"), SizeIs(10));
    EXPECT_THAT(take(5), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_THAT(disk.named(".segment"), SizeIs(8));
    take();
    EXPECT_THAT(disk.named(".segment"), IsEmpty());
}

TEST_F(SpoolTest, ARestartGoesOnWhereTheLastRunEnded) {
    open_folder();
    append_all(1, 30, 500);
    EXPECT_THAT(take(11), SizeIs(11));
    close();
    open_folder();
    EXPECT_EQ(spool->status().pending, 19u);
    append_all(31, 32);
    const auto rest = take();
    ASSERT_THAT(rest, SizeIs(21));
    EXPECT_EQ(rest.front(), 12u);
    EXPECT_EQ(rest.back(), 32u);
    close();
    open_folder();
    EXPECT_EQ(front(), 0u);
}

TEST_F(SpoolTest, AKilledRunRepeatsAtMostSixteenBatches) {
    open(1 << 20, 1 << 16);
    append_all(1, 100);
    EXPECT_THAT(take(50), SizeIs(50));
    open(1 << 20, 1 << 16);  // without closing
    const auto rest = take();
    ASSERT_FALSE(rest.empty());
    EXPECT_GE(rest.front(), 51u - 16u);
    EXPECT_LE(rest.front(), 51u);
    EXPECT_EQ(rest.size(), 101u - rest.front());
}

TEST_F(SpoolTest, WithoutItsCheckpointOrWithADamagedOneASpoolRepeatsButLosesNothing) {
    for (const bool removed : {true, false}) {
        disk = {};
        open(1 << 20, 1 << 16);
        append_all(1, 40);
        take(35);
        close();
        if (removed)
            disk.files.erase(spool_checkpoint_name);
        else
            disk.bytes_of(spool_checkpoint_name)[12] ^= 1;
        open();
        EXPECT_THAT(take(), SizeIs(40));
        spool.reset();
    }
}

TEST_F(SpoolTest, SequenceNumbersAreNotUsedTwiceSoThatAnOldCheckpointMeansNothingNew) {
    open();
    append_all(1, 5, 3000);
    take();
    close();
    open();
    append_all(6, 6);
    EXPECT_THAT(
        disk.named(".segment"), ElementsAre(segment_name(7))
    );  // the checkpoint speaks of the sixth

    open();
    EXPECT_THAT(take(), ElementsAre(6));
}

TEST_F(SpoolTest, ASpoolThatIsFullSaysSoKeepsWhatItHasAndTakesMoreWhenSomeIsDone) {
    open(10'000);
    std::uint64_t number = 0;
    while (append(number + 1, 1000)) ++number;
    EXPECT_GE(number, 8u);
    EXPECT_EQ(code_of(append(99, 1000)), errc::too_large);
    EXPECT_LE(disk.used(), 10'000u + 100u) << "beside the segments: salt and checkpoint";
    EXPECT_EQ(spool->status().failed_writes, 0u);
    EXPECT_THAT(take(4), ElementsAre(1, 2, 3, 4));
    EXPECT_TRUE(append(100, 1000));
    const auto rest = take();
    EXPECT_EQ(rest.back(), 100u);
    EXPECT_EQ(rest.size(), number - 4 + 1);
}

TEST_F(SpoolTest, WhatIsDoneTakesNoRoomEvenInTheOpenSegment) {
    open(10'000, 1 << 20);
    for (std::uint64_t number = 1; number <= 50; ++number) {
        EXPECT_TRUE(append(number, 3000)) << number;
        EXPECT_THAT(take(), ElementsAre(number));
    }
}

TEST_F(SpoolTest, AFailedFsyncIsNotAcknowledgedAndItsSegmentIsAbandoned) {
    open();
    append_all(1, 2);
    disk.failing_syncs = 1;
    EXPECT_EQ(code_of(append(3)), errc::unavailable);
    EXPECT_EQ(spool->status().failed_writes, 1u);
    EXPECT_EQ(spool->status().pending, 2u);
    append_all(4, 5);
    EXPECT_THAT(disk.named(".segment"), ElementsAre(segment_name(1), segment_name(2)));
    open();
    EXPECT_EQ(spool->status().damaged, 0u);
    EXPECT_THAT(take(), ElementsAre(1, 2, 4, 5));
}

TEST_F(SpoolTest, AnUnsyncedEndThatCannotBeCutOffIsNotReplayedByTheRunThatRefusedIt) {
    open();
    append_all(1, 2);
    disk.failing_syncs = 1;
    disk.cutting_fails = true;
    EXPECT_FALSE(append(3));
    append_all(4, 4);
    EXPECT_THAT(take(), ElementsAre(1, 2, 4));
}

TEST_F(SpoolTest, AFailedFsyncOfANewSegmentsNameIsNotAcknowledgedEither) {
    open();
    disk.failing_directory_syncs = 1;
    EXPECT_EQ(code_of(append(1)), errc::unavailable);
    EXPECT_THAT(disk.named(".segment"), IsEmpty());
    append_all(2, 2);
    EXPECT_THAT(take(), ElementsAre(2));
    EXPECT_EQ(spool->status().failed_writes, 1u);
}

TEST_F(SpoolTest, AFullDiskRefusesAndGoesOnWhenThereIsSpaceAgain) {
    open();
    append_all(1, 3, 1000);
    disk.capacity = disk.used() + 500;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of(append(4, 1000)), errc::too_large);
    EXPECT_EQ(spool->status().failed_writes, 10u);
    EXPECT_EQ(spool->status().pending, 3u);
    EXPECT_LE(disk.named(".segment").size(), 1u) << "failures leave nothing behind";
    disk.capacity = ~std::uint64_t{0};
    append_all(5, 6, 1000);
    open();
    EXPECT_EQ(spool->status().damaged, 0u);
    EXPECT_THAT(take(), ElementsAre(1, 2, 3, 5, 6));
}

TEST_F(SpoolTest, AFullDiskCanBeDrained) {
    open();
    append_all(1, 30, 1000);
    disk.capacity = disk.used();
    EXPECT_FALSE(append(31, 1000));
    EXPECT_THAT(take(), SizeIs(30));
    EXPECT_TRUE(append(32, 1000));
}

TEST_F(SpoolTest, ShortWritesAreContinued) {
    disk.longest_write = 7;
    open();
    append_all(1, 5);
    EXPECT_THAT(take(), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(SpoolTest, WhatWasAcknowledgedSurvivesALossOfPower) {
    open();
    append_all(1, 5, 1500);
    disk.lose_power();
    open();
    EXPECT_THAT(take(), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(SpoolTest, ADiskThatCannotBeReadNowIsAskedAgain) {
    open();
    append_all(1, 1);
    disk.failing_reads = 1;
    EXPECT_EQ(code_of(test::run(loop, spool->front(0))), errc::unavailable);
    EXPECT_EQ(front(), 1u);
}

TEST_F(SpoolTest, ABatchThatIsTooLargeForAFrameIsRefusedAndTheNextOneTaken) {
    open(std::uint64_t{1} << 30);
    EXPECT_EQ(code_of(append(1, max_payload_bytes)), errc::too_large);
    EXPECT_TRUE(append(2, 100'000)) << "larger than a segment";
    EXPECT_TRUE(append(3));
    EXPECT_THAT(take(), ElementsAre(2, 3));
}

TEST_F(SpoolTest, AClosedSpoolIsUnavailableAndItsDirectoryFree) {
    open_folder();
    test::run(loop, spool->close());
    EXPECT_EQ(code_of(append(1)), errc::unavailable);
    EXPECT_EQ(code_of(pop()), errc::unavailable);
    test::run(loop, spool->close());
    EXPECT_TRUE(try_open({.directory = place.path()}));
}

}  // namespace
}  // namespace falconer::ingest
