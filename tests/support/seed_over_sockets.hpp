// The Kubernetes API of a seed, over real sockets, and what gardenlet puts on it: for tests of
// whole roles, and for load tests (no GoogleTest in here).
#pragma once

#include "app/local_api.hpp"
#include "falconer/event.hpp"
#include "falconer/task_scope.hpp"
#include "falconer/value.hpp"
#include "sandbox/fleet/demo_files.hpp"
#include "sandbox/gardener/resource_manager.hpp"

#include <asio/io_context.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace falconer::test {

namespace seed_types {

inline const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};
inline const kube_type clusters{
    .group      = "extensions.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Cluster",
    .plural     = "clusters",
    .namespaced = false
};
inline const kube_type profiles{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = false
};
inline const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
inline const kube_type secrets{.kind = "Secret", .plural = "secrets"};
inline const kube_type leases{.group = "coordination.k8s.io", .kind = "Lease", .plural = "leases"};
inline const kube_type daemon_sets{.group = "apps", .kind = "DaemonSet", .plural = "daemonsets"};

}  // namespace seed_types

/// Lifetime: stop() before destruction; `loop` and `time` outlive it. Threading: the loop's.
class seed_over_sockets {
public:
    seed_over_sockets(asio::io_context& loop, time_source& time, std::filesystem::path folder)
        : api(loop.get_executor(), time, {.folder = std::move(folder)}), time_(time),
          manager_(
              time, api.store(), [this](const std::string& space) { return &api.shoot(space); }
          ),
          scope_(loop.get_executor()) {}

    app::local_api api;

    /// Listens; the examples' profile is there. Errors: those of listening.
    result<void> start() {
        auto up = api.start();
        if (!up) return up;
        auto made = api.store().create(seed_types::profiles, {}, example("profile.yaml"), {});
        if (!made) return std::move(made).error();
        return {};
    }
    /// From now on what is to be delivered into shoots is there.
    void       deliver() { scope_.spawn("resource manager", manager_.run()); }
    task<void> stop() {
        co_await scope_.stop();
        co_await api.stop();
    }

    /// A file of config/examples. Empty: it is none.
    static value example(const std::string& name) {
        auto read = parse_yaml(sandbox::demo_file("examples/" + name));
        return read ? std::move(*read) : value{};
    }
    static kube_key extension_of(const std::string& space) {
        return {space, "shoot-falco-service"};
    }
    /// The smallest providerConfig of a shoot whose events go to the node's log.
    static value config_of(const std::string& version) {
        value it{
            {"apiVersion", "falco.extensions.gardener.cloud/v1alpha1"},
            {"kind", "FalcoServiceConfig"},
            {"falcoVersion", version}
        };
        it["destinations"].push_back(value{{"name", "logging"}});
        return it;
    }
    /// Annotations by which gardenlet asks for a round.
    value request() const {
        return {
            {"gardener.cloud/operation", "reconcile"},
            {"gardener.cloud/timestamp", text_of(event_time_of(time_.utc()))}
        };
    }
    /// What gardenlet makes for a shoot: its namespace, Cluster and Extension. `shoot`: what else
    /// is known of it. Errors: those of the store, the first of them.
    result<void> add_shoot(
        const std::string& space, const std::string& name, value config, value shoot = {}
    ) {
        value ns;
        ns["metadata"]["labels"]["gardener.cloud/role"] = "shoot";
        if (auto made = api.store().create(seed_types::namespaces, {{}, space}, ns, {}); !made)
            return std::move(made).error();
        shoot["metadata"]["name"]          = name;
        shoot["status"]["technicalID"]     = space;
        shoot["status"]["clusterIdentity"] = space + "-uid-landscape";
        if (shoot.find("spec") == nullptr) shoot["spec"] = value::map();
        value cluster;
        cluster["spec"]["shoot"]                             = std::move(shoot);
        cluster["spec"]["seed"]["spec"]["ingress"]["domain"] = "ingress.example.com";
        if (auto made = api.store().create(seed_types::clusters, {{}, space}, cluster, {}); !made)
            return std::move(made).error();
        value extension;
        extension["metadata"]["annotations"] = request();
        extension["spec"]["type"]            = "shoot-falco-service";
        extension["spec"]["providerConfig"]  = std::move(config);
        auto made = api.store().create(seed_types::extensions, extension_of(space), extension, {});
        if (!made) return std::move(made).error();
        return {};
    }
    /// Its owner wants another version, and gardenlet asks for it.
    result<value> want(const std::string& space, const std::string& version) {
        value patch;
        patch["spec"]["providerConfig"]["falcoVersion"] = version;
        patch["metadata"]["annotations"]                = request();
        return api.store().patch(
            seed_types::extensions, extension_of(space), sandbox::api_patch_kind::merge, patch, {}
        );
    }
    /// Its owner's wish is carried out: gardenlet has nothing to wait for, and the DaemonSet in the
    /// shoot names this version of Falco. Source of the first part: contract §1.7.
    bool is_content(const std::string& space, const std::string& version) {
        const auto is  = api.store().get(seed_types::extensions, extension_of(space));
        const auto pod = api.shoot(space).get(seed_types::daemon_sets, {"kube-system", "falco"});
        if (!is || !pod) return false;
        const auto* const seen = is->find_path({"status", "observedGeneration"});
        return seen != nullptr && *seen == *is->find_path({"metadata", "generation"}) &&
               is->text_at({"status", "lastOperation", "state"}) == "Succeeded" &&
               is->find_path({"status", "lastError"}) == nullptr &&
               is->text_at({"metadata", "annotations", "gardener.cloud/operation"}).empty() &&
               json_text(*pod).find("falco:" + version) != std::string::npos;
    }
    bool is_gone(const std::string& space) {
        return !api.store().get(seed_types::extensions, extension_of(space));
    }
    /// The Extension as it is, for who has to say what is wrong with it.
    std::string words(const std::string& space) {
        const auto is = api.store().get(seed_types::extensions, extension_of(space));
        return is ? json_text(*is) : space + " has no Extension";
    }

private:
    time_source&              time_;
    sandbox::resource_manager manager_;
    task_scope                scope_;
};

}  // namespace falconer::test
