#include "up.hpp"

#include "falconer/net/jwt.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <asio/ip/tcp.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace falconer::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// The address, or another port of it where that one is taken.
asio::ip::tcp::endpoint free_near(asio::io_context& scratch, asio::ip::tcp::endpoint wanted) {
    std::error_code         taken;
    asio::ip::tcp::acceptor probe(scratch);
    probe.open(wanted.protocol(), taken);
    probe.set_option(asio::socket_base::reuse_address(true), taken);
    probe.bind(wanted, taken);
    if (taken) wanted.port(0);
    return wanted;
}

std::size_t terminal_width() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col - 1U
                                                                              : 79U;
}

failure cannot(const fs::path& what, const char* how) {
    return failure{
        errc::broken, what.string() + " cannot be " + how + ": " + std::strerror(errno) +
                          "; choose another --data"
    };
}

std::string contents_of(const fs::path& file) {
    std::ifstream      in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

result<void> write_file(const fs::path& file, const std::string& text, mode_t mode) {
    const int number = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (number < 0) return cannot(file, "written");
    const bool good =
        ::write(number, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(number) == 0;
    ::close(number);
    if (!good) return cannot(file, "written");
    return {};
}

/// How to call this program: by its name where the shell would find it, else by its place.
std::string own_name() {
    std::error_code   wrong;
    const auto        self = fs::read_symlink("/proc/self/exe", wrong);
    const char*       path = std::getenv("PATH");
    std::stringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');)
        if (fs::equivalent(fs::path(folder) / "falconer", self, wrong)) return "falconer";
    return self.empty() ? "falconer" : self.string();
}

}  // namespace

up_application::up_application(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(loop), time_(time), opt_(std::move(opt)), scope_(loop) {}

up_application::~up_application() {
    if (lock_ >= 0) ::close(lock_);
}

/// One `up` per folder; the lock ends with us, however we end.
result<void> up_application::claim_folder() {
    std::error_code wrong;
    fs::create_directories(opt_.data, wrong);
    if (wrong) {
        errno = wrong.value();
        return cannot(opt_.data, "made");
    }
    opt_.data       = fs::canonical(opt_.data, wrong);
    const auto path = opt_.data / "lock";
    lock_           = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) return cannot(path, "written");
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
        return failure{
            errc::conflict, "another `falconer up` uses " + opt_.data.string() + " (pid " +
                                contents_of(path) + "); stop it, or choose another --data"
        };
    const auto pid = std::to_string(::getpid());
    if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, pid.data(), pid.size(), 0) < 0)
        return cannot(path, "written");
    return {};
}

result<void> up_application::make_keys() {
    const auto folder = opt_.data / "keys";
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot(folder, "made");
    const auto file = folder / "key.pem";
    if (!fs::exists(file)) {
        auto made = net::private_key::generate(2048);
        if (!made) return std::move(made).error();
        if (auto done = write_file(file, made->pem().reveal(), 0600); !done) return done;
    }
    auto key = net::private_key::parse(contents_of(file));
    if (!key)
        return failure{
            errc::malformed,
            file.string() + ": " + key.error().detail + "; remove it and a new one is made"
        };
    key_ = std::move(*key);
    return write_file(
        folder / "keys.yaml", net::go_keys_file({{key_->its_public(), "2026-01-01T00:00:00Z"}}),
        0600
    );
}

configuration up_application::configure() const {
    configuration how;
    const auto&   place          = postgres_->where();
    how.store.postgres.host      = place.socket_folder;
    how.store.postgres.port      = place.port;
    how.store.postgres.database  = place.database;
    how.store.postgres.user      = place.writer;
    how.store.reader.user        = place.reader;
    how.store.migrator.user      = place.migrator;
    how.store.migrate_at_start   = true;
    how.store.data_folder        = place.data.string();
    how.ingestor.keys_file       = opt_.data / "keys" / "keys.yaml";
    how.ingestor.spool.directory = opt_.data / "spool";
    how.ingestor.drain           = {.accept = 0s, .idle = 1s, .grace = 10s};
    // The demo's clusters talk more than real ones.
    how.ingestor.clusters.cluster.events_per_day = 1'000'000;

    asio::io_context scratch;
    const auto       local = asio::ip::address_v4::loopback();
    how.ingestor.listen    = free_near(scratch, opt_.listen);
    how.metrics            = free_near(scratch, {local, 8080});
    how.health             = free_near(scratch, {local, 8081});
    how.logging.level      = spdlog::level::warn;
    return how;
}

std::string up_application::token_for(const cluster_identity& who) const {
    const net::jwt_request what{
        .cluster = who.text, .now = time_.utc(), .id = uuid::random().text()
    };
    return net::issue_jwt(what, *key_, {});
}

task<result<void>> up_application::start() {
    if (auto done = claim_folder(); !done) co_return std::move(done).error();
    if (auto done = make_keys(); !done) co_return std::move(done).error();
    const bool again = fs::exists(opt_.data / "postgres" / "PG_VERSION");
    std::cout << (again ? "Starting PostgreSQL on the data in " : "Making a PostgreSQL in ")
              << opt_.data.string() << " …" << std::endl;
    auto postgres = co_await sandbox::private_postgres::start(loop_, time_, opt_.data);
    if (!postgres) co_return std::move(postgres).error();
    postgres_ = std::move(*postgres);

    server_ = std::make_unique<server>(loop_, time_, configure(), roles_built());
    auto up = co_await server_->start();
    if (!up) co_return std::move(up).error();

    sandbox::demo_fleet::options fleet;
    fleet.to = {
        .host = opt_.listen.address().is_unspecified() ? "127.0.0.1"
                                                       : opt_.listen.address().to_string(),
        .port = server_->ingestor()->port()
    };
    fleet.clusters          = opt_.shoots;
    fleet.events_per_second = opt_.rate;
    fleet.acknowledged_log  = opt_.acknowledged_log;
    fleet_                  = std::make_unique<sandbox::demo_fleet>(
        loop_, time_, std::move(fleet), [this](const auto& who) { return token_for(who); }
    );
    if (auto going = fleet_->start(); !going) co_return std::move(going).error();
    greet();
    scope_.spawn("line", show());
    co_return result<void>{};
}

void up_application::greet() const {
    const auto at = [&](const asio::ip::address& address, unsigned short port) {
        return "http://" + endpoint_text({address, port});
    };
    const auto here  = at(opt_.listen.address(), server_->ingestor()->port());
    const auto local = asio::ip::address_v4::loopback();
    std::cout << "\nFalconer is up. Ctrl-C stops everything; a second start on the same folder "
                 "finds its data again.\n\n"
              << "  events    " << here << "/v1/events\n"
              << "  metrics   " << at(local, server_->metrics_port()) << "/metrics\n"
              << "  health    " << at(local, server_->health_port()) << "/readyz\n"
              << "  data      " << opt_.data.string() << "  (PostgreSQL "
              << postgres_->where().version << ", spool, keys)\n\n"
              << "Post an event yourself:\n\n"
              << "  curl -i " << here
              << "/v1/events \\\n    -H 'Content-Type: application/json' \\\n    -H "
                 "'Authorization: Bearer "
              << token_for({"my-first-cluster"})
              << "' \\\n    -d '{\"rule\":\"My first "
                 "rule\",\"priority\":\"Warning\",\"time\":\"'$(date -u +%FT%TZ)'\","
              << "\"output\":\"Hello\",\"output_fields\":{\"proc.name\":\"cat\"}}'\n\n"
              << "and see it counted:\n\n  " << own_name() << " db status --data "
              << opt_.data.string() << "\n"
              << std::endl;
}

task<void> up_application::show() {
    const bool    terminal = ::isatty(STDOUT_FILENO) == 1;
    const auto    every    = terminal ? 1s : 10s;
    const auto    clock    = time_.make_bell();
    std::uint64_t before   = 0;
    for (;;) {
        co_await clock->wait_until(time_.now() + every);
        const auto            seen  = fleet_->seen();
        const auto            spool = server_->ingestor()->spool_now();
        sandbox::live_figures figures{
            .events     = seen.acknowledged,
            .per_second = static_cast<double>(seen.acknowledged - before) /
                          static_cast<double>(every.count()),
            .p50_ms     = seen.p50_ms,
            .p99_ms     = seen.p99_ms,
            .clusters   = opt_.shoots,
            .lost       = seen.refused + seen.failed,
            .spooled    = spool.pending,
            .store_away = server_->ingestor()->store_is_away(),
        };
        before = seen.acknowledged;
        if (terminal) {
            std::cout << "\r\x1b[K" << live_line(figures, terminal_width()) << std::flush;
            line_open_ = true;
        } else {
            std::cout << live_line(figures, 200) << std::endl;
        }
    }
}

void up_application::reload() {
    if (server_) server_->reload();
}

task<void> up_application::drain() {
    co_await scope_.stop();
    if (std::exchange(line_open_, false)) std::cout << std::endl;
    std::cout << "Stopping …" << std::endl;
    if (fleet_) co_await fleet_->stop();
    if (server_) co_await server_->drain();
}

task<void> up_application::stop() {
    co_await scope_.stop();
    if (fleet_) co_await fleet_->stop();
    if (server_) co_await server_->stop();
    if (postgres_) {
        co_await postgres_->stop();
        std::cout << "Stopped. The data stays in " << opt_.data.string() << std::endl;
    }
}

}  // namespace falconer::app
