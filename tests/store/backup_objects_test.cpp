#include "store/backup/manifest.hpp"
#include "store/backup/object_io.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace falconer::store {
namespace {

using testing::HasSubstr;

/// Whether it is over with a process, also where nobody has waited for it. Source: proc(5).
bool ends(int pid) {
    using namespace std::chrono_literals;
    for (int tries = 0; tries < 3000; ++tries) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
        std::string   number, name, state;
        if (!(file >> number >> name >> state) || state == "Z" || state == "X") return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

backup_manifest example() {
    backup_manifest is;
    is.schema     = 9;
    is.made       = "2026-11-30T10:00:00Z";
    is.made_by    = "1.2.3";
    is.system     = "7714072415068328734";
    is.timeline   = 2;
    is.landscapes = {"live", "\"odd\""};
    is.days.push_back(
        {"2026-11-29", {"events-20261129-x.gz", std::string(64, 'a'), 10, 3}, is.made, "16384", 77}
    );
    is.days.push_back(
        {"2026-11-30", {"events-20261130-x.gz", std::string(64, 'b'), 20, 4}, is.made, "16385", 78}
    );
    is.parts.emplace("clusters", backup_object{"clusters-x.gz", std::string(64, 'c'), 5, 1});
    return is;
}

TEST(BackupManifestTest, WhatIsWrittenIsRead) {
    const auto text = text_of(example());
    const auto is   = parse_manifest(text);
    ASSERT_TRUE(is) << is.error().detail;
    EXPECT_EQ(text_of(*is), text);
    EXPECT_EQ(is->events(), 7u);
    EXPECT_EQ(is->bytes(), 35u);
    ASSERT_NE(is->find("2026-11-29"), nullptr);
    EXPECT_EQ(is->find("2026-11-29")->batches_from, 77u);
    EXPECT_EQ(is->find("2026-11-28"), nullptr);
}

TEST(BackupManifestTest, WhereverItIsCutOrBentItIsNone) {
    const auto text = text_of(example());
    for (std::size_t at = 0; at < text.size(); ++at) {
        EXPECT_FALSE(parse_manifest(text.substr(0, at))) << at;
        auto bent = text;
        bent[at]  = static_cast<char>(bent[at] ^ 1);
        EXPECT_FALSE(parse_manifest(bent)) << at;
    }
    EXPECT_FALSE(parse_manifest(text + " "));
}

TEST(BackupManifestTest, NamesThatLeadElsewhereAreRefused) {
    for (const auto* name : {"../../etc/passwd", "", ".hidden", "a b", "a/b", "A"}) {
        auto is                = example();
        is.days[0].events.name = name;
        EXPECT_FALSE(parse_manifest(text_of(is))) << name;
    }
    auto is        = example();
    is.days[0].day = "2026'; --x";
    EXPECT_FALSE(parse_manifest(text_of(is)));
}

TEST(BackupManifestTest, OnlyNamesThatABackupGivesAreIts) {
    for (const auto* name :
         {"events-20261130-20261201t014734-77.gz", "legal-hold-20261201t014734-77.gz",
          "events-20261130-20261201t014734-77.gz.unfinished", "manifest-20261201t014734-77.json",
          "manifest.json.unfinished", "manifest.unfinished.json.unfinished"})
        EXPECT_TRUE(is_named_by_backup(name)) << name;
    for (const auto* name :
         {"base.tar.gz", "events.gz", "notes.unfinished", "manifest-2.json", "manifest.json", "",
          ".gz", "-20261201t014734-77.gz", "events-20261201t014734-.gz",
          "events-20261201t014734.gz", "events-20261201x014734-77.gz",
          "events-2026120xt014734-77.gz", "77.gz", "other-20261201t014734-77.json"})
        EXPECT_FALSE(is_named_by_backup(name)) << name;
}

TEST(BackupManifestTest, ANewerFormatIsNotGuessedAt) {
    auto is   = example();
    is.format = backup_format + 1;
    auto read = parse_manifest(text_of(is));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, errc::conflict);
    EXPECT_THAT(read.error().detail, HasSubstr("newer falconer"));
}

/// Rows that hardly compress, so that there are many portions.
std::string row(int number) {
    std::string text = std::to_string(number) + '\t';
    auto        dice = static_cast<std::uint32_t>(number) * 2654435761u + 1;
    for (int i = 0; i < 300; ++i) {
        dice  = dice * 1664525u + 1013904223u;
        text += static_cast<char>('!' + (dice >> 24) % 90);
    }
    return text + '\n';
}

class BackupObjectTest : public ::testing::Test {
protected:
    falconer::test::temporary_folder folder;
    std::string                      plain;

    std::unique_ptr<vault> there() {
        auto opened = open_folder(folder.path() / "vault");
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().detail);
        return *std::move(opened);
    }
    backup_object make(vault& to, int rows) {
        object_maker out(to, "rows.gz");
        for (int i = 0; i < rows; ++i) {
            plain += row(i);
            EXPECT_TRUE(out.add(row(i)));
        }
        auto made = out.end();
        EXPECT_TRUE(made && *made);
        return made->value_or(backup_object{});
    }
    static result<std::string> all_of(vault& from, const backup_object& what) {
        object_source in(from, what);
        std::string   text;
        for (;;) {
            auto piece = in.next();
            if (!piece) return std::move(piece).error();
            if (piece->empty()) return text;
            text.append(*piece);
        }
    }
    std::filesystem::path file() const { return folder.path() / "vault" / "rows.gz"; }
    std::string           bytes() const {
        std::ifstream      in(file(), std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }
    void put(std::string_view what) const {
        std::ofstream(file(), std::ios::binary | std::ios::trunc) << what;
    }
};

TEST_F(BackupObjectTest, WhatIsWrittenIsRead) {
    const auto to = there();
    const auto is = make(*to, 2000);
    EXPECT_EQ(is.rows, 2000u);
    EXPECT_EQ(is.bytes, bytes().size());
    const auto back = all_of(*to, is);
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(*back, plain);
}

TEST_F(BackupObjectTest, WithoutRowsThereIsNone) {
    const auto   to = there();
    object_maker out(*to, "rows.gz");
    auto         made = out.end();
    ASSERT_TRUE(made);
    EXPECT_FALSE(*made);
    EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(BackupObjectTest, GivenUpItLeavesNothing) {
    const auto to = there();
    {
        object_maker out(*to, "rows.gz");
        EXPECT_TRUE(out.add(row(1)));
    }
    const auto left = to->list();
    ASSERT_TRUE(left);
    EXPECT_THAT(*left, testing::IsEmpty());
}

TEST_F(BackupObjectTest, WhereverItIsCutOrBentItsReaderIsTold) {
    const auto to    = there();
    const auto is    = make(*to, 40);
    const auto whole = bytes();
    for (std::size_t at = 0; at < whole.size(); at += 97) {
        put(std::string_view(whole).substr(0, at));
        EXPECT_FALSE(all_of(*to, is)) << at;
        auto bent = whole;
        bent[at]  = static_cast<char>(bent[at] ^ 16);
        put(bent);
        EXPECT_FALSE(all_of(*to, is)) << at;
    }
    put(whole + "x");
    EXPECT_FALSE(all_of(*to, is));
    put(whole);
    EXPECT_TRUE(all_of(*to, is));
}

TEST_F(BackupObjectTest, OneAtATimeWritesIntoAFolder) {
    const auto first  = there();
    const auto second = open_folder(folder.path() / "vault");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::conflict);
    EXPECT_TRUE(look_into_folder(folder.path() / "vault"));
}

TEST_F(BackupObjectTest, CommandsGetTheObjectsNameAndTheirEndCounts) {
    const auto dir = folder.path().string();
    const auto to  = behind_commands(
        {"cat > '" + dir + "'/\"$FALCONER_OBJECT\"", "cat '" + dir + "'/\"$FALCONER_OBJECT\""}
    );
    const auto is   = make(*to, 2000);
    const auto back = all_of(*to, is);
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(*back, plain);

    const auto bad = behind_commands({"cat > /dev/null; exit 3", "printf x; exit 4"});
    EXPECT_FALSE(write_object(*bad, "a", "b"));
    const auto read = read_object(*bad, "a", 100);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().detail, HasSubstr("exit code 4"));
    // One that goes on for days is ended as soon as it is known that it prints something else.
    const auto slow = behind_commands({"", "head -c 300000 /dev/zero; exec sleep 1000000"});
    EXPECT_FALSE(read_object(*slow, "a", 1000));
    const auto deaf = behind_commands({"exit 5", ""});
    EXPECT_FALSE(write_object(*deaf, "a", std::string(1 << 20, 'x')));
}

TEST_F(BackupObjectTest, ACommandThatHangsIsEndedWithAllThatItHasStarted) {
    using namespace std::chrono_literals;
    const auto note  = folder.path() / "pids";
    const auto noted = "echo $$ >> '" + note.string() + "'; ";
    const auto sleep = noted + "sleep 1000000 & echo $! >> '" + note.string() + "'; wait";
    // The first listens to nothing, and neither does what it has started.
    const auto stuck = behind_commands({"trap '' TERM; " + sleep, sleep, 1s});
    const auto large = write_object(*stuck, "large", std::string(1 << 20, 'x'));
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, errc::timed_out);
    EXPECT_THAT(large.error().detail, HasSubstr("large: the command has taken nothing for 1 s"));
    const auto silent = read_object(*stuck, "silent", 1000);
    ASSERT_FALSE(silent);
    EXPECT_THAT(silent.error().detail, HasSubstr("silent: the command has given nothing for 1 s"));

    const auto endless = behind_commands({noted + "cat > /dev/null; exec sleep 1000000", "", 1s});
    const auto done    = write_object(*endless, "small", "x");
    ASSERT_FALSE(done);
    EXPECT_THAT(
        done.error().detail, HasSubstr("has not ended after the last of its input for 1 s")
    );

    std::ifstream file(note);
    int           started = 0;
    for (int pid = 0; file >> pid; ++started) EXPECT_TRUE(ends(pid)) << pid;
    EXPECT_EQ(started, 5);

    // Slow is not hanging: each piece has the whole time.
    const auto slow = behind_commands(
        {"for i in 1 2 3; do head -c 60000 > /dev/null; sleep 0.6; done; cat > /dev/null", "", 1s}
    );
    EXPECT_TRUE(write_object(*slow, "slow", std::string(400'000, 'x')));
}

}  // namespace
}  // namespace falconer::store
