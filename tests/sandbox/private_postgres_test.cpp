// The private PostgreSQL of `falconer up`, with the real server.
#include "sandbox/postgres/private_postgres.hpp"

#include "falconer/steady_time_source.hpp"
#include "support/actor_fixture.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace falconer::sandbox {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Also if nobody has asked for its end yet. Source: proc(5), /proc/[pid]/stat
bool has_ended(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string   line;
    if (!std::getline(file, line)) return true;
    const auto at = line.rfind(") ");
    return at == std::string::npos || line.substr(at + 2, 1) == "Z";
}

class PrivatePostgresTest : public ::testing::Test {
protected:
    asio::io_context       loop{1};
    steady_time_source     time{loop.get_executor()};
    test::temporary_folder place{"falconer-private"};
    const fs::path&        folder = place.path();

    void SetUp() override {
        fs::permissions(folder, fs::perms(0755));  // the user postgres must pass through
    }

    using started = result<std::unique_ptr<private_postgres>>;
    started start() {
        return test::run(loop, private_postgres::start(loop.get_executor(), time, folder));
    }
    void stop(private_postgres& which) { test::run(loop, which.stop()); }
    /// By the server's own log.
    int starts_that_failed() const {
        std::ifstream log(folder / "postgres.log");
        int           count = 0;
        for (std::string line; std::getline(log, line);)
            count += line.find("contains errors") != std::string::npos;
        return count;
    }
    int status_of(std::string sql, const private_postgres& which) {
        std::vector<std::string> command{"psql", "-XAtq",
                                         "-h",   which.where().socket_folder,
                                         "-U",   "falconer_writer",
                                         "-d",   "falconer",
                                         "-c",   std::move(sql)};
        auto                     done = test::run(
            loop, run_program(loop.get_executor(), time, std::move(command), "", test::patience)
        );
        return done ? done->exit_code : -1;
    }
};

TEST_F(PrivatePostgresTest, IsMadeOnceAndFoundAgain) {
    auto first = start();
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(status_of("select 1", **first), 0);
    EXPECT_FALSE(fs::exists(folder / "postgres.new"));
    stop(**first);
    const auto made   = fs::last_write_time(folder / "postgres" / "PG_VERSION");
    auto       second = start();
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_EQ(fs::last_write_time(folder / "postgres" / "PG_VERSION"), made);
    stop(**second);
}

TEST_F(PrivatePostgresTest, AClusterThatWasHalfMadeIsMadeAnew) {
    fs::create_directories(folder / "postgres.new" / "global");
    std::ofstream(folder / "postgres.new" / "PG_VERSION") << "15\n";
    auto got = start();
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(status_of("select 1", **got), 0);
    stop(**got);
}

TEST_F(PrivatePostgresTest, AReasonThatLastsIsToldAtOnceInTheServersWords) {
    auto made = start();
    ASSERT_TRUE(made) << made.error().detail;
    stop(**made);
    std::ofstream(folder / "postgres" / "postgresql.conf", std::ios::app) << "no_such_option = 1\n";
    const auto before = starts_that_failed();
    const auto got    = start();
    ASSERT_FALSE(got);
    EXPECT_THAT(
        got.error().detail,
        AllOf(HasSubstr("FATAL"), HasSubstr("contains errors"), HasSubstr("postgres.log"))
    );
    EXPECT_EQ(starts_that_failed(), before + 1) << "it is not tried again";
}

TEST_F(PrivatePostgresTest, AServerThatIsKilledComesBack) {
    auto got = start();
    ASSERT_TRUE(got) << got.error().detail;
    const int first = (*got)->pid();
    ::kill(first, SIGKILL);
    const auto end  = std::chrono::steady_clock::now() + test::patience;
    bool       back = false;  // asking lets the loop run
    while (!back && std::chrono::steady_clock::now() < end)
        back = status_of("select 1", **got) == 0 && (*got)->pid() != first;
    EXPECT_TRUE(back);
    stop(**got);
}

TEST_F(PrivatePostgresTest, ItSpeaksALanguageThatWeRead) {
    auto first = start();
    ASSERT_TRUE(first) << first.error().detail;
    stop(**first);
    std::ofstream(folder / "postgres" / "postgresql.conf", std::ios::app)
        << "lc_messages = 'C.UTF-8'\n";  // any other there is, such as de_DE.UTF-8
    auto again = start();
    ASSERT_TRUE(again) << again.error().detail;
    const auto sql = "SELECT 1 / (current_setting('lc_messages') = 'C')::int";
    EXPECT_EQ(status_of(sql, **again), 0);
    stop(**again);
}

TEST_F(PrivatePostgresTest, OurEnvironmentDoesNotReachIt) {
    ::setenv("PGOPTIONS", "-c no_such_option=1", 1);
    auto got = start();
    ::unsetenv("PGOPTIONS");
    ASSERT_TRUE(got) << got.error().detail;
    stop(**got);
}

TEST_F(PrivatePostgresTest, AProgramThatTakesTooLongEndsWithAllItStarted) {
    const auto               mark = folder / "pid";
    std::vector<std::string> command{
        "sh", "-c", "sleep 600 & echo $! > " + mark.string() + "; wait"
    };
    test::manual_time               by_hand{loop};  // a second is over when it has started all
    std::optional<result<finished>> done;
    asio::co_spawn(
        loop,
        test::keep_in(done, run_program(loop.get_executor(), by_hand, std::move(command), "", 1s)),
        [](const std::exception_ptr&) {}
    );
    int child = 0;
    ASSERT_TRUE(test::eventually(loop, [&] {
        return static_cast<bool>(std::ifstream(mark) >> child);
    }));
    ASSERT_GT(child, 0);
    by_hand.advance(1s);
    ASSERT_TRUE(test::eventually(loop, [&] { return done.has_value(); }));
    ASSERT_FALSE(*done);
    EXPECT_EQ(done->error().code, errc::timed_out);
    EXPECT_TRUE(test::eventually(loop, [&] { return has_ended(child); })) << "still runs";
}

}  // namespace
}  // namespace falconer::sandbox
