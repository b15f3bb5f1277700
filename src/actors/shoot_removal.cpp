#include "shoot_removal.hpp"

#include "kube_types.hpp"

#include "falconer/falco/credentials_plan.hpp"
#include "falconer/falco/managed_resource.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace falconer::actors {
namespace {

using namespace falco;

bool is_gone(const result<void>& done) {
    return done || done.error().code == errc::not_found;
}

const kube_removal how_to_remove{};

/// Kept objects first: the resource manager hears of both in their order.
task<result<void>> keep_objects(kube_api& api, kube_key key) {
    value patch;
    patch["spec"]["keepObjects"] = true;
    auto done = co_await api.merge_patch(managed_resources, std::move(key), std::move(patch), {});
    if (!done && done.error().code != errc::not_found) co_return std::move(done).error();
    co_return result<void>{};
}

/// Asks for its end; a sentence while it is still there.
task<result<std::string>> end_one(kube_api& api, managed_resource_name which, removal_kind how) {
    const kube_key key{which.namespace_name, which.name};
    const bool     of_target = which.resource_class.empty();
    if (how == removal_kind::migrate && of_target) {
        auto kept = co_await keep_objects(api, key);
        if (!kept) co_return std::move(kept).error();
    }
    auto is = co_await api.get(managed_resources, key);
    if (!is && is.error().code == errc::not_found) co_return std::string{};
    if (!is) co_return std::move(is).error();
    if (is->text_at({"metadata", "deletionTimestamp"}).empty()) {
        for (const auto& name : secrets_of(*is)) {
            const kube_key its{key.namespace_name, name};
            auto           gone = co_await api.remove(secrets, its, how_to_remove);
            if (!is_gone(gone)) co_return std::move(gone).error();
        }
        auto gone = co_await api.remove(managed_resources, key, how_to_remove);
        if (!is_gone(gone)) co_return std::move(gone).error();
        is = co_await api.get(managed_resources, key);
        if (!is && is.error().code == errc::not_found) co_return std::string{};
        if (!is) co_return std::move(is).error();
    }
    if (how == removal_kind::force && of_target) co_return std::string{};
    const auto state = state_of(*is);
    co_return "ManagedResource " + key.text() + " is still there" +
        (state.message.empty() ? "" : ": " + state.message);
}

/// Secrets of earlier contents: the resource manager would collect them, but only when they are ten
/// minutes old. Source: gardener/gardener, pkg/resourcemanager/controller/garbagecollector.
task<result<void>> sweep(kube_api& api, std::string in, std::vector<std::string> prefixes) {
    kube_selection which;
    which.namespace_name  = std::move(in);
    which.labels          = collectable_label;
    which.labels         += "=true";
    kube_page_request page;
    page.limit = 0;
    auto all   = co_await api.list(secrets, which, page);
    if (!all) co_return std::move(all).error();
    for (const auto& each : all->items) {
        const auto name = each.text_at({"metadata", "name"});
        const bool ours = std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
            return name.starts_with(prefix);
        });
        if (!ours) continue;
        const kube_key key{which.namespace_name, std::string(name)};
        auto           gone = co_await api.remove(secrets, key, how_to_remove);
        if (!is_gone(gone)) co_return std::move(gone).error();
    }
    co_return result<void>{};
}

}  // namespace

task<result<removed>> remove_delivery(
    kube_api& api, falco::extension_class is, std::string control_plane, removal_kind how
) {
    cluster_facts cluster;
    cluster.is            = is;
    cluster.control_plane = control_plane;
    std::vector<managed_resource_name> all{target_resource(cluster)};
    // The Go extension made one for seeds, too.
    if (is != extension_class::garden) all.push_back(seed_resource(cluster));

    removed                  so_far;
    std::vector<std::string> prefixes;
    for (auto& each : all) {
        prefixes.push_back(each.secret_prefix + '-');
        auto left = co_await end_one(api, std::move(each), how);
        if (!left) co_return std::move(left).error();
        if (so_far.waiting.empty()) so_far.waiting = std::move(*left);
    }
    // Falco's certificates and tokens end with it. In a migration they go along: gardenlet carries
    // Secrets over that are labelled so, and the pods on the other side need not roll.
    if (!so_far.waiting.empty()) co_return so_far;
    // Old releases had one under a fixed name each: whatever refers to it has gone by now.
    for (const auto& prefix : prefixes) {
        const kube_key of_old{control_plane, prefix.substr(0, prefix.size() - 1)};
        auto           gone = co_await api.remove(secrets, of_old, how_to_remove);
        if (!is_gone(gone)) co_return std::move(gone).error();
    }
    auto swept = co_await sweep(api, control_plane, std::move(prefixes));
    if (!swept) co_return std::move(swept).error();
    if (how == removal_kind::migrate) co_return so_far;
    for (const auto& name : {certificate_secret_of(is), token_secret_of(is)}) {
        const kube_key key{control_plane, name};
        auto           gone = co_await api.remove(secrets, key, how_to_remove);
        if (!is_gone(gone)) co_return std::move(gone).error();
    }
    co_return so_far;
}

}  // namespace falconer::actors
