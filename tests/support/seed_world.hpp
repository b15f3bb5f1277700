// A seed with shoots on it, all in memory, and a controller that can be killed and started again.
#pragma once

#include "actor_fixture.hpp"
#include "actors/shoots.hpp"
#include "actors/watches.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "falconer/metrics.hpp"
#include "sandbox/gardener/resource_manager.hpp"
#include "sandbox/kube_api/store_api.hpp"
#include "slow_api.hpp"
#include "yaml.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace falconer::test {

inline value example(const std::string& name) {
    std::ifstream in("config/examples/" + name);
    EXPECT_TRUE(in) << name;
    std::stringstream text;
    text << in.rdbuf();
    return testing::yaml(text.str());
}

class seed_world : public actor_fixture {
protected:
    inline static const kube_type extensions{
        .group   = "extensions.gardener.cloud",
        .version = "v1alpha1",
        .kind    = "Extension",
        .plural  = "extensions"
    };
    inline static const kube_type clusters{
        .group      = "extensions.gardener.cloud",
        .version    = "v1alpha1",
        .kind       = "Cluster",
        .plural     = "clusters",
        .namespaced = false
    };
    inline static const kube_type profiles{
        .group      = "falco.gardener.cloud",
        .version    = "v1alpha1",
        .kind       = "FalcoProfile",
        .plural     = "falcoprofiles",
        .namespaced = false
    };
    inline static const kube_type namespaces{
        .kind = "Namespace", .plural = "namespaces", .namespaced = false
    };
    inline static const kube_type secrets{.kind = "Secret", .plural = "secrets"};
    inline static const kube_type daemon_sets{
        .group = "apps", .kind = "DaemonSet", .plural = "daemonsets"
    };

    struct controller {
        controller(seed_world& in)
            : api(in.time, in.seed), slow(api, in.time), inside(in),
              all(in.loop.get_executor(),
                  {.api = slow, .time = in.time, .around = facts, .mint = nullptr, .access = &inside
                  },
                  in.metrics, {}),
              heard(
                  in.loop.get_executor(), in.time, slow, slow, facts, all,
                  {.seed_name = in.seed_name}
              ),
              scope(in.loop.get_executor()) {
            facts.rules    = in.rules;
            facts.classes  = in.classes;
            facts.settings = in.settings;
            scope.spawn("watches", heard.start());
        }
        /// Into the shoots, those that are awake.
        struct way_in final : shoot_access {
            explicit way_in(seed_world& of) : world(of) {}
            task<result<std::shared_ptr<kube_api>>> api_of(std::string space) override {
                if (world.mute.contains(space)) {
                    const auto clock = world.time.make_bell();
                    co_await clock->wait_until(world.time.now() + std::chrono::seconds(15));
                    co_return failure{errc::timed_out, "the API of " + space + " does not answer"};
                }
                if (world.asleep.contains(space))
                    co_return failure{errc::unavailable, "the API of " + space + " is away"};
                co_return std::make_shared<sandbox::store_api>(world.time, world.shoot(space));
            }
            seed_world& world;
        };
        sandbox::store_api api;
        slow_api           slow;
        way_in             inside;
        actors::landscape  facts;
        actors::shoots     all;
        actors::watches    heard;
        task_scope         scope;

        task<void> stop() {
            co_await scope.stop();
            co_await heard.stop();
            co_await all.stop();
        }
    };

    sandbox::api_store                                         seed{time};
    std::map<std::string, std::unique_ptr<sandbox::api_store>> shoots;
    std::set<std::string>                                      asleep, mute;
    metrics_registry                                           metrics;
    std::shared_ptr<const falco::rule_catalogue>               rules =
        std::make_shared<falco::rule_catalogue>(falco::rule_catalogue{
            {"4.0.0", {{"falco_rules.yaml", "- rule: x\n"}}},
            {"5.0.0", {{"falco_rules.yaml", "- rule: x\n"}}},
            {"5.1.0", {{"falco_rules.yaml", "- rule: x\n"}}},
        });
    sandbox::resource_manager        manager{time, seed, [this](const std::string& space) {
                                          return asleep.contains(space) ? nullptr : &shoot(space);
                                      }};
    std::set<falco::extension_class> classes{falco::extension_class::shoot};
    std::string                      seed_name{};
    falco::operator_settings         settings{};
    std::unique_ptr<controller>      us;
    bool                             manager_works = true;

    sandbox::api_store& shoot(const std::string& space) {
        auto& mine = shoots[space];
        if (!mine) mine = std::make_unique<sandbox::api_store>(time);
        return *mine;
    }

    void SetUp() override {
        // A date at which the example's versions are what they say.
        time.advance(std::chrono::hours(1));
        must(seed.create(profiles, {}, example("profile.yaml"), {}));
    }
    void TearDown() override {
        stop_controller();
        actor_fixture::TearDown();
    }

    template <class T>
    static T must(result<T> done) {
        EXPECT_TRUE(done) << (done ? "" : done.error().detail);
        return done ? std::move(*done) : T{};
    }

    /// The profile says this now.
    void offer(value profile) {
        const auto was                         = must(seed.get(profiles, {{}, "falco"}));
        profile["metadata"]["resourceVersion"] = std::string(resource_version_of(was));
        must(seed.update(profiles, {{}, "falco"}, std::move(profile), {}));
    }

    void start_controller() {
        us = std::make_unique<controller>(*this);
        settle();
    }
    void stop_controller() { stop_controller(us); }
    void stop_controller(std::unique_ptr<controller>& which) {
        if (!which) return;
        const auto stopped = start(ended(which->stop()));
        time.settle();
        EXPECT_TRUE(stopped->has_value()) << "the controller does not stop";
        which.reset();
    }

    /// Until nobody has anything left to do without time passing.
    void settle() {
        for (auto before = seed.version() + 1; before != seed.version();) {
            before = seed.version();
            time.settle();
            if (manager_works) manager.look();
            time.settle();
        }
    }
    void pass(steady_time::duration by) {
        constexpr std::chrono::seconds step{1};
        for (auto left = by; left.count() > 0; left -= step) {
            time.advance(std::min<steady_time::duration>(step, left));
            settle();
        }
    }

    /// What gardenlet does for a shoot "shoot--p--<name>".
    kube_key add_shoot(const std::string& name, const std::string& config = "") {
        const auto space                                      = "shoot--p--" + name;
        auto       cluster                                    = example("cluster.yaml");
        cluster["metadata"]["name"]                           = space;
        cluster["spec"]["shoot"]["metadata"]["name"]          = name;
        cluster["spec"]["shoot"]["status"]["technicalID"]     = space;
        cluster["spec"]["shoot"]["status"]["clusterIdentity"] = space + "-uid-landscape";
        value ns;
        ns["metadata"]["labels"]["gardener.cloud/role"] = "shoot";
        must(seed.create(namespaces, {{}, space}, ns, {}));
        must(seed.create(clusters, {{}, space}, cluster, {}));
        auto extension                       = example("extension.yaml");
        extension["metadata"]["namespace"]   = space;
        extension["metadata"]["annotations"] = request("reconcile");
        if (!config.empty()) extension["spec"]["providerConfig"] = testing::yaml(config);
        const kube_key key{space, "shoot-falco-service"};
        must(seed.create(extensions, key, extension, {}));
        return key;
    }
    value request(const std::string& operation) const {
        return {
            {"gardener.cloud/operation", operation},
            {"gardener.cloud/timestamp", text_of(event_time_of(time.utc()))}
        };
    }
    void ask(const kube_key& key, const std::string& operation) {
        value patch;
        patch["metadata"]["annotations"] = request(operation);
        must(seed.patch(extensions, key, sandbox::api_patch_kind::merge, patch, {}));
    }
    void change(const kube_type& type, const kube_key& key, const std::string& patch) {
        must(seed.patch(type, key, sandbox::api_patch_kind::merge, testing::yaml(patch), {}));
    }
    value       extension(const kube_key& key) { return must(seed.get(extensions, key)); }
    std::string state(const kube_key& key) {
        const auto is = seed.get(extensions, key);
        if (!is) return "gone";
        return std::string(is->text_at({"status", "lastOperation", "type"})) + " " +
               std::string(is->text_at({"status", "lastOperation", "state"}));
    }
    /// What gardenlet waits for. Source: contract §1.7.
    bool gardenlet_is_content(const kube_key& key) {
        const auto is  = extension(key);
        const auto now = is.find_path({"metadata", "annotations", "gardener.cloud/operation"});
        return is.find_path({"status", "lastError"}) == nullptr && now == nullptr &&
               is.find_path({"status", "observedGeneration"}) != nullptr &&
               is.find_path({"status", "observedGeneration"})->integer() ==
                   is.find_path({"metadata", "generation"})->integer() &&
               is.text_at({"status", "lastOperation", "state"}) == "Succeeded";
    }
    static bool is_there(const sandbox::api_store& in, const kube_type& type, const kube_key& key) {
        return static_cast<bool>(in.get(type, key));
    }
    std::vector<std::string> names(const kube_type& type, const std::string& space) {
        std::vector<std::string> all;
        const auto page = must(seed.list(type, {.namespace_name = space}, {.limit = 0}));
        for (const auto& each : page.items) all.emplace_back(each.text_at({"metadata", "name"}));
        return all;
    }

private:
    static task<bool> ended(task<void> work) {
        co_await std::move(work);
        co_return true;
    }
};

}  // namespace falconer::test
