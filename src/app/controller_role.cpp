#include "controller_role.hpp"

#include "chance.hpp"
#include "clock_gauge.hpp"
#include "falconer/ids.hpp"
#include "falconer/log.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

std::string own_host() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "falconer";
}

std::string environment(const char* name) {
    const char* const said = std::getenv(name);
    return said == nullptr ? "" : said;
}

}  // namespace

void apply_environment(controller_configuration& into) {
    if (into.seed_name.empty()) into.seed_name = environment("SEED_NAME");
    if (into.kubeconfig.empty()) into.kubeconfig = environment("KUBECONFIG");
    if (into.garden_kubeconfig.empty()) into.garden_kubeconfig = environment("GARDEN_KUBECONFIG");
    if (into.namespace_name.empty()) into.namespace_name = environment("LEADER_ELECTION_NAMESPACE");
}

/// What is there only while we lead.
struct controller_role::reign {
    reign(controller_role& of)
        : all(of.loop_, of.around_rounds(), of.metrics_,
              {.actor = {.chance = chance}, .at_once = of.opt_.at_once}),
          heard(
              of.loop_, of.time_, *of.seed_, *of.garden_, of.facts_, all,
              {.seed_name = of.opt_.seed_name, .profiles_read = [&of] { of.rules_.look(); }}
          ),
          additional(of.time_, *of.seed_, of.facts_, of.opt_.namespace_name), scope(of.loop_) {}
    task<void> stop() {
        co_await scope.stop();
        co_await heard.stop();
        co_await all.stop();
    }
    actors::shoots               all;
    actors::watches              heard;
    actors::additional_resources additional;
    task_scope                   scope;
};

controller_role::controller_role(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    const controller_configuration& how, falco::operator_settings settings, rules_stock& rules,
    neighbours around
)
    : loop_(loop), time_(time), metrics_(metrics), opt_(how), rules_(rules),
      neighbours_(std::move(around)), identity_(own_host() + "_" + uuid::random().text()),
      scope_(std::move(loop)) {
    facts_.settings = std::move(settings);
    facts_.classes  = opt_.classes;
}

controller_role::~controller_role() = default;

actors::shoot_round::surroundings controller_role::around_rounds() {
    return {
        .api      = *seed_,
        .time     = time_,
        .around   = facts_,
        .mint     = &*mints_,
        .opt      = {.resync = opt_.resync},
        .clusters = neighbours_.clusters,
        .access   = &*access_,
    };
}

void controller_role::tell(const cluster_identity& to, const shoot_message& what) {
    if (reign_) reign_->all.tell(to, what);
}

result<void> controller_role::connect() {
    auto access = opt_.kubeconfig.empty() ? k8s::in_cluster_access()
                                          : k8s::read_kubeconfig_file(opt_.kubeconfig);
    if (!access) return std::move(access).error().while_doing("controller.kubeconfig");
    if (opt_.namespace_name.empty()) opt_.namespace_name = access->namespace_name;
    if (opt_.namespace_name.empty()) opt_.namespace_name = "default";
    k8s::kube_client_options how;
    how.at_once = opt_.requests;
    how.chance  = chance;
    how.skewed  = clock_gauge(metrics_, "controller", "seed");
    how.metrics = &metrics_;
    how.cluster = "seed";
    auto seed   = k8s::make_kube_client(loop_, time_, std::move(*access), how);
    if (!seed) return std::move(seed).error().while_doing("controller.kubeconfig");
    seed_   = std::move(*seed);
    garden_ = seed_.get();
    k8s::shoot_clients::options within;
    within.external       = environment("GARDENER_SHOOT_CLIENT") == "external";
    within.client.metrics = &metrics_;
    within.client.cluster = "shoots";
    access_.emplace(loop_, time_, *seed_, std::move(within));
    if (opt_.garden_kubeconfig.empty()) return {};
    auto beyond = k8s::read_kubeconfig_file(opt_.garden_kubeconfig);
    if (!beyond) return std::move(beyond).error().while_doing("controller.gardenKubeconfig");
    how.skewed  = clock_gauge(metrics_, "controller", "garden");
    how.cluster = "garden";
    auto garden = k8s::make_kube_client(loop_, time_, std::move(*beyond), how);
    if (!garden) return std::move(garden).error().while_doing("controller.gardenKubeconfig");
    own_garden_ = std::move(*garden);
    garden_     = own_garden_.get();
    return {};
}

result<void> controller_role::start() {
    for (const auto& each : facts_.settings.warnings) log_of("controller").warn("{}", each);
    auto mints = token_mints::of(facts_.settings);
    if (!mints) return std::move(mints).error();
    mints_.emplace(std::move(*mints));
    heartbeats_ = heartbeat_secret_file(facts_.settings.heartbeat_secret_file);
    auto beats  = heartbeats_.read();
    if (!beats) return std::move(beats).error().while_doing("heartbeat.secretFile");
    facts_.settings.heartbeat_secret = heartbeats_.now();
    if (auto done = connect(); !done) return done;
    facts_.rules = rules_.rules();
    rules_.join({.wanted = [this] { return wanted_rules(); }, .changed = [this] { heard_rules(); }}
    );
    leader_ = std::make_unique<k8s::leader>(
        time_, *seed_,
        kube_key{
            opt_.lease_namespace.empty() ? opt_.namespace_name : opt_.lease_namespace, opt_.lease
        },
        k8s::lease_options{.identity = identity_}
    );
    scope_.spawn("controller", run());
    scope_.keep("signing keys", time_, [this] { return watch_keys(); });
    return {};
}

std::set<std::string> controller_role::wanted_rules() const {
    return facts_.offered ? rules_versions_of(*facts_.offered) : std::set<std::string>{};
}

void controller_role::heard_rules() {
    facts_.rules = rules_.rules();
    if (reign_) reign_->all.tell_all(releases_changed{});
}

void controller_role::reread_keys() {
    const auto done = mints_->reload(facts_.settings);
    if (!done) {
        log_of("controller")
            .error(
                "the signing key cannot be read again; the old one stays in use reason=\"{}\"",
                done.error().detail
            );
    } else if (*done) {
        log_of("controller").info("signs with another key now");
        if (reign_) reign_->all.tell_all(releases_changed{});
    }
}

void controller_role::reread_heartbeat_secret() {
    const auto done = heartbeats_.read();
    if (!done) {
        log_of("controller")
            .error(
                "the secret of heartbeats cannot be read again; the old one stays in use "
                "reason=\"{}\"",
                done.error().detail
            );
    } else if (*done) {
        log_of("controller").info("gives heartbeats other keys now");
        facts_.settings.heartbeat_secret = heartbeats_.now();
        if (reign_) reign_->all.tell_all(releases_changed{});
    }
}

/// Kubernetes swaps the files of a mounted Secret within a minute or two, and tells nobody.
task<void> controller_role::watch_keys() {
    const auto clock = time_.make_bell();
    for (;;) {
        co_await clock->wait_until(time_.now() + 30s);
        reread_keys();
        reread_heartbeat_secret();
    }
}

void controller_role::reload() {
    if (!mints_) return;
    reread_keys();
    reread_heartbeat_secret();
}

/// Leads, works while it leads, and stands for election again.
task<void> controller_role::run() {
    for (;;) {
        if (opt_.leader_election) co_await leader_->acquire();
        facts_.forget_told();
        reign_ = std::make_unique<reign>(*this);
        reign_->scope.spawn("watches and heartbeat", begin());
        if (opt_.leader_election) {
            co_await leader_->hold();
        } else {
            const auto forever = time_.make_bell();
            co_await forever->wait_until(never);
        }
        co_await step_down();
        if (neighbours_.lost) neighbours_.lost(true);
    }
}

/// Nothing of ours writes any more when somebody else may lead.
task<void> controller_role::step_down() {
    const auto deadline = [](controller_role& us) -> task<void> {
        const auto clock = us.time_.make_bell();
        co_await clock->wait_until(us.leader_->over());
        if (us.neighbours_.lost) us.neighbours_.lost(false);
    };
    task_scope watch(loop_);
    watch.spawn("the lease's end", deadline(*this));
    co_await reign_->stop();
    reign_.reset();
    co_await watch.stop();
}

/// The first heartbeat is a promise like every other: it waits for the seed to have been read.
task<void> controller_role::begin() {
    co_await reign_->heard.start();
    reign_->scope.keep("additional resources", time_, [of = reign_.get()] {
        return of->additional.run();
    });
    k8s::lease_options beat;
    beat.identity = "gardener-extension-shoot-falco-service";
    beat.duration = opt_.heartbeat;
    const kube_key lease{opt_.namespace_name, heartbeat_lease};
    co_await k8s::keep_heartbeat(time_, *seed_, lease, beat, opt_.heartbeat, [this] {
        return is_alive();
    });
}

/// What gardenlet may conclude from our heartbeat: that conditions and statuses are looked after.
bool controller_role::is_alive() const {
    if (!reign_ || !reign_->heard.synced()) return false;
    bool stuck = false;
    reign_->all.each([&](const actors::shoot_actor& each) {
        stuck = stuck || each.busy_for(time_.now()) > 10min;
    });
    return !stuck && reign_->heard.seed_is_heard();
}

std::vector<std::string> controller_role::not_ready() const {
    if (!leader_) return {"starting"};
    if (opt_.leader_election && !leader_->leads()) return {};  // somebody else does, and we wait
    if (!reign_ || !reign_->heard.synced()) {
        auto why = reign_ ? reign_->heard.troubles() : std::vector<std::string>{};
        if (why.empty()) why.emplace_back("the seed's objects have not all been read");
        return why;
    }
    return {};
}

void controller_role::refresh_metrics() {
    if (reign_) reign_->all.refresh_metrics();
}

task<void> controller_role::stop() {
    co_await scope_.stop();
    if (reign_) {
        co_await reign_->stop();
        reign_.reset();
    }
    if (leader_) co_await leader_->release();
}

}  // namespace falconer::app
