// A garden with Shoots, Seeds and profiles, all in memory, and whoever maintains their versions.
#pragma once

#include "actor_fixture.hpp"
#include "actors/maintenance.hpp"
#include "falconer/metrics.hpp"
#include "sandbox/kube_api/store_api.hpp"
#include "yaml.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace falconer::test {

using namespace std::chrono_literals;

inline const kube_type shoots = falco::type_of(falco::maintained_kind::shoot);
inline const kube_type seeds  = falco::type_of(falco::maintained_kind::seed);
inline const kube_type events{.kind = "Event", .plural = "events"};
inline const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
inline const kube_type profiles{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = false
};

/// Hands everything on, but refuses updates while it is told why.
class picky_api final : public kube_api {
public:
    picky_api(kube_api& to, time_source& time, const std::string& why)
        : to_(to), time_(time), why_(why) {}

    steady_time::duration takes{0};  // each update
    std::size_t           open = 0, most = 0;

    task<result<value>> get(kube_type type, kube_key key) override { return to_.get(type, key); }
    task<result<kube_page>> list(kube_type type, kube_selection which, kube_page_request page)
        override {
        return to_.list(type, which, page);
    }
    task<result<value>> create(kube_type type, kube_key key, value object, kube_write how)
        override {
        return to_.create(type, key, std::move(object), how);
    }
    task<result<value>> update(kube_type type, kube_key key, value object, kube_write how)
        override {
        if (!why_.empty()) return refuse();
        return slowly(to_.update(type, key, std::move(object), how));
    }
    task<result<value>> merge_patch(kube_type type, kube_key key, value object, kube_write how)
        override {
        return to_.merge_patch(type, key, std::move(object), how);
    }
    task<result<value>> apply(kube_type type, kube_key key, value object, kube_apply how) override {
        return to_.apply(type, key, std::move(object), how);
    }
    task<result<void>> remove(kube_type type, kube_key key, kube_removal how) override {
        return to_.remove(type, key, how);
    }
    task<void> follow(kube_type type, kube_selection which, kube_listener& to) override {
        return to_.follow(type, which, to);
    }
    task<result<std::string>> server_version() override { return to_.server_version(); }

private:
    task<result<value>> refuse() const { co_return failure{errc::denied, why_}; }

    task<result<value>> slowly(task<result<value>> work) {
        most             = std::max(most, ++open);
        const auto clock = time_.make_bell();
        if (takes.count() > 0) co_await clock->wait_until(time_.now() + takes);
        auto done = co_await std::move(work);
        --open;
        co_return done;
    }

    kube_api&          to_;
    time_source&       time_;
    const std::string& why_;
};

/// Midnight of 2026-01-01, UTC, at first. The window of shoots is open from 22:00 to 22:45.
class garden_world : public actor_fixture {
protected:
    using fate = sandbox::call_fate;

    sandbox::api_store                   garden{time};
    sandbox::store_api                   api{time, garden};
    std::string                          refused_because{};
    picky_api                            picky{api, time, refused_because};
    metrics_registry                     metrics;
    actors::maintenance::options         opt{};
    std::unique_ptr<actors::maintenance> us;
    std::vector<std::string>             writes;

    const kube_key key{"garden-p", "a"};

    void SetUp() override {
        api.decide([this](const std::string& call) { return seen(call); });
        must(garden.create(namespaces, {{}, "garden-p"}, value::map(), {}));
    }
    void TearDown() override {
        stop();
        actor_fixture::TearDown();
    }
    fate seen(const std::string& call) {
        if (!call.starts_with("get ") && !call.starts_with("follow ")) writes.push_back(call);
        return on_call ? on_call(call) : fate::goes_well;
    }
    std::function<fate(const std::string&)> on_call{};

    template <class T>
    static T must(result<T> done) {
        EXPECT_TRUE(done) << (done ? "" : done.error().detail);
        return done ? std::move(*done) : T{};
    }

    void start_us() {
        us = std::make_unique<actors::maintenance>(loop.get_executor(), time, picky, metrics, opt);
        us->start();
        time.settle();
    }
    void stop() {
        if (!us) return;
        const auto ended = start(stopped(*us));
        time.settle();
        EXPECT_TRUE(ended->has_value()) << "it does not stop";
        us.reset();
    }
    static task<bool> stopped(actors::maintenance& which) {
        co_await which.stop();
        co_return true;
    }

    void offer(const std::string& falco, const std::string& name = "falco") {
        value profile = testing::yaml("{spec: {versions: {falco: [" + falco + "]}}}");
        value images  = value::list();
        for (const auto& each : profile.find_path({"spec", "versions", "falco"})->items())
            images.push_back(
                {{"version", std::string(each.text_at({"version"}))}, {"repository", "r/falco"}}
            );
        profile["spec"]["images"]["falco"] = std::move(images);
        if (garden.get(profiles, {{}, name}))
            must(garden.patch(profiles, {{}, name}, sandbox::api_patch_kind::merge, profile, {}));
        else
            must(garden.create(profiles, {{}, name}, std::move(profile), {}));
        time.settle();
    }
    static std::string version(
        const std::string& number, const std::string& is, const std::string& ends = ""
    ) {
        return "{version: " + number + ", rulesVersion: 4.0.0, classification: " + is +
               (ends.empty() ? "" : ", expirationDate: \"" + ends + "\"") + "},";
    }
    /// 1.0.0 ended yesterday, 1.1.0 is old, 1.2.0 is new, 1.3.0 a preview.
    void offer_usual() {
        offer(
            version("1.0.0", "deprecated", "2025-12-31T00:00:00Z") +
            version("1.1.0", "deprecated") + version("1.2.0", "supported") +
            version("1.3.0", "preview")
        );
    }

    static value config(const std::string& number, const std::string& rest = "autoUpdate: true") {
        return testing::yaml(
            "{apiVersion: falco.extensions.gardener.cloud/v1alpha1, kind: FalcoServiceConfig, "
            "falcoVersion: " +
            number + ", " + rest + "}"
        );
    }
    static value asking(value config) {
        value object;
        object["metadata"]["labels"]["extensions.extensions.gardener.cloud/shoot-falco-service"] =
            "true";
        object["spec"]["extensions"] =
            testing::yaml("[{type: other}, {type: shoot-falco-service}]");
        object["spec"]["extensions"].item(1)["providerConfig"] = std::move(config);
        return object;
    }
    kube_key add(value config, const std::string& name = "a", value more = value::map()) {
        auto object = asking(std::move(config));
        object["spec"]["maintenance"] =
            testing::yaml("{timeWindow: {begin: \"230000+0100\", end: \"000000+0100\"}}");
        for (const auto& each : more.entries()) object["spec"][each.key] = each.is;
        must(garden.create(shoots, {"garden-p", name}, std::move(object), {}));
        time.settle();
        return {"garden-p", name};
    }
    void change(const kube_key& which, const std::string& patch) {
        must(garden.patch(shoots, which, sandbox::api_patch_kind::merge, testing::yaml(patch), {}));
        time.settle();
    }
    value with_config(const kube_key& which, value to) {
        auto object                                            = must(garden.get(shoots, which));
        object["spec"]["extensions"].item(1)["providerConfig"] = std::move(to);
        return object;
    }
    void ask(const kube_key& which) {
        change(which, "metadata: {annotations: {gardener.cloud/operation: maintain}}");
    }
    value config_of(const kube_key& which, const kube_type& type = shoots) {
        const auto object = must(garden.get(type, which));
        return *object.find_path({"spec", "extensions"})->items()[1].find("providerConfig");
    }
    std::string version_of(const kube_key& which, const kube_type& type = shoots) {
        return std::string(config_of(which, type).text_at({"falcoVersion"}));
    }
    std::vector<std::string> told(const std::string& space = "garden-p") {
        std::vector<std::string> all;
        const auto page = must(garden.list(events, {.namespace_name = space}, {.limit = 0}));
        for (const auto& each : page.items)
            all.push_back(
                std::string(each.text_at({"type"})) + " " + std::string(each.text_at({"reason"})) +
                " " + std::string(each.text_at({"involvedObject", "name"}))
            );
        return all;
    }
    /// The wall clock's hour and minute of some day from the first on.
    void pass_until(int day, std::chrono::minutes of_day) {
        const utc_time to = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} +
                            std::chrono::days(day - 1) + of_day;
        ASSERT_GE(to, time.utc());
        time.advance(to - time.utc());
        time.settle();
    }
    std::uint64_t count(const std::string& series) {
        us->refresh_metrics();
        const auto text = metrics.expose();
        const auto at   = text.find("\n" + series + " ");
        if (at == std::string::npos) return 0;
        return std::stoull(text.substr(at + series.size() + 2));
    }
};

inline const std::string automatic_moves =
    "falconer_maintenance_moves_total{of=\"shoot\",kind=\"automatic\"}";
inline const std::string forced_moves =
    "falconer_maintenance_moves_total{of=\"shoot\",kind=\"forced\"}";

}  // namespace falconer::test
