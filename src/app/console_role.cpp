#include "console_role.hpp"

#include "chance.hpp"
#include "clock_gauge.hpp"
#include "console/documents.hpp"
#include "falconer/log.hpp"
#include "falconer/read_file.hpp"
#include "k8s/kube_client.hpp"

#include <utility>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

store::pg_event_queries::options queries_of(
    const store_configuration& store, const console_configuration& how
) {
    store::pg_event_queries::options opt;
    opt.pool.postgres    = store.at_replica();
    opt.pool.connections = how.connections;
    return opt;
}

std::string joined(const std::vector<std::string>& all) {
    std::string text;
    for (const auto& each : all) text += (text.empty() ? "" : " ") + each;
    return text.empty() ? "'none'" : text;
}

}  // namespace

console_role::console_role(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    const store_configuration& store, const console_configuration& how,
    const alerts_configuration& alerts
)
    : loop_(loop), time_(time), opt_(how), store_(loop, time, queries_of(store, how)),
      stores_({&store_}), counts_({&store_}), provider_({&store_}),
      desk_(loop, time, store_, store.postgres), desks_({&desk_}),
      incidents_(loop, time, store_, store.postgres), alerts_(loop, time, store_, store.postgres),
      previews_(loop, time, stores_, {}), ground_(alerts.ground()),
      replay_(loop, time, store.postgres), metrics_(metrics), scope_(loop) {}

console::handler::options console_role::handler_options(std::vector<console::user> users) const {
    console::handler::options opt;
    opt.sign_in.users   = std::move(users);
    opt.sign_in.life    = opt_.session;
    opt.tls             = opt_.tls.has_value();
    opt.frame_ancestors = joined(opt_.frame_ancestors);
    opt.hosts           = opt_.hosts;
    opt.limits          = opt_.limits;
    opt.audit_reads     = opt_.audit_reads;
    opt.box             = box_;
    opt.version         = FALCONER_VERSION;
    // A name that leads here but is not ours is somebody's trick: pages of other sites would be
    // ours.
    if (opt.hosts.empty() && opt_.listen.address().is_loopback())
        opt.hosts = {"localhost", "127.0.0.1", "::1"};
    return opt;
}

/// It need not answer yet.
result<void> console_role::ask_garden() {
    const auto& file   = opt_.garden.kubeconfig;
    auto        access = file.empty() ? k8s::in_cluster_access() : k8s::read_kubeconfig_file(file);
    if (!access) return std::move(access).error().while_doing("console.garden.kubeconfig");
    // Somebody waits for each answer.
    k8s::kube_client_options how{.answer = 10s, .patience = 2};
    how.chance  = chance;
    how.skewed  = clock_gauge(metrics_, "console", "garden");
    how.metrics = &metrics_;
    how.cluster = "console garden";
    auto made   = k8s::make_kube_client(loop_, time_, std::move(*access), std::move(how));
    if (!made) return std::move(made).error().while_doing("console.garden.kubeconfig");
    garden_ = std::move(*made);
    console::garden_access::options opt;
    opt.keep      = opt_.garden.keep;
    opt.landscape = opt_.garden.landscape;
    access_.emplace(loop_, time_, *garden_, std::move(opt));
    access_->start();
    return {};
}

result<void> console_role::read_session_key() {
    const auto& file = opt_.session_key;
    if (file.empty()) return {};
    constexpr std::size_t least = 32, most = 4096;
    auto                  read = read_file(file, most);
    if (!read)
        return failure{read.error().code, file.string() + ": " + read.error().detail}.while_doing(
            "console.sessionKeyFile"
        );
    if (read->size() < least)
        return failure{errc::broken, "console.sessionKeyFile: fewer than 32 bytes can be guessed"};
    box_.emplace(secret(std::move(*read)));
    return {};
}

/// Nor need that.
result<void> console_role::sign_in_elsewhere() {
    net::http_client::options how;
    how.answer     = 10s;
    how.body_bytes = 1024 * 1024;
    how.ca         = opt_.oidc.ca.string();
    auto made      = net::make_http_client(loop_, time_, std::move(how));
    if (!made) return std::move(made).error().while_doing("console.oidc.caFile");
    web_           = std::move(*made);
    const auto box = box_ ? *box_ : net::sealed_box::with_random_key();
    oidc_.emplace(time_, *web_, box, opt_.oidc.how);
    handler_->sign_in_at(*oidc_);
    return {};
}

/// Where the store has clusters of other gardens, a project of the same name may be theirs.
void console_role::forget_past_projects() {
    if (!access_ || !opt_.garden.landscape.empty()) return;
    past_.emplace(
        time_, alerts_, [this] { return access_->begun(); }, console::past_projects::options{}
    );
    scope_.keep("past projects", time_, [this] { return past_->run(); });
}

result<void> console_role::start() {
    std::vector<console::user> users;
    if (!opt_.demo_users.empty()) {
        if (!opt_.listen.address().is_loopback())
            return failure{
                errc::broken,
                "console.listen: demo users sign in over loopback only: listen at 127.0.0.1"
            };
        auto read = read_demo_users(opt_.demo_users);
        if (!read) return std::move(read).error().while_doing("console.demoUsersFile");
        users = std::move(*read);
    }
    if (opt_.garden.asked)
        if (auto done = ask_garden(); !done) return done;
    if (auto done = read_session_key(); !done) return done;
    handler_.emplace(loop_, time_, stores_, replay_, handler_options(std::move(users)));
    handler_->use(desks_);
    handler_->use(incidents_);
    handler_->use(alerts_, previews_, ground_);
    handler_->use(counts_);
    handler_->use(provider_);
    if (access_) handler_->let_in_by(*access_);
    forget_past_projects();
    if (opt_.oidc.asked)
        if (auto done = sign_in_elsewhere(); !done) return done;
    endpoint_.emplace("console", loop_, time_, opt_.http, *handler_);
    auto listening = endpoint_->start(opt_.listen, opt_.tls);
    if (!listening) return std::move(listening).error().while_doing("console.listen");
    listening_ = true;
    log_of("app").info(
        "the console listens address={} tls={} page={}",
        endpoint_text({opt_.listen.address(), port()}), opt_.tls.has_value(),
        console::page_is_built()
    );
    return {};
}

void console_role::reload() {
    if (endpoint_) endpoint_->reload();
}

void console_role::use(const alerts_configuration& alerts) {
    ground_ = alerts.ground();
    if (handler_) handler_->use(alerts_, previews_, ground_);
}

task<void> console_role::drain() {
    if (endpoint_) co_await endpoint_->drain(opt_.drain);
}

task<void> console_role::stop() {
    listening_ = false;
    if (endpoint_) co_await endpoint_->stop();
    co_await scope_.stop();
    if (access_) co_await access_->stop();
}

std::vector<std::string> console_role::not_ready() const {
    if (!listening_) return {"starting"};
    std::vector<std::string> why;
    if (access_)
        if (auto missing = access_->missing()) why.push_back(std::move(*missing));
    return why;
}

}  // namespace falconer::app
