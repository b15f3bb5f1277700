#include "up_split.hpp"

#include "falconer/alerts/rule_text.hpp"
#include "falconer/value.hpp"
#include "free_port.hpp"
#include "listeners.hpp"

#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <iostream>

namespace falconer::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// The store's schema is the ingestor's to bring up to date, so it comes first.
constexpr const char* in_order[] = {"ingestor", "console", "admission", "controller"};

constexpr auto time_to_start = 120s;
constexpr auto time_to_end   = 20s;

/// Whatever a process of ours may run as, it is this very program.
std::string own_program() {
    std::error_code wrong;
    const auto      self = fs::read_symlink("/proc/self/exe", wrong);
    return wrong ? "falconer" : self.string();
}

/// Without taking its end from whoever waits for it.
bool has_ended(int pid) {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

std::string url_of(const asio::ip::tcp::endpoint& where) {
    return "http://" + endpoint_text(where);
}

value listen_of(const asio::ip::tcp::endpoint& where) {
    return value{{"listen", endpoint_text(where)}};
}

value drain_of(const net::http_server::farewell& how) {
    return value{
        {"accept", std::to_string(how.accept.count()) + "ms"},
        {"idle", std::to_string(how.idle.count()) + "ms"},
        {"limit", std::to_string(how.grace.count()) + "ms"},
    };
}

value store_of(const store_configuration& store, bool migrate) {
    auto hosts = value::list();
    hosts.push_back(store.postgres.host);
    return value{
        {"hosts", std::move(hosts)},
        {"port", std::int64_t{store.postgres.port}},
        {"database", store.postgres.database},
        {"user", store.postgres.user},
        {"reader", value{{"user", store.reader.user}}},
        {"migrator", value{{"user", store.migrator.user}}},
        {"dataFolder", store.data_folder},
        {"migrateAtStart", migrate},
        {"housekeeping", migrate},
    };
}

/// Of the demo: its one kind of receiver.
value alerts_of(const alerts_configuration& how) {
    auto receivers = value::list(), names = value::list(), rules = value::list();
    for (const auto& each : how.receivers)
        receivers.push_back(value{
            {"name", each.name},
            {"perMinute", std::int64_t{each.per_minute}},
            {"webhook", value{{"url", each.url}}},
        });
    for (const auto& each : how.default_receivers) names.push_back(each);
    for (const auto& each : how.rules) rules.push_back(alerts::value_of(each));
    return value{
        {"receivers", std::move(receivers)},
        {"defaultReceivers", std::move(names)},
        {"rules", std::move(rules)},
    };
}

void put_source(value& section, const rules_feed_options& how) {
    if (how.source.from.empty()) return;
    section["rulesSource"] = value{
        {"from", how.source.from},
        {"cache", how.cache.string()},
        {"every", std::to_string(how.every.count()) + "s"},
    };
}

value section_of(const configuration& how, const std::string& role) {
    if (role == "ingestor") {
        auto all        = listen_of(how.ingestor.listen);
        all["keysFile"] = how.ingestor.keys_file.string();
        all["dailyEvents"] =
            static_cast<std::int64_t>(how.ingestor.clusters.cluster.events_per_day);
        all["spool"] = value{{"directory", how.ingestor.spool.directory.string()}};
        all["drain"] = drain_of(how.ingestor.drain);
        return all;
    }
    if (role == "console") {
        auto all             = listen_of(how.console.listen);
        all["demoUsersFile"] = how.console.demo_users.string();
        all["drain"]         = drain_of(how.console.drain);
        return all;
    }
    if (role == "admission") {
        auto all          = listen_of(how.admission.listen);
        all["mode"]       = "url";
        all["namespace"]  = how.admission.namespace_name;
        all["kubeconfig"] = how.admission.kubeconfig.string();
        all["rules"]      = how.admission.rules.string();
        put_source(all, how.admission.rules_source);
        all["leaderElection"] = how.admission.leader_election;
        all["drain"]          = drain_of(how.admission.drain);
        return all;
    }
    value all{
        {"kubeconfig", how.controller.kubeconfig.string()},
        {"namespace", how.controller.namespace_name},
        {"seedName", how.controller.seed_name},
        {"rules", how.controller.rules.string()},
        {"leaderElection", how.controller.leader_election},
    };
    put_source(all, how.controller.rules_source);
    return all;
}

}  // namespace

std::string configuration_text(const configuration& how, const std::string& role) {
    const auto& central = how.falco.central;
    value       all{
              {"apiVersion", "falco.extensions.config.gardener.cloud/v1alpha1"},
              {"kind", "Configuration"},
              {"falco",
               value{
                   {"centralStorage",
                    value{
                        {"enabled", central.enabled},
                        {"url", central.url},
                        {"tokenIssuerPrivateKeyFile", central.token_issuer.file},
              }},
         }},
              {"heartbeat", value{{"secretFile", how.ingestor.heartbeat_secret.string()}}},
              {"metrics", listen_of(how.metrics)},
              {"health", listen_of(how.health)},
              {"logging", value{{"level", "info"}}},
    };
    if (role == "ingestor" || role == "console") {
        all["store"]  = store_of(how.store, role == "ingestor");
        all["alerts"] = alerts_of(how.alerts);
    }
    if (role == "controller") {
        auto ingestors = value::list();
        ingestors.push_back(url_of(how.ingestor.listen));
        all["peers"] = value{{"ingestors", std::move(ingestors)}};
    }
    all[role] = section_of(how, role);
    return yaml_text(all);
}

split_processes::split_processes(asio::any_io_executor loop, time_source& time, options opt)
    : loop_(loop), time_(time), opt_(std::move(opt)), scope_(loop) {}

fs::path split_processes::file_of(const std::string& name, const char* kind) const {
    return opt_.folder / (name + kind);
}

result<void> split_processes::write(const std::string& name, const role& of) const {
    auto how           = opt_.how;
    how.health         = of.health;
    how.metrics        = free_near({of.health.address(), 8090});
    const auto    file = file_of(name, ".yaml");
    std::ofstream out(file, std::ios::trunc);
    out << configuration_text(how, name);
    out.close();
    if (!out) return failure{errc::broken, file.string() + " cannot be written"};
    return {};
}

result<void> split_processes::begin(const std::string& name, role& of) {
    // Its port for health is another one each time, if that one is taken.
    of.health = free_near({asio::ip::address_v4::loopback(), 8081});
    if (auto done = write(name, of); !done) return done;
    auto started = sandbox::child_process::start(
        loop_,
        {own_program(), "serve", "--config", file_of(name, ".yaml").string(), "--roles", name},
        {.output = file_of(name, ".log"), .death_signal = SIGTERM}
    );
    if (!started) return std::move(started).error();
    of.process = std::move(*started);
    return {};
}

task<result<void>> split_processes::start() {
    std::error_code wrong;
    fs::create_directories(opt_.folder, wrong);
    auto client = net::make_http_client(loop_, time_, {.connect = 1s, .answer = 5s});
    if (!client) co_return std::move(client).error();
    client_ = std::move(*client);
    for (const std::string name : in_order) {
        auto& one = roles_[name];
        if (auto begun = begin(name, one); !begun) co_return begun;
        auto ready = co_await until_ready(name, one);
        if (!ready) co_return ready;
        scope_.spawn("process " + name, keep(name));
    }
    co_return result<void>{};
}

task<result<void>> split_processes::until_ready(const std::string& name, const role& of) {
    const auto            clock = time_.make_bell();
    const auto            end   = time_.now() + time_to_start;
    const net::http_place where{.host = of.health.address().to_string(), .port = of.health.port()};
    while (time_.now() < end) {
        net::http_request ask{.target = "/readyz/" + name};
        const auto        answer = co_await client_->send(where, std::move(ask));
        if (answer && answer->status == 200) co_return result<void>{};
        if (has_ended(of.process->pid())) break;
        co_await clock->wait_until(time_.now() + 100ms);
    }
    co_return failure{
        errc::unavailable,
        "the role " + name + " does not get ready; why, is in " + file_of(name, ".log").string()
    };
}

/// Whoever is killed comes again, as under Kubernetes.
task<void> split_processes::keep(std::string name) {
    const auto clock = time_.make_bell();
    auto&      one   = roles_.at(name);
    for (;;) {
        const int code = co_await one.process->exited();
        if (stopping_) co_return;
        std::cout << "\n"
                  << name << " has ended (" << code << ") and is started again" << std::endl;
        co_await clock->wait_until(time_.now() + 1s);
        if (stopping_) co_return;
        if (auto begun = begin(name, one); !begun) {
            std::cerr << name << " cannot be started: " << begun.error().detail << std::endl;
            co_await clock->wait_until(time_.now() + 10s);
        }
    }
}

void split_processes::signal(int which) {
    for (auto& [name, one] : roles_)
        if (one.process) one.process->signal(which);
}

task<void> split_processes::stop() {
    stopping_ = true;
    signal(SIGTERM);
    auto all   = scope_.drained();
    auto ended = [](task<void> work) -> task<result<void>> {
        co_await std::move(work);
        co_return result<void>{};
    }(std::move(all));
    auto in_time = co_await with_timeout(time_, time_to_end, std::move(ended));
    if (!in_time) signal(SIGKILL);
    co_await scope_.stop();
    roles_.clear();
}

std::string split_processes::report() const {
    std::string all;
    for (const auto& [name, one] : roles_)
        all += "  " + name + std::string(12 - std::min<std::size_t>(name.size(), 11), ' ') +
               "pid " + std::to_string(one.process ? one.process->pid() : 0) + "  " +
               url_of(one.health) + "/readyz  " + file_of(name, ".log").string() + "\n";
    return all;
}

}  // namespace falconer::app
