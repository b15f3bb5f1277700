#include "pg_fixture.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <asio/ip/tcp.hpp>

#include <filesystem>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class PgConnectionTest : public test::pg_fixture {
protected:
    using outcome = std::shared_ptr<std::optional<result<std::uint64_t>>>;

    /// `count` rows of text format, about a hundred bytes each.
    static std::string rows(int count) {
        std::string out;
        for (int i = 0; i < count; ++i)
            out += std::to_string(i) + "\t" + std::string(100, 'x') + "\n";
        return out;
    }
    static constexpr auto copy = "COPY scratch (n, t) FROM STDIN";

    pg_connection::ptr with_scratch_table() {
        auto c = open();
        ask(*c, "CREATE TEMP TABLE scratch (n int, t text CHECK (t <> 'bad'))");
        return c;
    }
    static task<void> sleep_on(pg_connection& c) {
        static_cast<void>(co_await c.query("SELECT pg_sleep(600)", {}, std::chrono::minutes(10)));
    }
    static task<void> keep(task<result<std::uint64_t>> work, outcome in) {
        in->emplace(co_await std::move(work));
    }
    /// Of which server process: what it does is "active" or gone.
    static std::string is_active(pg_connection& c) {
        return "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = " +
               std::to_string(c.backend_pid());
    }
    /// What no name server is asked: a name's parts have 63 letters at most. Source: RFC 1035
    /// §2.3.4
    static std::string no_such_host() { return std::string(64, 'x') + ".invalid"; }
};

TEST_F(PgConnectionTest, OpensOverAUnixSocketAndOverTcp) {
    EXPECT_EQ(ask(*open(), "SELECT coalesce(inet_server_addr()::text, 'unix')"), "unix");
    there.host = "127.0.0.1";
    EXPECT_EQ(ask(*open(), "SELECT host(inet_server_addr())"), "127.0.0.1");
    there.host = "localhost";  // resolves to two addresses, perhaps
    EXPECT_NE(ask(*open(), "SELECT host(inet_server_addr())"), "");
}

TEST_F(PgConnectionTest, NoPlanIsCompiledForIt) {
    EXPECT_EQ(ask(*open(), "SHOW jit"), "off");
}

TEST_F(PgConnectionTest, SaysWhyItCannotOpen) {
    auto wrong         = there;
    wrong.user         = login;
    wrong.password     = "guess";
    const auto refused = open(wrong).error();
    EXPECT_EQ(refused.code, errc::denied);
    // Told by its state: the words are in the server's language.
    EXPECT_THAT(refused.detail, HasSubstr("28P01"));
    EXPECT_THAT(refused.detail, Not(HasSubstr("LOCATION")));
    wrong.password = "";
    EXPECT_EQ(open(wrong).error().code, errc::denied);
    wrong      = there;
    wrong.port = 1;
    EXPECT_EQ(open(wrong).error().code, errc::unavailable);
    wrong      = there;
    wrong.host = no_such_host();
    EXPECT_EQ(open(wrong).error().code, errc::unavailable);
}

TEST_F(PgConnectionTest, APasswordFileIsReadAnewForEachConnection) {
    const falconer::test::temporary_folder folder;
    const auto                             path = folder / "password";
    const auto put      = [&](std::string_view text) { std::ofstream(path) << text << '\n'; };
    there.user          = login;
    there.password_file = path.string();
    EXPECT_EQ(open(there).error().code, errc::denied) << "no file yet";
    std::filesystem::create_directory(path);
    EXPECT_THAT(open(there).error().detail, HasSubstr("Is a directory"));
    std::filesystem::remove(path);
    put("guess");
    EXPECT_EQ(open(there).error().code, errc::denied);
    put("falcon");
    auto opened = open(there);
    EXPECT_TRUE(opened) << opened.error().detail;
    there = options();
}

TEST_F(PgConnectionTest, SeveralHostsAreTriedInOrder) {
    there.host                 = "/no/such/folder," + no_such_host() + "," + there.host;
    there.target_session_attrs = "read-write";
    auto opened                = open(there);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(ask(**opened, "SELECT 'here'"), "here");
}

TEST_F(PgConnectionTest, AScriptIsOneTransaction) {
    auto c = open();
    auto done =
        await(c->run_script("CREATE TABLE a (n int); INSERT INTO a VALUES (1); SELECT 1/0", 30s));
    EXPECT_EQ(done.error().code, errc::malformed);
    EXPECT_EQ(c->last_refusal(), "22012");
    EXPECT_EQ(ask(*c, "SELECT to_regclass('a') IS NULL"), "t");
    auto rows = await(c->run_script("SELECT 7; CREATE TABLE a (n int)", 30s));
    ASSERT_TRUE(rows) << rows.error().detail;
    EXPECT_EQ(rows->at(0, 0), "7");
    EXPECT_EQ(c->last_refusal(), "");
}

TEST_F(PgConnectionTest, GivesUpOnAServerThatAcceptsAndSaysNothing) {
    asio::ip::tcp::acceptor mute{loop, {asio::ip::address_v4::loopback(), 0}};
    there.host          = "127.0.0.1";
    there.port          = mute.local_endpoint().port();
    there.connect_limit = 50ms;
    EXPECT_EQ(open(there).error().code, errc::timed_out);
}

TEST_F(PgConnectionTest, TakesParametersAndGivesRows) {
    auto c    = open();
    auto rows = await(c->query(
        "SELECT $1::int + 1, $2::text, NULL UNION ALL SELECT 0, '', ''", {"41", "it's \"quoted\""},
        30s
    ));
    ASSERT_TRUE(rows) << rows.error().detail;
    ASSERT_EQ(rows->size(), 2);
    EXPECT_EQ(rows->at(0, 0), "42");
    EXPECT_EQ(rows->at(0, 1), "it's \"quoted\"");
    EXPECT_TRUE(rows->is_null(0, 2));
    EXPECT_FALSE(rows->is_null(1, 2));
}

TEST_F(PgConnectionTest, AnErrorOfTheStatementLeavesTheConnectionUsable) {
    there.user     = login;
    there.password = "falcon";
    auto c         = open();
    EXPECT_EQ(await(c->query("SELEC", {}, 30s)).error().code, errc::broken);
    EXPECT_EQ(await(c->query("SELECT 1/0", {}, 30s)).error().code, errc::malformed);
    EXPECT_EQ(await(c->query("SELECT '\\u0000'::jsonb", {}, 30s)).error().code, errc::malformed);
    EXPECT_EQ(await(c->query("SELECT * FROM pg_authid", {}, 30s)).error().code, errc::denied);
    EXPECT_EQ(await(c->copy_in("COPY nowhere FROM STDIN", "", 30s)).error().code, errc::broken);
    EXPECT_EQ(await(c->copy_in("SELECT 1", "", 30s)).error().detail, "not a COPY FROM STDIN");
    EXPECT_EQ(ask(*c, "SELECT 'fine'"), "fine");
}

TEST_F(PgConnectionTest, CopiesALotThroughASmallSocket) {
    auto c      = with_scratch_table();
    auto copied = await(c->copy_in(copy, rows(300'000), 60s));  // 32 MB
    ASSERT_TRUE(copied) << copied.error().detail;
    EXPECT_EQ(*copied, 300'000u);
    EXPECT_EQ(ask(*c, "SELECT count(*) FROM scratch"), "300000");
}

TEST_F(PgConnectionTest, ABadRowFailsTheWholeCopyAndNothingElse) {
    auto c = with_scratch_table();
    EXPECT_EQ(
        await(c->copy_in(copy, rows(50'000) + "7\tbad\n" + rows(50'000), 30s)).error().code,
        errc::conflict
    );
    EXPECT_EQ(await(c->copy_in(copy, "seven\tx\n", 30s)).error().code, errc::malformed);
    EXPECT_EQ(await(c->copy_in(copy, "7\t\xff\n", 30s)).error().code, errc::malformed);
    EXPECT_EQ(ask(*c, "SELECT count(*) FROM scratch"), "0");
}

TEST_F(PgConnectionTest, ASlowServerCostsTheLimitAndTheConnection) {
    there.statement_timeout = 10min;  // not the server's limit, nor the statement's end
    auto c                  = open();
    EXPECT_EQ(await(c->query("SELECT pg_sleep(600)", {}, 100ms)).error().code, errc::timed_out);
    EXPECT_FALSE(c->usable());
    EXPECT_EQ(await(c->query("SELECT 1", {}, 30s)).error().code, errc::unavailable);
}

TEST_F(PgConnectionTest, TheServerStopsAnAbandonedStatement) {
    there.statement_timeout = 10min;  // not the server's limit, nor the statement's end
    auto watcher            = open();
    auto c                  = open();
    auto unchecked          = open();
    ask(*unchecked, "SET client_connection_check_interval = 0");
    const auto checked_runs = is_active(*c), unchecked_runs = is_active(*unchecked);
    task_scope scope{loop.get_executor()};
    for (auto* each : {&*c, &*unchecked}) scope.spawn("sleep", sleep_on(*each));
    EXPECT_TRUE(answers(*watcher, checked_runs, "1"));
    EXPECT_TRUE(answers(*watcher, unchecked_runs, "1"));
    await(scope.stop());
    EXPECT_FALSE(c->usable() || unchecked->usable());
    EXPECT_TRUE(answers(*watcher, checked_runs, "0"))
        << "client_connection_check_interval should have stopped it";
    EXPECT_EQ(ask(*watcher, unchecked_runs), "1")
        << "closing the socket does not stop it by itself";
}

TEST_F(PgConnectionTest, StatementTimeoutIsATimeoutAndKeepsTheConnection) {
    there.statement_timeout = 50ms;  // opening one is no statement
    auto c                  = open();
    EXPECT_EQ(await(c->query("SELECT pg_sleep(600)", {}, 60s)).error().code, errc::timed_out);
    EXPECT_TRUE(c->usable());
}

TEST_F(PgConnectionTest, ABackendKilledDuringCopyIsUnavailable) {
    auto c = open(), other = open();
    // Well into the data it comes to a row that it cannot have before `other` says so.
    ask(*other, "SELECT pg_advisory_lock(1)");
    ask(*c,
        "CREATE TEMP TABLE scratch (n int CHECK (n <> 300000 OR pg_advisory_lock(1) IS NOT NULL), "
        "t text)");
    const auto pid  = c->backend_pid();
    const auto data = rows(600'000);
    const auto got  = std::make_shared<std::optional<result<std::uint64_t>>>();
    asio::co_spawn(loop, keep(c->copy_in(copy, data, 10min), got), [](std::exception_ptr) {});
    ASSERT_TRUE(answers(*other, waiting_for_locks, "1"));
    ASSERT_FALSE(*got);
    ask(*other, "SELECT pg_terminate_backend($1::int)", {std::to_string(pid)});
    ASSERT_TRUE(falconer::test::eventually(loop, [&] { return got->has_value(); }));
    ASSERT_FALSE(**got);
    EXPECT_EQ((*got)->error().code, errc::unavailable) << (*got)->error().detail;
    EXPECT_EQ(ask(*open(), "SELECT 'back'"), "back");
}

TEST_F(PgConnectionTest, CancellingClosesTheConnection) {
    there.statement_timeout = 10min;
    auto       c = open(), watcher = open();
    task_scope scope{loop.get_executor()};
    scope.spawn("sleep", sleep_on(*c));
    EXPECT_TRUE(answers(*watcher, is_active(*c), "1"));
    EXPECT_TRUE(c->usable());
    falconer::test::run(loop, scope.stop());
    EXPECT_FALSE(c->usable());
}

TEST_F(PgConnectionTest, HearsNotices) {
    auto ear = open(), mouth = open();
    ask(*ear, "LISTEN news");
    EXPECT_EQ(await(ear->next_notice(20ms)).error().code, errc::timed_out);
    EXPECT_TRUE(ear->usable()) << "waiting for a notice is no exchange";
    ask(*mouth, "SELECT pg_notify('news', 'hello'), pg_notify('news', 'again')");
    for (auto* expected : {"hello", "again"}) {
        auto got = await(ear->next_notice(60s));
        ASSERT_TRUE(got) << got.error().detail;
        EXPECT_EQ(got->payload, expected);
    }
    EXPECT_EQ(ask(*ear, "SELECT 'and works'"), "and works");
}

}  // namespace
}  // namespace falconer::store
