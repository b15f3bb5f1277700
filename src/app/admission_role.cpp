#include "admission_role.hpp"

#include "actors/maintenance.hpp"
#include "clock_gauge.hpp"
#include "configuration.hpp"
#include "falconer/ids.hpp"
#include "falconer/log.hpp"

#include <unistd.h>

#include <array>
#include <random>
#include <utility>

namespace falconer::app {
namespace {

std::string own_host() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "falconer";
}

double chance() {
    thread_local std::minstd_rand    numbers{std::random_device{}()};
    std::uniform_real_distribution<> evenly{0, 1};
    return evenly(numbers);
}

result<k8s::kube_access> access_of(const std::filesystem::path& kubeconfig) {
    return kubeconfig.empty() ? k8s::in_cluster_access() : k8s::read_kubeconfig_file(kubeconfig);
}

}  // namespace

/// What is there only while we lead.
struct admission_role::reign {
    explicit reign(admission_role& of)
        : keeper(*of.keeper_),
          moves(
              of.loop_, of.time_, *of.garden_, of.metrics_,
              {.chance = chance,
               .settle = [&of](const auto& who, utc_time now) { return of.settle(who, now); }}
          ) {
        keeper.lead(true);
        moves.start();
    }
    ~reign() { keeper.lead(false); }
    reign(const reign&)            = delete;
    reign& operator=(const reign&) = delete;

    admissions::webhook_keeper& keeper;
    actors::maintenance         moves;
};

admission_role::admission_role(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    admission_configuration how, falco::operator_settings settings, rules_stock& rules
)
    : loop_(loop), time_(time), metrics_(metrics), opt_(std::move(how)),
      settings_(std::move(settings)), stock_(rules), scope_(std::move(loop)) {}

admission_role::~admission_role() = default;

result<void> admission_role::connect() {
    k8s::kube_client_options how;
    how.chance  = chance;
    how.skewed  = clock_gauge(metrics_, "admission", "garden");
    how.metrics = &metrics_;
    how.cluster = "webhook garden";
    auto beyond = access_of(opt_.kubeconfig);
    if (!beyond) return std::move(beyond).error().while_doing("admission.kubeconfig");
    auto home   = beyond->namespace_name;
    auto garden = k8s::make_kube_client(loop_, time_, std::move(*beyond), how);
    if (!garden) return std::move(garden).error().while_doing("admission.kubeconfig");
    own_garden_ = std::move(*garden);
    garden_ = source_ = own_garden_.get();
    if (opt_.source_in_cluster || !opt_.source_kubeconfig.empty()) {
        auto access = access_of(opt_.source_kubeconfig);
        if (!access) return std::move(access).error().while_doing("admission.sourceKubeconfig");
        home        = access->namespace_name;
        how.skewed  = clock_gauge(metrics_, "admission", "source");
        how.cluster = "webhook runtime";
        auto source = k8s::make_kube_client(loop_, time_, std::move(*access), how);
        if (!source) return std::move(source).error().while_doing("admission.sourceKubeconfig");
        own_source_ = std::move(*source);
        source_     = own_source_.get();
    }
    if (opt_.namespace_name.empty()) opt_.namespace_name = home.empty() ? "garden" : home;
    if (opt_.lease_namespace.empty()) opt_.lease_namespace = opt_.namespace_name;
    return {};
}

/// In mode url without one: where we listen.
admissions::webhook_address admission_role::address() const {
    admissions::webhook_address at;
    at.service        = opt_.service;
    at.namespace_name = opt_.namespace_name;
    at.port           = opt_.service_port;
    if (opt_.mode == webhook_mode::url)
        at.url = opt_.url.empty()
                     ? "https://" + endpoint_text({opt_.listen.address(), endpoint_->port()})
                     : admissions::webhook_url(opt_.url).value_or(opt_.url);
    return at;
}

result<void> admission_role::start() {
    if (auto done = connect(); !done) return done;
    watched_.emplace(loop_, *garden_);
    const auto read_rules = [this] {
        rules_.read_behind(stock_.rules());
        rules_.read_ahead();
    };
    read_rules();
    stock_.join(
        {.wanted = [this] { return rules_versions_of(watched_->offered()); }, .changed = read_rules}
    );
    watched_->when_offered([this] { stock_.look(); });
    how_.emplace(falco::review_settings{
        .operators       = settings_,
        .usage           = opt_.usage,
        .central_logging = opt_.central_logging,
        .otlp            = opt_.otlp,
        .rules           = &rules_,
    });
    handler_.emplace(time_, *watched_, *how_, metrics_, [this] { return watched_->missing(); });
    endpoint_.emplace("admission", loop_, time_, opt_.http, *handler_);
    if (auto done = endpoint_->listen(opt_.listen); !done)
        return std::move(done).error().while_doing("admission.listen");
    keeper_.emplace(
        loop_, time_, metrics_, *source_, *garden_,
        admissions::webhook_keeper::options{
            .namespace_name  = opt_.namespace_name,
            .address         = address(),
            .owner_namespace = opt_.owner_namespace,
            .policy          = opt_.certificates,
            .chance          = chance,
        },
        [this](const falco::key_pair& pair) { return present(pair); }
    );
    leader_ = std::make_unique<k8s::leader>(
        time_, *source_, kube_key{opt_.lease_namespace, opt_.lease},
        k8s::lease_options{.identity = own_host() + "_" + uuid::random().text()}
    );
    watched_->start();
    keeper_->start();
    scope_.spawn("admission", run());
    return {};
}

/// What maintenance makes of it is what the next review would make of it. Before the garden has
/// been read nobody knows who has opted out.
falco::settled_destinations admission_role::settle(const falco::maintained& who, utc_time now)
    const {
    if (!watched_->missing().empty()) return {};
    return falco::settle_destinations(who, *watched_, *how_, now);
}

result<void> admission_role::present(const falco::key_pair& pair) {
    net::tls_server_context::options tls;
    tls.certificate = pair.certificate;
    tls.key         = pair.key.reveal();
    if (auto done = endpoint_->present(std::move(tls)); !done) return done;
    if (!std::exchange(serves_, true)) endpoint_->serve();
    return {};
}

/// Leads, works while it leads, and stands for election again.
task<void> admission_role::run() {
    for (;;) {
        if (opt_.leader_election) co_await leader_->acquire();
        reign_ = std::make_unique<reign>(*this);
        if (opt_.leader_election) {
            co_await leader_->hold();
        } else {
            const auto forever = time_.make_bell();
            co_await forever->wait_until(never);
        }
        co_await reign_->moves.stop();
        reign_.reset();
    }
}

std::vector<std::string> admission_role::not_ready() const {
    if (!keeper_) return {"starting"};
    auto why = watched_->missing();
    if (auto missing = keeper_->missing(); !missing.empty()) why.push_back(std::move(missing));
    return why;
}

void admission_role::refresh_metrics() {
    if (reign_) reign_->moves.refresh_metrics();
}

unsigned short admission_role::port() const {
    return endpoint_ ? endpoint_->port() : static_cast<unsigned short>(0);
}

task<void> admission_role::drain() {
    if (endpoint_ && serves_) co_await endpoint_->drain(opt_.drain);
}

task<void> admission_role::stop() {
    co_await scope_.stop();
    if (reign_) co_await reign_->moves.stop();
    reign_.reset();
    if (keeper_) co_await keeper_->stop();
    if (watched_) co_await watched_->stop();
    if (endpoint_) co_await endpoint_->stop();
    if (leader_) co_await leader_->release();
}

}  // namespace falconer::app
