// The spool's directory, who may have it, and what becomes of calls that nobody waits for.
#include "support/spool_fixture.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

namespace falconer::ingest {
namespace {

using test::batch_number;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class SpoolDirectoryTest : public test::spool_fixture {};
class SpoolCancelTest : public test::spool_fixture {};

TEST_F(SpoolDirectoryTest, AFileOfANewerVersionIsRefusedNotCalledDamaged) {
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

TEST_F(SpoolDirectoryTest, TheDirectoryAndItsFilesAreForTheirOwnerOnly) {
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

TEST_F(SpoolDirectoryTest, ASecondProcessHearsWhoHasTheSpool) {
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

TEST_F(SpoolDirectoryTest, APlaceThatCannotBeASpoolIsRefusedInOneSentence) {
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

TEST_F(SpoolDirectoryTest, ADirectoryThatIsNotWritableIsRefusedInOneSentence) {
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
