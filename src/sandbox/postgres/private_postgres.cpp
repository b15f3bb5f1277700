#include "private_postgres.hpp"

#include "falconer/log.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>

namespace falconer::sandbox {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int  oldest_version = 14;
constexpr auto superuser      = "postgres";
constexpr auto start_limit    = 60s;  // for a server that says nothing at all

failure sorry(std::string what) {
    return failure{errc::broken, std::move(what)};
}

/// Installed servers by major version. Source: Debian's postgresql-common
std::map<int, fs::path> installed() {
    std::map<int, fs::path> found;
    std::error_code         wrong;
    for (auto at = fs::directory_iterator("/usr/lib/postgresql", wrong);
         !wrong && at != fs::directory_iterator{}; at.increment(wrong)) {
        const auto name    = at->path().filename().string();
        int        version = 0;
        std::from_chars(name.data(), name.data() + name.size(), version);
        if (version >= oldest_version && fs::exists(at->path() / "bin" / "postgres"))
            found[version] = at->path() / "bin";
    }
    return found;
}

/// The first folder on the way that `user` may not pass through; empty: none.
fs::path closed_door(const fs::path& folder, const passwd& user) {
    fs::path way;
    for (const auto& step : folder) {
        way /= step;
        struct ::stat is{};
        if (::stat(way.c_str(), &is) != 0) break;
        const bool open = (is.st_mode & S_IXOTH) != 0 ||
                          (is.st_uid == user.pw_uid && (is.st_mode & S_IXUSR) != 0) ||
                          (is.st_gid == user.pw_gid && (is.st_mode & S_IXGRP) != 0);
        if (!open) return way;
    }
    return {};
}

bool is_for_clients(std::string_view line) {
    constexpr std::string_view told[] = {"the database system is ", "terminating connection"};
    return std::ranges::any_of(told, [&](std::string_view each) {
        return line.find(each) != std::string_view::npos;
    });
}

/// Reasons not to start that go away by themselves, when what a killed server left behind has
/// ended.
bool passes(std::string_view fatal) {
    constexpr std::string_view passing[] = {"already exists", "still in use", "is another"};
    return fatal.empty() || std::ranges::any_of(passing, [&](std::string_view each) {
               return fatal.find(each) != std::string_view::npos;
           });
}

/// What to do about it, where that is known.
std::string advice(std::string_view why) {
    return why.find("No space left") == std::string_view::npos
               ? ""
               : "; make room there, or choose another --data";
}

std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    const auto at = text.rfind('\n');
    return std::string(at == std::string_view::npos ? text : text.substr(at + 1));
}

std::string first_line_of(const fs::path& file) {
    std::ifstream in(file);
    std::string   line;
    std::getline(in, line);
    return line;
}

result<void> make_folder(const fs::path& which, uid_t owner, gid_t group, mode_t mode) {
    if (::mkdir(which.c_str(), mode) != 0 && errno != EEXIST)
        return sorry(
            which.string() + " cannot be made: " + std::strerror(errno) + "; choose another --data"
        );
    struct ::stat is{};
    if (::stat(which.c_str(), &is) != 0 || !S_ISDIR(is.st_mode))
        return sorry(which.string() + " is no folder; choose another --data");
    if (is.st_uid == owner) return {};
    if (::geteuid() == 0 && is.st_uid == 0 && ::chown(which.c_str(), owner, group) == 0) return {};
    return sorry(
        which.string() + " belongs to another user (uid " + std::to_string(is.st_uid) +
        "); choose another --data"
    );
}

}  // namespace

private_postgres::private_postgres(asio::any_io_executor loop, time_source& time, fs::path folder)
    : loop_(loop), time_(time), folder_(std::move(folder)), scope_(loop) {
    where_.socket_folder = (folder_ / "run").string();
    where_.data          = folder_ / "postgres";
}

task<result<std::unique_ptr<private_postgres>>> private_postgres::start(
    asio::any_io_executor loop, time_source& time, fs::path folder
) {
    std::unique_ptr<private_postgres> made(
        new private_postgres(std::move(loop), time, std::move(folder))
    );
    auto up = co_await made->start();
    if (!up) {
        co_await made->stop();
        co_return std::move(up).error();
    }
    co_return std::move(made);
}

task<result<void>> private_postgres::start() {
    if (auto good = look_at_folder(); !good) co_return std::move(good).error();
    if (!fs::exists(where_.data / "PG_VERSION")) {
        auto made = co_await make_cluster();
        if (!made) co_return std::move(made).error();
    }
    auto up = co_await launch();
    if (!up) co_return std::move(up).error();
    auto ready = co_await make_database();
    if (!ready) co_return std::move(ready).error();
    scope_.spawn("postgres", watch());
    co_return write_store_env();
}

result<void> private_postgres::possible_in(const fs::path& folder) {
    if (installed().empty())
        return sorry(
            "PostgreSQL 14 or newer is not installed here; install the package postgresql-15"
        );
    if (!setpriv_is_there())
        return sorry(
            "the program setpriv, which PostgreSQL is started with, is not installed here; install "
            "the package util-linux"
        );
    if (::geteuid() == 0) {
        const auto* user = ::getpwnam(superuser);
        if (user == nullptr)
            return sorry(
                "PostgreSQL does not run as root and there is no user postgres; install the "
                "package postgresql-15"
            );
        if (const auto door = closed_door(folder, *user); !door.empty())
            return sorry(
                "PostgreSQL runs as the user postgres, who may not pass through " + door.string() +
                "; choose another --data, such as /var/lib/falconer"
            );
    }
    const auto socket_folder = (folder / "run").string();
    if (socket_folder.size() + 20 > sizeof(sockaddr_un::sun_path))
        return sorry(
            "the path of " + socket_folder +
            " is too long for a unix socket; choose a shorter --data"
        );
    return {};
}

result<void> private_postgres::look_at_folder() {
    if (auto can = possible_in(folder_); !can) return can;
    const auto servers = installed();
    uid_t      owner   = ::geteuid();
    gid_t      group   = ::getegid();
    if (owner == 0) {
        const auto* user = ::getpwnam(superuser);
        user_            = superuser;
        owner            = user->pw_uid;
        group            = user->pw_gid;
    }
    std::error_code wrong;
    fs::remove_all(half_made(), wrong);
    if (wrong) return sorry(half_made().string() + " cannot be removed: " + wrong.message());
    if (auto made = make_folder(where_.data, owner, group, 0700); !made) return made;
    if (auto made = make_folder(where_.socket_folder, owner, group, 0700); !made) return made;

    where_.version = servers.rbegin()->first;
    if (fs::exists(where_.data / "PG_VERSION")) {
        const auto said = first_line_of(where_.data / "PG_VERSION");
        int        is   = 0;
        std::from_chars(said.data(), said.data() + said.size(), is);
        if (!servers.contains(is))
            return sorry(
                where_.data.string() + " was made by PostgreSQL " + said + ", installed is " +
                std::to_string(where_.version) + "; install postgresql-" + said +
                ", or choose another --data"
            );
        where_.version = is;
    } else if (auto made = make_folder(half_made(), owner, group, 0700); !made) {
        return made;
    } else if (!fs::is_empty(where_.data)) {
        return sorry(
            where_.data.string() +
            " holds something that is no PostgreSQL cluster; choose another --data"
        );
    }
    programs_ = servers.at(where_.version);
    return {};
}

task<result<finished>> private_postgres::run(
    std::vector<std::string> command, std::chrono::milliseconds limit
) {
    return run_program(loop_, time_, std::move(command), user_, limit);
}

task<result<void>> private_postgres::make_cluster() {
    // Beside its place, which it takes when it is whole: killed half-way, it is not taken for one.
    const auto               half = half_made();
    std::vector<std::string> command{program("initdb"), "--pgdata",   half.string(),
                                     "--username",      superuser,    "--auth",
                                     "trust",           "--encoding", "UTF8",
                                     "--locale",        "C.UTF-8",    "--data-checksums"};
    auto                     done = co_await run(std::move(command), 5min);
    if (!done) co_return std::move(done).error();
    if (done->exit_code != 0) {
        std::error_code ignored;
        fs::remove_all(half, ignored);
        std::string why = last_line(done->output);
        for (std::string_view rest = done->output; !rest.empty();) {
            const auto line = rest.substr(0, rest.find('\n'));
            if (line.find("error") != std::string_view::npos ||
                line.find("No space") != std::string_view::npos)
                why = line;
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        }
        co_return sorry(
            "initdb could not make a cluster in " + where_.data.string() + ": " + why + advice(why)
        );
    }
    std::error_code wrong;
    fs::rename(half, where_.data, wrong);  // over an empty folder
    if (wrong) co_return sorry(half.string() + " cannot take its place: " + wrong.message());
    co_return result<void>{};
}

/// Why the server ended, in its own words: the last FATAL line since that byte of its log. One that
/// is still about to go writes into the same log, most of it for those who ask it something.
std::string private_postgres::last_words(std::uintmax_t since) const {
    std::ifstream in(folder_ / "postgres.log");
    in.seekg(static_cast<std::streamoff>(since));
    std::string fatal;
    for (std::string line; std::getline(in, line);) {
        const auto at = line.find("FATAL:");
        if (at == std::string::npos || is_for_clients(line)) continue;
        fatal = line.substr(at);
        if (passes(fatal)) break;
    }
    return fatal;
}

/// Starts the server and waits until it answers. One that was killed leaves processes behind which
/// end by themselves, and until then it cannot be started anew: hence several tries.
task<result<void>> private_postgres::launch() {
    const auto clock = time_.make_bell();
    const auto log   = folder_ / "postgres.log";
    const auto end   = time_.now() + start_limit;
    for (;;) {
        std::error_code none_yet;
        const auto      size  = fs::file_size(log, none_yet);
        const auto      since = none_yet ? 0 : size;

        child_options how;
        how.user         = user_;
        how.output       = log;
        how.death_signal = SIGINT;  // a fast shutdown
        std::vector<std::string> command{
            program("postgres"),         "-D", where_.data.string(), "-k",
            where_.socket_folder,        "-c", "listen_addresses=",  "-p",
            std::to_string(where_.port), "-c", "lc_messages=C"  // its last words are read, whatever
                                                                // its configuration says
        };
        auto started = child_process::start(loop_, command, how);
        if (!started) co_return std::move(started).error();
        server_ = std::move(*started);

        auto up = co_await comes_up(end);
        if (!up) co_return std::move(up).error();
        if (*up) co_return result<void>{};
        const auto why = last_words(since);
        if (!passes(why) || time_.now() >= end)
            co_return sorry(
                "PostgreSQL does not start in " + where_.data.string() + ": " +
                (why.empty() ? "it ended without a word" : why) + "; see " + log.string() +
                advice(why)
            );
        co_await clock->wait_until(time_.now() + 300ms);
    }
}

/// Whether it answers; false: it has ended. After a crash it reads its log first, and says so when
/// asked: that may take as long as it takes, and is never interrupted.
task<result<bool>> private_postgres::comes_up(steady_time end) {
    auto next_news = time_.now() + 10s;
    for (;;) {
        std::vector<std::string> question{
            program("pg_isready"),       "-q", "-h",      where_.socket_folder, "-p",
            std::to_string(where_.port), "-d", "postgres"
        };
        auto       answer = co_await run(std::move(question), 10s);
        const bool talks  = answer && answer->exit_code <= 1;  // 1: not yet. Source: pg_isready(1)
        // It answers; but is it ours, or an older one that is about to go?
        const bool ours =
            first_line_of(where_.data / "postmaster.pid") == std::to_string(server_->pid());
        auto ended = co_await with_timeout(time_, 100ms, run_until_end());
        if (ended) co_return false;
        if (talks && ours && answer->exit_code == 0) co_return true;
        if (talks && ours) end = std::max(end, time_.now() + start_limit);
        if (time_.now() >= end)
            co_return sorry(
                "PostgreSQL in " + where_.data.string() + " runs but does not answer; see " +
                (folder_ / "postgres.log").string()
            );
        if (time_.now() < next_news) continue;
        next_news = time_.now() + 10s;
        log_of("sandbox").info("PostgreSQL is starting and does not take questions yet");
    }
}

task<result<void>> private_postgres::make_database() {
    const auto ask = [&](const std::string& sql) {
        return run(
            {program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", where_.socket_folder, "-p",
             std::to_string(where_.port), "-U", superuser, "-d", "postgres", "-c", sql},
            30s
        );
    };
    std::string roles = "DO $$ BEGIN ";
    for (const auto& role : {where_.migrator, where_.writer, where_.reader})
        roles += "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '" + role +
                 "') THEN CREATE ROLE " + role + " LOGIN; END IF; ";
    roles     += "END $$";
    auto made  = co_await ask(roles);
    if (!made) co_return std::move(made).error();
    if (made->exit_code != 0)
        co_return sorry("the roles cannot be made: " + last_line(made->output));
    auto there =
        co_await ask("SELECT 'yes' FROM pg_database WHERE datname = '" + where_.database + "'");
    if (!there) co_return std::move(there).error();
    if (last_line(there->output) == "yes") co_return result<void>{};
    auto created = co_await ask("CREATE DATABASE " + where_.database + " OWNER " + where_.migrator);
    if (!created) co_return std::move(created).error();
    if (created->exit_code != 0)
        co_return sorry("the database cannot be made: " + last_line(created->output));
    co_return result<void>{};
}

task<result<int>> private_postgres::run_until_end() {
    co_return co_await server_->exited();
}

task<void> private_postgres::watch() {
    const auto clock = time_.make_bell();
    auto       pause = 200ms;
    for (;;) {
        const int code = co_await server_->exited();
        if (stopping_) co_return;
        log_of("sandbox").warn("PostgreSQL ended; starting it again code={}", code);
        auto up = co_await launch();
        if (up) {
            pause = 200ms;
            log_of("sandbox").info("PostgreSQL is back pid={}", pid());
            continue;
        }
        log_of("sandbox").error("PostgreSQL does not come back reason=\"{}\"", up.error().detail);
        co_await end_server();
        co_await clock->wait_until(time_.now() + pause);
        pause = std::min(pause * 2, 5000ms);
    }
}

result<void> private_postgres::write_store_env() const {
    const auto    path = folder_ / "store.env";
    std::ofstream out(path, std::ios::trunc);
    out << "host=" << where_.socket_folder << "\nport=" << where_.port
        << "\ndatabase=" << where_.database << "\nuser=" << where_.writer
        << "\nreader=" << where_.reader << "\nmigrator=" << where_.migrator << '\n';
    out.flush();
    if (!out) return sorry(path.string() + " cannot be written: " + std::strerror(errno));
    return {};
}

}  // namespace falconer::sandbox
