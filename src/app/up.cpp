#include "up.hpp"

#include "falconer/net/jwt.hpp"
#include "free_port.hpp"
#include "kubectl.hpp"
#include "sandbox/fleet/demo_files.hpp"
#include "shell_word.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace falconer::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A free port may be taken before we listen there; not again and again.
constexpr int tries_for_ports = 5;

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

configuration configuration_in(const fs::path& data) {
    configuration how;
    const auto    local          = asio::ip::address_v4::loopback();
    how.has_admission            = true;
    how.store.data_folder        = (data / "postgres").string();
    how.ingestor.listen          = {local, 3200};
    how.ingestor.keys_file       = data / "keys" / "keys.yaml";
    how.ingestor.spool.directory = data / "spool";
    how.metrics                  = {local, 8080};
    how.health                   = {local, 8081};
    how.admission.listen         = {local, 10250};
    how.has_console              = true;
    how.console.listen           = {local, 8443};
    how.console.demo_users       = data / "keys" / "console-users.yaml";
    return how;
}

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
    const auto beats = folder / "heartbeat.secret";
    if (!fs::exists(beats)) {
        // Of two random UUIDs 244 bits are random.
        const auto made = uuid::random().text() + uuid::random().text() + "\n";
        if (auto done = write_file(beats, made, 0600); !done) return done;
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

/// The demo's rules of every version that the demo's profile names.
result<void> up_application::write_rules() const {
    const auto profile = parse_yaml(sandbox::demo_file("examples/profile.yaml"));
    if (!profile) return profile.error();
    for (const auto& each : profile->find_path({"spec", "versions", "falco"})->items()) {
        const auto      version = std::string(each.text_at({"rulesVersion"}));
        const auto      text    = sandbox::demo_file("rules/demo/" + version + "/falco_rules.yaml");
        const auto      folder  = opt_.data / "rules" / version;
        std::error_code wrong;
        fs::create_directories(folder, wrong);
        if (auto done = write_file(folder / "falco_rules.yaml", std::string(text), 0600); !done)
            return done;
    }
    return {};
}

configuration up_application::configure() const {
    auto        how             = configuration_in(opt_.data);
    const auto& place           = postgres_->where();
    how.store.postgres.host     = place.socket_folder;
    how.store.postgres.port     = place.port;
    how.store.postgres.database = place.database;
    how.store.postgres.user     = place.writer;
    how.store.reader.user       = place.reader;
    how.store.migrator.user     = place.migrator;
    how.store.migrate_at_start  = true;
    how.ingestor.drain          = {.accept = 0s, .idle = 1s, .grace = 10s};
    // The demo's clusters talk more than real ones.
    how.ingestor.clusters.cluster.events_per_day = 1'000'000;

    how.ingestor.listen = free_near(opt_.listen);
    how.metrics         = free_near(how.metrics);
    how.health          = free_near(how.health);
    how.logging.level   = spdlog::level::warn;

    how.controller.kubeconfig      = kubernetes_->kubeconfig_file();
    how.controller.namespace_name  = "garden";
    how.controller.rules           = opt_.data / "rules";
    how.controller.leader_election = false;  // a start after a crash need not wait
    how.admission.rules            = how.controller.rules;
    if (!opt_.rules_from.empty()) {
        how.controller.rules_source.source.from = opt_.rules_from;
        how.controller.rules_source.every       = 60s;
        how.admission.rules_source              = how.controller.rules_source;
        how.controller.rules_source.cache       = opt_.data / "pulled-rules" / "controller";
        how.admission.rules_source.cache        = opt_.data / "pulled-rules" / "admission";
    }
    how.admission.kubeconfig        = kubernetes_->kubeconfig_file();
    how.admission.namespace_name    = "garden";
    how.admission.leader_election   = false;
    how.admission.mode              = webhook_mode::url;  // there are no Services here
    how.admission.listen            = free_near(how.admission.listen);
    how.admission.drain             = {.accept = 0s, .idle = 1s, .grace = 10s};
    how.falco.central.enabled       = true;
    how.falco.central.url           = "http://" + endpoint_text(how.ingestor.listen) + "/v1/events";
    how.falco.central.token_issuer  = {.file = (opt_.data / "keys" / "key.pem").string()};
    how.ingestor.heartbeat_secret   = opt_.data / "keys" / "heartbeat.secret";
    how.falco.heartbeat_secret_file = how.ingestor.heartbeat_secret.string();
    how.console.listen              = free_near(how.console.listen);
    how.console.garden              = {.asked = true, .kubeconfig = kubernetes_->kubeconfig_file()};
    how.console.drain               = {.accept = 0s, .idle = 0s, .grace = 5s};
    how.alerts                      = receiver_->alerts();
    return how;
}

/// For curl, of a cluster that is nobody's.
fs::path up_application::header_file() const {
    return opt_.data / "token.header";
}

std::string up_application::token_for(const cluster_identity& who) const {
    const net::jwt_request what{
        .cluster = who.text, .now = time_.utc(), .id = uuid::random().text()
    };
    return net::issue_jwt(what, *key_, {});
}

task<result<void>> up_application::start() {
    // Nothing is made, and nothing is said to be, before all that can be known has been looked at.
    if (auto set = clock_is_set(time_.utc()); !set) co_return std::move(set).error();
    std::error_code wrong;
    const auto      place = fs::weakly_canonical(fs::absolute(opt_.data, wrong), wrong);
    if (auto can = sandbox::private_postgres::possible_in(place); !can)
        co_return std::move(can).error();
    if (auto done = claim_folder(); !done) co_return std::move(done).error();
    if (auto done = make_keys(); !done) co_return std::move(done).error();
    const bool again = fs::exists(opt_.data / "postgres" / "PG_VERSION");
    std::cout << (again ? "Starting PostgreSQL on the data in " : "Making a PostgreSQL in ")
              << opt_.data.string() << " …" << std::endl;
    auto postgres = co_await sandbox::private_postgres::start(loop_, time_, opt_.data);
    if (!postgres) co_return std::move(postgres).error();
    postgres_ = std::move(*postgres);

    if (auto done = write_rules(); !done) co_return std::move(done).error();
    if (auto done = start_landscape(); !done) co_return std::move(done).error();
    scope_.spawn("gardenlet", gardenlet_->run());
    scope_.spawn("resource manager", resource_manager_->run());
    scope_.spawn("archive", kubernetes_->keep_archive());
    if (auto done = write_console_users(); !done) co_return std::move(done).error();
    receiver_.emplace(loop_, time_, opt_.data / "alerts.log");
    if (auto up = receiver_->start(); !up) co_return std::move(up).error();
    if (auto up = co_await start_server(); !up) co_return std::move(up).error();

    sandbox::demo_fleet::options fleet;
    fleet.to = {
        .host = opt_.listen.address().is_unspecified() ? "127.0.0.1"
                                                       : opt_.listen.address().to_string(),
        .port = ingest_port()
    };
    fleet.events_per_second = opt_.rate;
    fleet.heartbeat_key     = [this](const auto& who) { return heartbeat_key_of(who); };
    fleet.acknowledged_log  = opt_.acknowledged_log;
    fleet_                  = std::make_unique<sandbox::demo_fleet>(
        loop_, time_, std::move(fleet), [this](const auto& who) { return token_of(who); }
    );
    if (auto going = fleet_->start(); !going) co_return std::move(going).error();
    scope_.spawn("fleet", gather());
    // A token is too long to be read, and nothing for a terminal's memory.
    const auto header = "Authorization: Bearer " + token_for({"my-first-cluster"}) + "\n";
    if (auto done = write_file(header_file(), header, 0600); !done) co_return done;
    co_await greet();
    scope_.spawn("line", show());
    co_return result<void>{};
}

unsigned short up_application::ingest_port() const {
    return server_ ? server_->ingestor()->port() : split_how_.ingestor.listen.port();
}

task<result<void>> up_application::start_split() {
    split_how_                      = configure();
    split_how_.controller.seed_name = "sandbox";
    split_                          = std::make_unique<split_processes>(
        loop_, time_, split_processes::options{.folder = opt_.data / "split", .how = split_how_}
    );
    co_return co_await split_->start();
}

task<result<void>> up_application::start_server() {
    if (opt_.split) co_return co_await start_split();
    for (int tries = 1;; ++tries) {
        server_ = std::make_unique<server>(loop_, time_, configure(), roles_built());
        auto up = co_await server_->start();
        if (up || up.error().code != errc::conflict || tries == tries_for_ports) co_return up;
        co_await server_->stop();
    }
}

std::string up_application::places_of_roles() const {
    if (split_) return split_->report();
    const auto at = [](unsigned short port) {
        return "http://" + endpoint_text({asio::ip::address_v4::loopback(), port});
    };
    return "  metrics   " + at(server_->metrics_port()) + "/metrics\n  health    " +
           at(server_->health_port()) + "/readyz\n";
}

task<void> up_application::greet() const {
    const auto kubectl = co_await usable_kubectl(loop_, time_);
    const auto at      = [&](const asio::ip::address& address, unsigned short port) {
        return "http://" + endpoint_text({address, port});
    };
    const auto here = at(opt_.listen.address(), ingest_port());
    std::cout << "\nFalconer is up. Ctrl-C stops everything; a second start on the same folder "
                 "finds its data again.\n\n"
              << console_greeting() << "  events    " << here << "/v1/events\n"
              << places_of_roles() << receiver_->greeting()
              << "  shoots    KUBECONFIG=" << shell_word(kubernetes_->kubeconfig_file().string())
              << ' ' << kubectl << " get shoots,extensions -A\n"
              << "  data      " << opt_.data.string() << "  (PostgreSQL "
              << postgres_->where().version << ", spool, keys)\n\n"
              << "Post an event yourself:\n\n"
              << "  curl -i " << here
              << "/v1/events \\\n    -H 'Content-Type: application/json' \\\n    -H "
              << shell_word("@" + header_file().string())
              << " \\\n    -d '{\"rule\":\"My first "
                 "rule\",\"priority\":\"Warning\",\"time\":\"'$(date -u +%FT%TZ)'\","
              << "\"output\":\"Hello\",\"output_fields\":{\"proc.name\":\"cat\"}}'\n\n"
              << "and see it counted:\n\n  " << shell_word(own_name()) << " db status --data "
              << shell_word(opt_.data.string()) << "\n"
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
        const auto*           here  = server_ ? server_->ingestor() : nullptr;
        const auto            spool = here != nullptr ? here->spool_now() : spool_status{};
        sandbox::live_figures figures{
            .events     = seen.acknowledged,
            .per_second = static_cast<double>(seen.acknowledged - before) /
                          static_cast<double>(every.count()),
            .p50_ms     = seen.p50_ms,
            .p99_ms     = seen.p99_ms,
            .clusters   = fleet_->size(),
            .lost       = seen.refused + seen.failed,
            .spooled    = spool.pending,
            .store_away = here != nullptr && here->store_is_away(),
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
    if (split_) split_->signal(SIGHUP);
}

task<void> up_application::drain() {
    co_await scope_.stop();
    if (std::exchange(line_open_, false)) std::cout << std::endl;
    std::cout << "Stopping …" << std::endl;
    if (fleet_) co_await fleet_->stop();
    if (server_) co_await server_->drain();
    if (split_) co_await split_->stop();
}

void up_application::hurry() {
    if (postgres_) postgres_->hurry();
}

task<void> up_application::stop() {
    co_await scope_.stop();
    if (fleet_) co_await fleet_->stop();
    if (server_) co_await server_->stop();
    if (split_) co_await split_->stop();
    if (receiver_) co_await receiver_->stop();
    if (kubernetes_) co_await kubernetes_->stop();
    if (gardenlet_)
        if (const auto kept = kubernetes_->write_archive(); !kept)
            std::cerr << "warning: " << kept.error().detail << std::endl;
    if (postgres_) {
        co_await postgres_->stop();
        std::cout << "Stopped. The data stays in " << opt_.data.string() << std::endl;
    }
}

}  // namespace falconer::app
