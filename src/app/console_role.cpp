#include "console_role.hpp"

#include "console/documents.hpp"
#include "falconer/log.hpp"

#include <utility>

namespace falconer::app {
namespace {

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
    asio::any_io_executor loop, time_source& time, const store_configuration& store,
    const console_configuration& how
)
    : loop_(loop), time_(time), opt_(how), store_(loop, time, queries_of(store, how)),
      stores_({&store_}), desk_(loop, time, store_, store.postgres), desks_({&desk_}),
      replay_(loop, time, store.postgres) {}

console::handler::options console_role::handler_options(std::vector<console::user> users) const {
    console::handler::options opt;
    opt.sign_in.users   = std::move(users);
    opt.sign_in.life    = opt_.session;
    opt.tls             = opt_.tls.has_value();
    opt.frame_ancestors = joined(opt_.frame_ancestors);
    opt.hosts           = opt_.hosts;
    opt.version         = FALCONER_VERSION;
    // A name that leads here but is not ours is somebody's trick: pages of other sites would be
    // ours.
    if (opt.hosts.empty() && opt_.listen.address().is_loopback())
        opt.hosts = {"localhost", "127.0.0.1", "::1"};
    return opt;
}

result<void> console_role::start() {
    if (!opt_.listen.address().is_loopback())
        return failure{
            errc::broken,
            "console.listen: demo users sign in over loopback only: listen at 127.0.0.1"
        };
    auto users = read_demo_users(opt_.demo_users);
    if (!users) return std::move(users).error().while_doing("console.demoUsersFile");
    handler_.emplace(loop_, time_, stores_, replay_, handler_options(std::move(*users)));
    handler_->use(desks_);
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

task<void> console_role::drain() {
    if (endpoint_) co_await endpoint_->drain(opt_.drain);
}

task<void> console_role::stop() {
    listening_ = false;
    if (endpoint_) co_await endpoint_->stop();
}

std::vector<std::string> console_role::not_ready() const {
    if (!listening_) return {"starting"};
    return {};
}

}  // namespace falconer::app
