#include "server.hpp"

#include "archive_process.hpp"
#include "falconer/file_stamp.hpp"
#include "falconer/log.hpp"
#include "listeners.hpp"
#include "store/durability.hpp"
#include "store_check.hpp"

#include <asio/experimental/awaitable_operators.hpp>

#include <cstdlib>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// For probes and scrapers: few, small, local.
net::http_server::options small_server(std::size_t connections) {
    net::http_server::options opt;
    opt.limits.body_bytes = 1024;
    opt.body_budget       = 64 * 1024;
    opt.connections       = connections;
    opt.one_request_each  = true;  // or idle ones would shut a probe out
    return opt;
}

/// Deliveries of alerts under way: where few files may be open, few of them.
std::size_t deliveries_of(const configuration& how) {
    const auto few = std::clamp<std::uint64_t>(descriptor_limit() / 16, 1, 1000);
    return std::min<std::size_t>(how.alerts.at_once, few);
}

descriptor_wishes wishes_of(const configuration& how, const std::set<std::string>& roles) {
    descriptor_wishes all;
    if (roles.contains("ingestor")) all.ingest = how.ingestor.http.connections;
    if (roles.contains("admission")) all.admission = how.admission.http.connections;
    if (roles.contains("controller")) all.kubernetes = how.controller.requests;
    if (roles.contains("admission")) all.kubernetes += 16;
    if (roles.contains("ingestor") && how.alerts.enabled && !how.alerts.receivers.empty())
        all.kubernetes += deliveries_of(how);
    if (roles.contains("console"))
        all.kubernetes += how.console.http.connections + how.console.connections +
                          (how.console.garden.asked ? 33 : 0);
    return all;
}

/// Years before this program was written mean that nobody has set the clock.
constexpr utc_time earliest_sane{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};

}  // namespace

result<void> clock_is_set(utc_time now) {
    if (now >= earliest_sane) return {};
    return failure{
        errc::broken, "the clock says " + text_of(event_time_of(now)) +
                          ": set it first, or every token is refused or accepted wrongly"
    };
}

const std::set<std::string>& roles_built() {
    static const std::set<std::string> roles{"admission", "console", "controller", "ingestor"};
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
      files_(plan_descriptors(descriptor_limit(), wishes_of(how_, roles_))),
      begun_anew_(metrics_.make_counter(
          "falconer_coroutines_begun_anew_total",
          "Background coroutines that died by a mistake of Falconer's and were begun anew."
      )),
      unreached_(metrics_.make_counter(
          "falconer_store_unreached_total",
          "Attempts at a host of the store that led to no connection."
      )),
      risks_(metrics_.make_gauge(
          "falconer_store_risks",
          "Settings of the store by which events that were acknowledged could be lost; the log "
          "names them."
      )),
      page_(
          metrics_,
          [this] {
              begun_anew_.raise_to(task_scope::begun_anew());
              unreached_.raise_to(how_.store.postgres.memory->hosts().failures());
              risks_.set(static_cast<double>(how_.store.postgres.memory->risks().size()));
              if (ingestor_) ingestor_->refresh_metrics();
              if (controller_) controller_->refresh_metrics();
              if (admission_) admission_->refresh_metrics();
              log_dropped_.raise_to(log_lines_dropped());
          }
      ),
      metrics_endpoint_("metrics", loop, time, small_server(probes()), page_),
      health_endpoint_("health", loop, time, small_server(probes()), health_), ended_(loop),
      log_dropped_(metrics_.make_counter(
          "falconer_log_dropped_total", "Lines of the log that nobody read in time."
      )),
      scope_(loop) {
    if (!how_.file.empty()) stamp_ = file_stamp(how_.file);
}

server::~server() = default;

void server::exchange::tell(const cluster_identity& to, const cluster_message& what) {
    if (of_.ingestor_) of_.ingestor_->tell(of_.how_.controller.seed_name, to, what);
}

void server::exchange::tell(const cluster_identity& to, const shoot_message& what) {
    if (of_.controller_) of_.controller_->tell(to, what);
}

/// Whoever comes from outside gets no more descriptors than there are for them.
result<void> server::share_out_descriptors() {
    if (!files_) return files_.error();
    auto& ingest       = how_.ingestor.http.connections;
    auto& admission    = how_.admission.http.connections;
    fewer_connections_ = (roles_.contains("ingestor") && files_->ingest < ingest) ||
                         (roles_.contains("admission") && files_->admission < admission);
    ingest              = std::max<std::size_t>(files_->ingest, 1);
    admission           = std::max<std::size_t>(files_->admission, 1);
    how_.alerts.at_once = deliveries_of(how_);
    return {};
}

/// Once everything is there: before, what keeps it from being there is all that should be read.
void server::tell_of_descriptors() const {
    log_of("app").info(
        "open files limit={} kept_for_store_and_spool={} probes={} ingest_connections={} "
        "admission_connections={}",
        files_->limit, files_->kept, 2 * files_->probes, files_->ingest, files_->admission
    );
    if (fewer_connections_)
        log_of("app").warn(
            "fewer connections are taken than the configuration allows, because this process may "
            "not have more files open: raise its limit (ulimit -n)"
        );
}

task<result<void>> server::start() {
    if (auto enough = share_out_descriptors(); !enough) co_return std::move(enough).error();
    if (auto set = clock_is_set(time_.utc()); !set) co_return std::move(set).error();
    if (auto free = all_free(listeners_of(how_, roles_)); !free) co_return std::move(free).error();

    // First of all, for who asks whether we are alive: the store may keep us waiting for a minute.
    expect_roles();
    if (auto up = health_endpoint_.start(how_.health); !up)
        co_return std::move(up).error().while_doing("health.listen");
    if (auto up = metrics_endpoint_.start(how_.metrics); !up)
        co_return std::move(up).error().while_doing("metrics.listen");

    if (needs_store()) {
        auto prepared = co_await prepare_store(loop_, time_, how_.store);
        if (!prepared && !worth_retrying(prepared.error())) co_return std::move(prepared).error();
        if (!prepared)
            log_of("app").warn(
                "the store is away; events go to the spool until it is back reason=\"{}\"",
                prepared.error().detail
            );
    }

    if (roles_.contains("ingestor")) {
        ingestor_.emplace(
            loop_, time_, metrics_, how_.store, how_.ingestor, how_.peers, how_.alerts, &exchange_
        );
        auto up = co_await ingestor_->start();
        if (!up) co_return std::move(up).error();
    }
    if (auto up = start_rules(); !up) co_return std::move(up).error();
    if (roles_.contains("controller")) {
        controller_.emplace(
            loop_, time_, metrics_, how_.controller, how_.falco, *rules_,
            controller_role::neighbours{
                .clusters = roles_.contains("ingestor") ? &exchange_ : nullptr,
                .peers    = how_.peers,
                .lost     = [this](bool stopped) { lost_leadership(stopped); },
            }
        );
        if (auto up = controller_->start(); !up) co_return std::move(up).error();
    }
    if (roles_.contains("admission")) {
        admission_.emplace(loop_, time_, metrics_, how_.admission, how_.falco, *rules_);
        if (auto up = admission_->start(); !up) co_return std::move(up).error();
    }
    if (roles_.contains("console")) {
        console_.emplace(loop_, time_, metrics_, how_.store, how_.console, how_.alerts);
        if (auto up = console_->start(); !up) co_return std::move(up).error();
    }
    if (needs_store()) look_after_the_store();
    tell_of_descriptors();
    // As late: it is no reason not to start.
    if (needs_store())
        scope_.spawn("store risks", store::look_for_risks(loop_, time_, how_.store.postgres));
    co_return result<void>{};
}

/// Every role of this process is asked from the beginning, and is not ready before it is there.
void server::expect_roles() {
    const auto expect = [this](const char* name, const auto& role) {
        if (!roles_.contains(name)) return;
        health_.add(name, [&role] {
            return role ? role->not_ready() : health_board::reasons{"starting"};
        });
    };
    expect("ingestor", ingestor_);
    expect("controller", controller_);
    expect("admission", admission_);
    expect("console", console_);
}

result<void> server::start_rules() {
    if (!roles_.contains("controller") && !roles_.contains("admission")) return {};
    rules_.emplace(loop_, time_, metrics_, how_.rules_of(roles_));
    return rules_->start();
}

void server::reread_rules() {
    if (!rules_) return;
    if (const auto done = rules_->reload(); !done)
        log_of("app").error(
            "the rules cannot be read again; the old ones stay in use reason=\"{}\"",
            done.error().detail
        );
}

/// Of the configuration itself only this is read again: rules and receivers change more often than
/// all else. A file with anything wrong in it changes nothing.
void server::reread_alerts() {
    if (how_.file.empty() || !needs_store()) return;
    auto stamp = file_stamp(how_.file);
    if (stamp == stamp_) return;
    const auto got = read_configuration_file(how_.file, roles_);
    const auto say = [](const std::string& why) {
        log_of("app").error(
            "the section alerts is not read again; rules and receivers stay as they are "
            "reason=\"{}\"",
            why
        );
    };
    for (const auto& each : got.problems) say(each);
    if (!got.problems.empty()) return;
    if (ingestor_) {
        const auto done = ingestor_->use(got.value.alerts);
        if (!done) return say(done.error().detail);
    }
    if (console_) console_->use(got.value.alerts);
    stamp_ = std::move(stamp);
    log_of("app").info(
        "the section alerts was read again rules={} receivers={}", got.value.alerts.rules.size(),
        got.value.alerts.receivers.size()
    );
}

void server::look_after_the_store() {
    if (how_.store.housekeeping) {
        store::housekeeping_options opt;
        opt.postgres       = how_.store.as_migrator();
        opt.retention.keep = how_.store.keep;
        if (how_.store.archive.wanted())
            opt.retention.archive = [loop = loop_, file = how_.file](auto day, auto clusters) {
                return archive_in_process(loop, file, std::move(day), std::move(clusters));
            };
        housekeeping_.emplace(loop_, time_, metrics_, std::move(opt));
        scope_.keep("housekeeping", time_, [this] { return housekeeping_->run(); });
    }
    store::store_watch_options opt;
    opt.postgres       = how_.store.as_reader();
    opt.capacity_bytes = how_.store.capacity;
    opt.data_folder    = how_.store.data_folder;
    store_watch_.emplace(loop_, time_, metrics_, std::move(opt));
    scope_.keep("store watch", time_, [this] { return store_watch_->run(); });
    if (how_.store.has_replicas() && roles_.contains("console")) {
        store::replica_watch_options replica;
        replica.read_from = how_.store.at_replica();
        replica.primary   = how_.store.as_reader();
        replica_watch_.emplace(loop_, time_, metrics_, std::move(replica));
        scope_.keep("replica watch", time_, [this] { return replica_watch_->run(); });
    }
    if (how_.store.postgres.ssl_cert.empty()) return;
    store_certificate_.emplace(time_, metrics_, how_.store.postgres.ssl_cert);
    scope_.keep("store certificate", time_, [this] { return store_certificate_->run(); });
}

task<std::string> server::ended() {
    co_return co_await ended_.get();
}

/// Source: client-go's leaderelection, whose process ends at once. Whoever takes in events beside
/// it goes on, unless the controller cannot be stopped before somebody else may lead.
void server::lost_leadership(bool stopped) {
    if (!stopped) {
        log_of("app").critical("the controller has not stopped, and somebody else may lead: ending"
        );
        flush_log(100ms);
        std::_Exit(1);
    }
    if (roles_.size() == 1) ended_.set("somebody else may lead, and there is no other role");
}

void server::reload() {
    if (ingestor_) ingestor_->reload();
    if (controller_) controller_->reload();
    if (console_) console_->reload();
    reread_rules();
    reread_alerts();
}

task<void> server::drain_ingestor() {
    if (ingestor_) co_await ingestor_->drain();
}

task<void> server::drain_admission() {
    if (admission_) co_await admission_->drain();
}

task<void> server::drain_console() {
    if (console_) co_await console_->drain();
}

task<void> server::drain() {
    health_.set_draining();
    using namespace asio::experimental::awaitable_operators;
    auto one   = drain_admission();
    auto other = drain_ingestor();
    auto third = drain_console();
    co_await (std::move(one) && std::move(other) && std::move(third));
}

task<void> server::stop() {
    co_await scope_.stop();
    if (rules_) co_await rules_->stop();
    if (console_) co_await console_->stop();
    if (admission_) co_await admission_->stop();
    if (controller_) co_await controller_->stop();
    if (ingestor_) co_await ingestor_->stop();
    co_await metrics_endpoint_.stop();
    co_await health_endpoint_.stop();
}

}  // namespace falconer::app
