#include "ingest/spool.hpp"

#include "support/actor_fixture.hpp"
#include "support/spool_batches.hpp"
#include "support/spool_files.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace falconer::ingest {
namespace {

using test::batch_number;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class folder {
public:
    folder() {
        std::string name = ::testing::TempDir() + "falconer-spool-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string path(const std::string& name = "spool") const { return path_ + "/" + name; }

private:
    std::string path_;
};

/// Calls from a test without a loop of its own.
class SpoolTest : public ::testing::Test {
protected:
    using opened = result<std::unique_ptr<disk_spool>>;

    asio::io_context            loop{1};
    test::manual_time           time{loop};
    test::memory_disk           disk;
    folder                      place;
    std::unique_ptr<disk_spool> spool;

    opened try_open(disk_spool::options opt) {
        return test::run(loop, disk_spool::open(loop.get_executor(), time, std::move(opt)));
    }
    void open(std::uint64_t capacity = 1 << 20, std::uint64_t segment_bytes = 4096) {
        spool.reset();
        auto got = try_open(
            {.capacity      = capacity,
             .segment_bytes = segment_bytes,
             .files         = std::make_unique<test::memory_files>(disk)}
        );
        ASSERT_TRUE(got) << got.error().detail;
        spool = *std::move(got);
    }
    void open_folder() {
        spool.reset();
        auto got = try_open({.directory = place.path(), .segment_bytes = 4096});
        ASSERT_TRUE(got) << got.error().detail;
        spool = *std::move(got);
    }
    void close() {
        test::run(loop, spool->close());
        spool.reset();
    }
    result<void> append(const record_batch& batch) { return test::run(loop, spool->append(batch)); }
    result<void> append(std::uint64_t number, std::size_t size = 100) {
        return append(batch_number(number, size));
    }
    void append_all(std::uint64_t from, std::uint64_t to, std::size_t size = 100) {
        for (auto number = from; number <= to; ++number) EXPECT_TRUE(append(number, size));
    }
    /// 0: nothing waits.
    std::uint64_t front() {
        auto next = test::run(loop, spool->front());
        EXPECT_TRUE(next);
        return next && *next ? test::number_of(**next) : 0;
    }
    result<void>               pop() { return test::run(loop, spool->pop()); }
    std::vector<std::uint64_t> take(std::size_t most = 10'000) {
        std::vector<std::uint64_t> all;
        for (auto number = front(); number != 0 && all.size() < most; number = front()) {
            all.push_back(number);
            EXPECT_TRUE(pop());
            if (all.size() == most) break;
        }
        return all;
    }
};

template <class T>
std::error_code code_of(const result<T>& got) {
    return got ? std::error_code{} : got.error().code;
}

TEST_F(SpoolTest, BatchesOfEveryKindComeBackInOrderFromARealDisk) {
    open_folder();
    std::vector<record_batch> sent;
    for (std::uint64_t i = 1; i <= 40; ++i) {
        sent.push_back(i % 2 == 0 ? batch_number(i, 400) : test::batch_of_every_kind());
        EXPECT_TRUE(append(sent.back()));
    }
    EXPECT_EQ(spool->status().pending, 20u + 20u * 3);
    for (const auto& each : sent) {
        auto next = test::run(loop, spool->front());
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
    EXPECT_EQ(code_of(test::run(loop, spool->front())), errc::unavailable);
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

TEST_F(SpoolTest, AFileOfANewerVersionIsRefusedNotCalledDamaged) {
    open_folder();
    append_all(1, 1);
    spool.reset();
    auto header = segment_header({.sequence = 1, .salt = 1}).substr(0, 28);
    header[8]   = 2;
    auto sum    = crc32(0, reinterpret_cast<const Bytef*>(header.data()), 28);
    for (int i = 0; i < 4; ++i, sum >>= 8) header += static_cast<char>(sum & 0xFF);
    std::fstream file(place.path() + "/" + segment_name(1), std::ios::in | std::ios::out);
    file << header << std::flush;
    const auto got = try_open({.directory = place.path()});
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, HasSubstr("has format version 2, this program reads 1"));
}

// --- the directory ------------------------------------------------------------------------------

TEST_F(SpoolTest, TheDirectoryAndItsFilesAreForTheirOwnerOnly) {
    std::filesystem::create_directory(place.path());
    std::filesystem::permissions(place.path(), std::filesystem::perms::all);
    open_folder();
    append_all(1, 1);
    struct stat about{};
    ASSERT_EQ(::stat(place.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0700u);
    for (const auto& entry : std::filesystem::directory_iterator(place.path())) {
        ASSERT_EQ(::stat(entry.path().c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777, 0600u) << entry.path();
    }
}

TEST_F(SpoolTest, ASecondProcessHearsWhoHasTheSpool) {
    open_folder();
    const auto second = try_open({.directory = place.path()});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::conflict);
    EXPECT_EQ(
        second.error().detail, "spool " + place.path() + " is in use by another process (pid " +
                                   std::to_string(::getpid()) + ")"
    );
    EXPECT_EQ(make_posix_files(place.path())->locked_by(), ::getpid());
    spool.reset();
    EXPECT_EQ(make_posix_files(place.path())->locked_by(), std::nullopt);
    EXPECT_TRUE(try_open({.directory = place.path()}));
}

TEST_F(SpoolTest, APlaceThatCannotBeASpoolIsRefusedInOneSentence) {
    const auto said = [this](const std::string& path) {
        const auto got = try_open({.directory = path});
        return got ? "opened" : got.error().detail;
    };
    std::ofstream(place.path("file")) << "x";
    EXPECT_EQ(said(place.path("file")), "spool " + place.path("file") + " is not a directory");
    EXPECT_EQ(
        said(place.path("none/spool")),
        "cannot make the spool " + place.path("none/spool") + ": No such file or directory"
    );
    std::string others = "/usr";
    if (::geteuid() == 0) {
        others = place.path("others");
        std::filesystem::create_directory(others);
        ASSERT_EQ(::chown(others.c_str(), 12345, 12345), 0);
    }
    EXPECT_THAT(said(others), StartsWith("spool " + others + " belongs to user "));
}

TEST_F(SpoolTest, ADirectoryThatIsNotWritableIsRefusedInOneSentence) {
    const auto path = place.path();
    std::filesystem::create_directory(path);
    ASSERT_EQ(::chmod(path.c_str(), 0500), 0);
    // Root may write anywhere: a child that is not root asks.
    const auto child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 &&
            (::chmod(std::filesystem::path(path).parent_path().c_str(), 0755) != 0 ||
             ::chown(path.c_str(), 12345, 12345) != 0 || ::setresuid(12345, 12345, 12345) != 0))
            ::_exit(3);
        const auto got = make_posix_files(path)->prepare();
        ::_exit(
            got                                                                             ? 1
            : got.error().detail == "spool " + path + " is not writable: Permission denied" ? 0
                                                                                            : 2
        );
    }
    int how = -1;
    ASSERT_EQ(::waitpid(child, &how, 0), child);
    EXPECT_TRUE(WIFEXITED(how));
    EXPECT_EQ(WEXITSTATUS(how), 0);
}

// --- cancelling ---------------------------------------------------------------------------------

class SpoolCancelTest : public SpoolTest {};

TEST_F(SpoolCancelTest, ACancelledAppendHarmsNobodyAndTheNextOnesAreInOrder) {
    open();
    append_all(1, 1);
    for (std::uint64_t round = 0; round < 20; ++round) {
        task_scope scope(loop.get_executor());
        scope.spawn("append", [](disk_spool& into, record_batch batch) -> task<void> {
            static_cast<void>(co_await into.append(batch));
        }(*spool, batch_number(100 + round)));
        loop.restart();
        loop.poll_one();  // the append begins
        test::run(loop, scope.stop());
        EXPECT_TRUE(append(2 + round));
    }
    // Each that was cancelled is there or not; those that were answered are all there, in order.
    auto all = take();
    std::erase_if(all, [](std::uint64_t number) { return number >= 100; });
    ASSERT_THAT(all, SizeIs(21));
    EXPECT_TRUE(std::ranges::is_sorted(all));
}

TEST_F(SpoolCancelTest, ASpoolMayGoWhileAWriteIsUnderWay) {
    open();
    {
        task_scope scope(loop.get_executor());
        scope.spawn("append", [](disk_spool& into, record_batch batch) -> task<void> {
            static_cast<void>(co_await into.append(batch));
        }(*spool, batch_number(1)));
        loop.restart();
        loop.poll_one();
        test::run(loop, scope.stop());
    }
    spool.reset();
    open();
    EXPECT_THAT(take(), ElementsAre(1)) << "the write under way is ended, not torn";
}

}  // namespace
}  // namespace falconer::ingest
