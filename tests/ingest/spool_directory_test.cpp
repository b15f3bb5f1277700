// The spool's directory, who may have it, and what becomes of calls that nobody waits for.
#include "ingest/spool_folder.hpp"
#include "support/spool_fixture.hpp"

#include <grp.h>
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
    header[8]   = 3;
    auto sum    = crc32(0, reinterpret_cast<const Bytef*>(header.data()), 28);
    for (int i = 0; i < 4; ++i, sum >>= 8) header += static_cast<char>(sum & 0xFF);
    std::fstream file(place.path() + "/" + segment_name(1), std::ios::in | std::ios::out);
    file << header << std::flush;
    const auto got = try_open({.directory = place.path()});
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, HasSubstr("has format version 3, this program reads up to 2"));
}

TEST_F(SpoolDirectoryTest, ASegmentOfTheVersionBeforeIsReadToItsEnd) {
    open_folder();
    append_all(1, 3);
    spool.reset();
    std::fstream file(place.path() + "/" + segment_name(1), std::ios::in | std::ios::out);
    std::string  header(28, '\0');
    file.read(header.data(), 28);
    ASSERT_EQ(header[8], 2);
    header[8] = 1;
    auto sum  = crc32(0, reinterpret_cast<const Bytef*>(header.data()), 28);
    for (int i = 0; i < 4; ++i, sum >>= 8) header += static_cast<char>(sum & 0xFF);
    file.seekp(0);
    file << header << std::flush;
    open_folder();
    EXPECT_THAT(take(), ElementsAre(1, 2, 3));
    EXPECT_EQ(spool->status().damaged, 0u);
}

TEST_F(SpoolDirectoryTest, AnEmptiedSpoolIsOneForAnOlderProgramAsWell) {
    open_folder();
    append_all(1, 3);
    EXPECT_THAT(take(), ElementsAre(1, 2, 3));
    close();
    for (const auto& each : std::filesystem::directory_iterator(place.path())) {
        std::ifstream file(each.path());
        std::string   begin(9, '\0');
        file.read(begin.data(), 9);
        if (begin.starts_with("FALCSPL\n")) {
            EXPECT_EQ(begin[8], 1) << each.path();
        }
    }
    EXPECT_FALSE(std::filesystem::exists(place.path() + "/" + segment_name(1)));
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

/// What `ask` returns where only a child that is not root can tell.
int in_a_child(int (*ask)(const std::string&), const std::string& path) {
    const auto child = ::fork();
    if (child == 0) ::_exit(ask(path));
    int how = -1;
    EXPECT_EQ(::waitpid(child, &how, 0), child);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

constexpr unsigned other_user = 12345, volumes_group = 23456;

bool become_other() {
    const gid_t groups[] = {volumes_group};
    return ::setgroups(1, groups) == 0 && ::setresgid(other_user, other_user, other_user) == 0 &&
           ::setresuid(other_user, other_user, other_user) == 0;
}

TEST_F(SpoolDirectoryTest, TheRootOfAVolumeWillDoAndStaysAsItIs) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make what fsGroup makes";
    const auto path = place.path();
    std::filesystem::create_directory(path);
    ASSERT_EQ(::chmod(std::filesystem::path(path).parent_path().c_str(), 0755), 0);
    ASSERT_EQ(::chown(path.c_str(), 0, volumes_group), 0);
    for (const mode_t mode : {02770u, 02775u}) {
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
        const auto try_it = [](const std::string& at) {
            if (!become_other()) return 3;
            if (!look_at_spool_folder(at).will_do()) return 2;
            return make_posix_files(at)->prepare() ? 0 : 1;
        };
        EXPECT_EQ(in_a_child(try_it, path), 0);
        struct stat about{};
        ASSERT_EQ(::stat(path.c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 07777, mode);
        ASSERT_EQ(::stat((path + "/spool.lock").c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777, 0600u);
    }
    ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
    const auto refused = [](const std::string& at) {
        return become_other() && look_at_spool_folder(at).objection.code == errc::denied ? 0 : 1;
    };
    EXPECT_EQ(in_a_child(refused, path), 0) << "whoever likes may put something there";
}

TEST_F(SpoolDirectoryTest, AFolderForEverybodyIsRefusedAndStaysOne) {
    std::filesystem::create_directory(place.path());
    ASSERT_EQ(::chmod(place.path().c_str(), 01777), 0);
    const auto got = try_open({.directory = place.path()});
    ASSERT_FALSE(got);
    EXPECT_EQ(
        got.error().detail,
        "spool " + place.path() + " is a folder for everybody, and would be closed to them"
    );
    struct stat about{};
    ASSERT_EQ(::stat(place.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 01777u);
}

TEST_F(SpoolDirectoryTest, WhoLooksTouchesNothing) {
    const auto missing = look_at_spool_folder(place.path("spool"));
    EXPECT_TRUE(missing.will_do()) << missing.objection.detail;
    EXPECT_FALSE(missing.there);
    EXPECT_FALSE(std::filesystem::exists(place.path("spool")));
    EXPECT_FALSE(look_at_spool_folder(place.path("none/spool")).will_do());

    std::filesystem::create_directory(place.path());
    ASSERT_EQ(::chmod(place.path().c_str(), 0755), 0);
    EXPECT_TRUE(look_at_spool_folder(place.path()).will_do());
    struct stat about{};
    ASSERT_EQ(::stat(place.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0755u);
    EXPECT_TRUE(std::filesystem::is_empty(place.path()));
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(place.path().c_str(), other_user, other_user), 0);
    const auto theirs = look_at_spool_folder(place.path());
    EXPECT_TRUE(theirs.may_be_anothers());
    EXPECT_EQ(theirs.owner, other_user);
}

TEST_F(SpoolDirectoryTest, AProbeSaysWhetherAnAppendWouldSucceed) {
    open_folder();
    EXPECT_TRUE(test::run(loop, spool->probe()));
    EXPECT_TRUE(test::run(loop, spool->probe()));
    EXPECT_FALSE(std::filesystem::exists(place.path() + "/probe"));
    std::filesystem::rename(place.path(), place.path() + ".elsewhere");
    EXPECT_FALSE(test::run(loop, spool->probe()));
    std::filesystem::rename(place.path() + ".elsewhere", place.path());
    EXPECT_TRUE(test::run(loop, spool->probe()));
    append_all(1, 1);
    EXPECT_THAT(take(), ElementsAre(1));
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
