#include "server.hpp"

#include "falconer/log.hpp"
#include "store_check.hpp"

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// For probes and scrapers: few, small, local.
net::http_server::options small_server() {
    net::http_server::options opt;
    opt.limits.body_bytes = 1024;
    opt.body_budget       = 64 * 1024;
    opt.connections       = 64;
    return opt;
}

/// Years before this program was written mean that nobody has set the clock.
constexpr utc_time earliest_sane{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};

}  // namespace

const std::set<std::string>& roles_built() {
    static const std::set<std::string> roles{"ingestor"};
    return roles;
}

const std::set<std::string>& roles_known() {
    static const std::set<std::string> roles{"admission", "console", "controller", "ingestor"};
    return roles;
}

server::server(
    asio::any_io_executor loop, time_source& time, configuration how, std::set<std::string> roles
)
    : loop_(loop), time_(time), how_(std::move(how)), roles_(std::move(roles)),
      page_(
          metrics_,
          [this] {
              if (ingestor_) ingestor_->refresh_metrics();
          }
      ),
      metrics_endpoint_("metrics", loop, time, small_server(), page_),
      health_endpoint_("health", loop, time, small_server(), health_), scope_(loop) {}

server::~server() = default;

task<result<void>> server::start() {
    if (time_.utc() < earliest_sane) {
        const auto now = text_of(event_time_of(time_.utc()));
        co_return failure{
            errc::broken, "the clock says " + now +
                              ": set it first, or every token is refused or accepted wrongly"
        };
    }
    for (const auto& name : how_.unread)
        log_of("app").warn(
            "a section of the configuration belongs to roles that this build does not have "
            "section={}",
            name
        );

    auto prepared = co_await prepare_store(loop_, time_, how_.store);
    if (!prepared && !worth_retrying(prepared.error())) co_return std::move(prepared).error();
    if (!prepared)
        log_of("app").warn(
            "the store is away; events go to the spool until it is back reason=\"{}\"",
            prepared.error().detail
        );

    if (auto up = health_endpoint_.start(how_.health); !up)
        co_return std::move(up).error().while_doing("health.listen");
    if (auto up = metrics_endpoint_.start(how_.metrics); !up)
        co_return std::move(up).error().while_doing("metrics.listen");
    if (roles_.contains("ingestor")) {
        ingestor_.emplace(loop_, time_, metrics_, how_.store, how_.ingestor);
        health_.add("ingestor", [this] { return ingestor_->not_ready(); });
        auto up = co_await ingestor_->start();
        if (!up) co_return std::move(up).error();
    }
    look_after_the_store();
    co_return result<void>{};
}

void server::look_after_the_store() {
    if (how_.store.housekeeping) {
        store::housekeeping_options opt;
        opt.postgres       = how_.store.as_migrator();
        opt.retention.keep = how_.store.keep;
        housekeeping_.emplace(loop_, time_, metrics_, std::move(opt));
        scope_.spawn("housekeeping", housekeeping_->run());
    }
    store::store_watch_options opt;
    opt.postgres       = how_.store.as_reader();
    opt.capacity_bytes = how_.store.capacity;
    opt.data_folder    = how_.store.data_folder;
    store_watch_.emplace(loop_, time_, metrics_, std::move(opt));
    scope_.spawn("store watch", store_watch_->run());
}

void server::reload() {
    if (ingestor_) ingestor_->reload();
}

task<void> server::drain() {
    health_.set_draining();
    if (ingestor_) co_await ingestor_->drain();
}

task<void> server::stop() {
    co_await scope_.stop();
    if (ingestor_) co_await ingestor_->stop();
    co_await metrics_endpoint_.stop();
    co_await health_endpoint_.stop();
}

}  // namespace falconer::app
