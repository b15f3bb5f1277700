// The role `controller`: Extensions of one seed, looked after by whoever leads.
#pragma once

#include "actors/additional_resources.hpp"
#include "actors/landscape.hpp"
#include "actors/shoots.hpp"
#include "actors/watches.hpp"
#include "falconer/metrics.hpp"
#include "heartbeat_secret_file.hpp"
#include "k8s/kube_client.hpp"
#include "k8s/leader.hpp"
#include "k8s/shoot_clients.hpp"
#include "rules_stock.hpp"
#include "token_mints.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace falconer::app {

/// Gardenlet knows it by this name. Source: gardener/gardener, extensions/pkg/controller/heartbeat.
inline constexpr auto heartbeat_lease = "gardener-extension-heartbeat";

struct controller_configuration {
    std::filesystem::path kubeconfig{};         // of the seed; empty: the pod's own
    std::filesystem::path garden_kubeconfig{};  // empty: the seed is the garden
    std::string           seed_name{};
    std::string           namespace_name{};  // our own, for leases
    // The Go extension's: whoever is put into its place never works beside it.
    std::string                      lease = "extension-shoot-falco-service-leader-election";
    std::string                      lease_namespace{};  // empty: our own
    std::set<falco::extension_class> classes{falco::extension_class::shoot};
    std::filesystem::path            rules{};
    rules_feed_options               rules_source{};
    std::chrono::seconds             resync{3600};
    std::size_t                      at_once         = 32;  // rounds
    std::size_t                      requests        = 32;  // in flight
    bool                             leader_election = true;
    std::chrono::seconds             heartbeat{30};
};

/// "shoot", "seed", "garden". What is wrong with them comes back, a sentence each.
std::vector<std::string> take_classes(
    const std::vector<std::string>& said, std::set<falco::extension_class>& into
);

/// What the configuration leaves open and Gardener's machinery tells a pod: SEED_NAME,
/// GARDEN_KUBECONFIG, LEADER_ELECTION_NAMESPACE. Source: gardener/gardener, docs/extensions/
/// garden-api-access.md; the Go extension's chart.
void apply_environment(controller_configuration& into);

/// Lifetime: start() once; stop() before destruction.
class controller_role final : public shoot_office {
public:
    struct neighbours {
        /// Where events are taken in by the same process, or null.
        post_office* clusters = nullptr;
        /// The lease is lost. False: what it allowed has not stopped, and somebody else may lead.
        std::function<void(bool stopped)> lost{};
    };
    controller_role(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        const controller_configuration& how, falco::operator_settings settings, rules_stock& rules,
        neighbours around
    );
    ~controller_role() override;

    /// Errors: kubeconfigs and keys that cannot be read, in one sentence.
    result<void> start();
    /// Signing keys from their files.
    void       reload();
    task<void> stop();

    /// Dropped while somebody else leads.
    void tell(const cluster_identity& to, const shoot_message& what) override;

    std::vector<std::string> not_ready() const;
    void                     refresh_metrics();

private:
    struct reign;

    actors::shoot_round::surroundings around_rounds();

    result<void>          connect();
    std::set<std::string> wanted_rules() const;
    void                  heard_rules();
    void                  reread_keys();
    void                  reread_heartbeat_secret();
    task<void>            watch_keys();
    task<void>            run();
    task<void>            begin();
    task<void>            step_down();
    bool                  is_alive() const;

    asio::any_io_executor             loop_;
    time_source&                      time_;
    metrics_registry&                 metrics_;
    controller_configuration          opt_;
    actors::landscape                 facts_;
    rules_stock&                      rules_;
    neighbours                        neighbours_;
    std::optional<token_mints>        mints_{};
    heartbeat_secret_file             heartbeats_{};
    std::unique_ptr<kube_api>         seed_{};
    std::unique_ptr<kube_api>         own_garden_{};
    std::optional<k8s::shoot_clients> access_{};
    kube_api*                         garden_ = nullptr;
    std::string                       identity_;
    std::unique_ptr<k8s::leader>      leader_{};
    std::unique_ptr<reign>            reign_{};
    task_scope                        scope_;
};

}  // namespace falconer::app
