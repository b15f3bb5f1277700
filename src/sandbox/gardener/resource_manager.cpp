#include "resource_manager.hpp"

#include "falconer/event.hpp"
#include "falconer/falco/managed_resource.hpp"
#include "kube_api/store.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

using falco::managed_resources;

const kube_type secrets{.kind = "Secret", .plural = "secrets"};

std::string finalizer_of(const value& resource) {
    return resource.text_at({"spec", "class"}).empty()
               ? "resources.gardener.cloud/gardener-resource-manager"
               : "resources.gardener.cloud/gardener-resource-manager-seed";
}

const api_type* type_of(const api_store& in, const value& object) {
    const auto api = object.text_at({"apiVersion"}), kind = object.text_at({"kind"});
    for (const auto& each : in.types().all())
        if (each.type.api_version() == api && each.type.kind == kind) return &each;
    return nullptr;
}

value reference_to(const value& object) {
    value made{{"apiVersion", object.text_at({"apiVersion"})}, {"kind", object.text_at({"kind"})}};
    made["name"] = object.text_at({"metadata", "name"});
    if (const auto space = object.text_at({"metadata", "namespace"}); !space.empty())
        made["namespace"] = space;
    return made;
}

kube_key key_in(const api_type& type, const value& reference) {
    std::string space(reference.text_at({"namespace"}));
    if (!type.type.namespaced)
        space.clear();
    else if (space.empty())
        space = "default";
    return {std::move(space), std::string(reference.text_at({"name"}))};
}

/// What is data of the object that stands there and is so no longer. Source: gardener/gardener,
/// pkg/resourcemanager/controller/managedresource/merger.go, which replaces it as a whole.
void drop_keys(const value& was, value& patch) {
    for (const auto* part : {"data", "binaryData"}) {
        const auto* had   = was.find(part);
        const auto* wants = patch.find(part);
        // Where none is wanted others fill it in: the token requestor, for one.
        if (had == nullptr || wants == nullptr || wants->entries().empty()) continue;
        for (const auto& each : had->entries())
            if (patch.find_path({part, each.key}) == nullptr) patch[part][each.key] = value{};
    }
}

value finalizers(const value& resource, const std::string& with, bool wanted) {
    value list = value::list();
    if (const auto* had = resource.find_path({"metadata", "finalizers"}))
        for (const auto& each : had->items())
            if (each != value(with)) list.push_back(each);
    if (wanted) list.push_back(with);
    value patch;
    patch["metadata"]["finalizers"] = std::move(list);
    return patch;
}

}  // namespace

task<void> resource_manager::run() {
    const auto rings = time_.make_bell();
    seed_.ring_on_change(*rings);
    struct quiet {
        api_store& store;
        bell&      of;
        ~quiet() { store.no_longer_ring(of); }
    } const ends{seed_, *rings};
    for (;;) {
        auto seen = seed_.version();
        look();
        for (auto changes = seed_.since(seen); changes; changes = seed_.since(seen)) {
            if (changes->empty()) {
                co_await rings->wait_until(never);
                continue;
            }
            seen = changes->back()->version;
            std::set<kube_key> touched;
            for (const auto* each : *changes)
                if (each->type().plural == managed_resources.plural && each->after)
                    touched.insert(each->is().key());
            for (const auto& key : touched)
                if (auto is = seed_.get(managed_resources, key)) look_at(*is);
        }
    }
}

void resource_manager::look() {
    auto all = seed_.list(managed_resources, {}, {.limit = 0});
    for (const auto& each : all->items) look_at(each);
}

void resource_manager::look_at(const value& resource) {
    const auto key     = key_of(resource);
    const bool of_seed = !resource.text_at({"spec", "class"}).empty();
    auto*      target  = of_seed ? &seed_ : targets_(key.namespace_name);
    if (!resource.text_at({"metadata", "deletionTimestamp"}).empty()) {
        end(resource, target);
        return;
    }
    const auto* const seen   = resource.find_path({"status", "observedGeneration"});
    const auto* const wanted = resource.find_path({"metadata", "generation"});
    if (seen != nullptr && wanted != nullptr && seen->integer() == wanted->integer()) return;
    if (target == nullptr) return;  // its cluster sleeps
    const auto patch = finalizers(resource, finalizer_of(resource), true);
    (void)seed_.patch(managed_resources, key, api_patch_kind::merge, patch, {});
    value      listed = value::list();
    const auto wrong  = apply(resource, *target, listed);
    if (wrong.empty())
        if (const auto* before = resource.find_path({"status", "resources"}))
            drop_others(*before, listed, *target);
    tell(resource, wrong, std::move(listed));
}

std::string resource_manager::apply(const value& resource, api_store& target, value& listed) {
    const auto  space  = key_of(resource).namespace_name;
    const auto* inject = resource.find_path({"spec", "injectLabels"});
    for (const auto& name : falco::secrets_of(resource)) {
        const auto secret = seed_.get(secrets, {space, name});
        if (!secret) return "CannotReadSecret: " + secret.error().detail;
        const auto objects = falco::objects_in(*secret);
        if (!objects) return "DecodingFailed: " + objects.error().detail;
        for (const auto& each : *objects) {
            const auto* const type = type_of(target, each);
            if (type == nullptr)
                return "ApplyFailed: no matches for kind \"" + std::string(each.text_at({"kind"})) +
                       "\" in version \"" + std::string(each.text_at({"apiVersion"})) + "\"";
            const auto reference = reference_to(each);
            const auto key       = key_in(*type, reference);
            auto       object    = each;
            if (inject != nullptr)
                for (const auto& label : inject->entries())
                    object["metadata"]["labels"][label.key] = label.is;
            object["metadata"]["labels"]["resources.gardener.cloud/managed-by"] = "gardener";
            auto was = target.get(type->type, key);
            if (was) drop_keys(*was, object);
            const auto done = was ? target.patch(type->type, key, api_patch_kind::merge, object, {})
                                  : target.create(type->type, key, object, {});
            if (!done)
                return "ApplyFailed: error during apply of object \"" + key.text() +
                       "\" is invalid: " + done.error().detail;
            play_workload(type->type, key, target);
            listed.push_back(reference);
        }
    }
    return {};
}

/// As on a cluster with one node where all goes well.
void resource_manager::play_workload(
    const kube_type& type, const kube_key& key, api_store& target
) {
    value patch;
    if (type.kind == "DaemonSet")
        patch["status"] = {
            {"desiredNumberScheduled", 1},
            {"currentNumberScheduled", 1},
            {"numberReady", 1},
            {"updatedNumberScheduled", 1},
            {"numberAvailable", 1}
        };
    else if (type.kind == "Deployment")
        patch["status"] = {{"replicas", 2}, {"readyReplicas", 2}, {"updatedReplicas", 2}};
    else
        return;
    const auto is = target.get(type, key);
    if (is) patch["status"]["observedGeneration"] = *is->find_path({"metadata", "generation"});
    (void)target.patch(type, key, api_patch_kind::merge, patch, {.part = kube_part::status});
}

void resource_manager::drop_others(const value& before, const value& listed, api_store& target) {
    const auto& kept = listed.items();
    for (const auto& each : before.items()) {
        if (std::find(kept.begin(), kept.end(), each) != kept.end()) continue;
        if (const auto* type = type_of(target, each))
            (void)target.remove(type->type, key_in(*type, each), {});
    }
}

void resource_manager::end(const value& resource, api_store* target) {
    const auto* const keep   = resource.find_path({"spec", "keepObjects"});
    const auto* const listed = resource.find_path({"status", "resources"});
    const bool        kept   = keep != nullptr && keep->boolean() == true;
    if (!kept && listed != nullptr && target == nullptr) return;  // its cluster sleeps
    if (!kept && listed != nullptr) drop_others(*listed, value::list(), *target);
    const auto patch = finalizers(resource, finalizer_of(resource), false);
    (void)seed_.patch(managed_resources, key_of(resource), api_patch_kind::merge, patch, {});
}

void resource_manager::tell(const value& resource, const std::string& wrong, value listed) {
    const auto now  = text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(time_.utc())));
    const bool good = wrong.empty();
    value      conditions = value::list();
    const auto say        = [&](const char* type, bool is, const std::string& reason) {
        conditions.push_back(
            {{"type", type},
             {"status", is ? "True" : "False"},
             {"reason", reason},
             {"message", good ? "All is well." : wrong},
             {"lastTransitionTime", now},
             {"lastUpdateTime", now}}
        );
    };
    const auto reason = wrong.substr(0, wrong.find(':'));
    say("ResourcesApplied", good, good ? "ApplySucceeded" : reason);
    say("ResourcesHealthy", good, good ? "ResourcesHealthy" : reason);
    say("ResourcesProgressing", false, "ResourcesRolledOut");
    value status{
        {"observedGeneration", *resource.find_path({"metadata", "generation"})},
        {"conditions", std::move(conditions)},
        {"resources", std::move(listed)}
    };
    (void)seed_.patch(
        managed_resources, key_of(resource), api_patch_kind::merge, {{"status", std::move(status)}},
        {.part = kube_part::status}
    );
}

}  // namespace falconer::sandbox
