#include "gardenlet.hpp"

#include "falconer/base64.hpp"
#include "falconer/event.hpp"
#include "kube_api/store.hpp"
#include "references.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

constexpr const char* extension_name = "shoot-falco-service";
constexpr const char* finalizer      = "gardener";

const kube_type shoots{
    .group = "core.gardener.cloud", .version = "v1beta1", .kind = "Shoot", .plural = "shoots"
};
const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};
const kube_type clusters{
    .group      = "extensions.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Cluster",
    .plural     = "clusters",
    .namespaced = false
};
const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type secrets{.kind = "Secret", .plural = "secrets"};

/// The entry of ours, if the shoot wants it.
const value* wanted_extension(const value& shoot) {
    const auto* const list = shoot.find_path({"spec", "extensions"});
    if (list == nullptr) return nullptr;
    for (const auto& each : list->items()) {
        if (each.text_at({"type"}) != extension_name) continue;
        const auto* const off = each.find("disabled");
        return off != nullptr && off->boolean() == true ? nullptr : &each;
    }
    return nullptr;
}

/// Written only if it differs.
void put(api_store& store, const kube_type& type, const kube_key& key, value object) {
    const auto is = store.get(type, key);
    if (!is) {
        (void)store.create(type, key, std::move(object), {});
        return;
    }
    (void)store.patch(type, key, api_patch_kind::merge, object, {});
}

}  // namespace

std::string technical_id_of(const value& shoot) {
    std::string_view project = shoot.text_at({"metadata", "namespace"});
    if (project.starts_with("garden-")) project.remove_prefix(7);
    return "shoot--" + std::string(project) + "--" +
           std::string(shoot.text_at({"metadata", "name"}));
}

std::string gardenlet::now() const {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(time_.utc())));
}

task<void> gardenlet::run() {
    const auto rings = time_.make_bell();
    store_.ring_on_change(*rings);
    struct quiet {
        api_store& store;
        bell&      of;
        ~quiet() { store.no_longer_ring(of); }
    } const ends{store_, *rings};
    for (;;) {
        auto seen = store_.version();
        look();
        for (auto changes = store_.since(seen); changes; changes = store_.since(seen)) {
            if (changes->empty()) {
                co_await rings->wait_until(never);
                continue;
            }
            seen = changes->back()->version;
            std::vector<api_change> told;
            for (const auto* each : *changes) told.push_back(*each);
            for (const auto& each : told) look_after(each.type().kind, each.is().key());
        }
    }
}

void gardenlet::look() {
    const auto all = store_.list(shoots, {}, {.limit = 0});
    for (const auto& each : all->items) look_at(key_of(each));
}

/// Whoever it matters to is looked at.
void gardenlet::look_after(const std::string& kind, const kube_key& key) {
    if (kind == "Shoot") {
        look_at(key);
    } else if (kind == "Extension" || (kind == "ManagedResource" && key.name == references_name)) {
        const auto& space = key.namespace_name;  // "shoot--<project>--<name>"
        const auto  dash  = space.find("--", 7);
        if (!space.starts_with("shoot--") || dash == std::string::npos) return;
        look_at({"garden-" + space.substr(7, dash - 7), space.substr(dash + 2)});
    } else if ((kind == "Secret" || kind == "ConfigMap") &&
               key.namespace_name.starts_with("garden-")) {
        const auto all = store_.list(shoots, {.namespace_name = key.namespace_name}, {.limit = 0});
        for (const auto& each : all->items) look_at(key_of(each));
    }
}

void gardenlet::look_at(const kube_key& key) {
    const auto shoot = store_.get(shoots, key);
    if (!shoot) return;
    if (shoot->text_at({"metadata", "deletionTimestamp"}).empty())
        bring(*shoot);
    else
        take_away(*shoot);
}

void gardenlet::bring(const value& shoot) {
    const auto in  = technical_id_of(shoot);
    const auto key = key_of(shoot);
    if (shoot.find_path({"metadata", "finalizers"}) == nullptr) {
        value patch;
        patch["metadata"]["finalizers"].push_back(finalizer);
        (void)store_.patch(shoots, key, api_patch_kind::merge, patch, {});
        return;  // and it is seen again
    }
    // Gardener's maintenance controller takes its annotation away before it begins.
    if (shoot.text_at({"metadata", "annotations", "gardener.cloud/operation"}) == "maintain") {
        value patch;
        patch["metadata"]["annotations"]["gardener.cloud/operation"] = value{};
        (void)store_.patch(shoots, key, api_patch_kind::merge, patch, {});
        return;
    }
    const std::string uid(shoot.text_at({"metadata", "uid"}));
    const auto        identity = opt_.identity ? opt_.identity(in, uid) : in + "-" + uid + "-local";
    value             status{{"status", {{"technicalID", in}, {"clusterIdentity", identity}}}};
    auto              told =
        store_.patch(shoots, key, api_patch_kind::merge, status, {.part = kube_part::status});
    if (!told) return;

    value space;
    space["metadata"]["labels"]["gardener.cloud/role"] = "shoot";
    put(store_, namespaces, {{}, in}, std::move(space));
    value cluster;
    cluster["spec"]["cloudProfile"]                      = value::map();
    cluster["spec"]["seed"]["spec"]["ingress"]["domain"] = opt_.ingress_domain;
    // Its own progress is none of an extension's business, and it would never come to an end.
    auto copy = *told;
    copy["status"].erase("lastOperation");
    copy["status"].erase("lastErrors");
    copy["metadata"].erase("resourceVersion");
    cluster["spec"]["shoot"] = std::move(copy);
    put(store_, clusters, {{}, in}, std::move(cluster));
    if (opt_.kubeconfig) {
        value access;
        access["data"]["kubeconfig"] = encode_base64(opt_.kubeconfig(in));
        put(store_, secrets, {in, "gardener-internal"}, std::move(access));
    }
    // As the whole flow of gardenlet's: what it refers to comes first, or nothing does.
    const auto references = bring_references(store_, *told, in);
    if (!references.ready) {
        tell_of_references(*told, references.trouble);
        return;
    }
    const auto* const wanted = wanted_extension(*told);
    if (wanted == nullptr)
        end_extension(in);
    else
        ask(*told, in, wanted);
    tell(*told, in);
}

void gardenlet::tell_of_references(const value& shoot, const std::string& trouble) {
    const bool wrong = !trouble.empty();
    value      status, errors;
    status["status"]["lastOperation"] = {
        {"type", "Reconcile"},
        {"state", wrong ? "Error" : "Processing"},
        {"progress", 20},
        {"description", wrong ? trouble : "Waiting until what it refers to has been copied"},
    };
    if (wrong) errors.push_back(value{{"description", trouble}});
    status["status"]["lastErrors"] = std::move(errors);
    (void)store_.patch(
        shoots, key_of(shoot), api_patch_kind::merge, status, {.part = kube_part::status}
    );
}

/// With every change of what is wanted, as in a maintenance window that never closes.
void gardenlet::ask(const value& shoot, const std::string& in, const value* wanted) {
    const kube_key    key{in, extension_name};
    const auto        is         = store_.get(extensions, key);
    const auto*       want       = wanted->find("providerConfig");
    const auto*       has        = is ? is->find_path({"spec", "providerConfig"}) : nullptr;
    const std::string generation = shoot.find_path({"metadata", "generation"}) == nullptr
                                       ? ""
                                       : json_text(*shoot.find_path({"metadata", "generation"}));
    const bool        same       = is && (want == nullptr) == (has == nullptr) &&
                      (want == nullptr || *want == *has) &&
                      is->text_at({"metadata", "annotations", "sandbox/generation"}) == generation;
    if (same) return;
    value object;
    auto& notes                       = object["metadata"]["annotations"];
    notes["gardener.cloud/operation"] = "reconcile";
    notes["gardener.cloud/timestamp"] = text_of(event_time_of(time_.utc()));
    notes["sandbox/generation"]       = generation;
    object["spec"]["type"]            = extension_name;
    if (!is) {
        if (want != nullptr) object["spec"]["providerConfig"] = *want;
        (void)store_.create(extensions, key, std::move(object), {});
        return;
    }
    auto whole = *is;  // a merge would keep fields that are no longer wanted
    for (const auto& each : notes.entries()) whole["metadata"]["annotations"][each.key] = each.is;
    whole["spec"].erase("providerConfig");
    if (want != nullptr) whole["spec"]["providerConfig"] = *want;
    (void)store_.update(extensions, key, std::move(whole), {});
}

void gardenlet::tell(const value& shoot, const std::string& in) {
    const auto is = store_.get(extensions, {in, extension_name});
    value      operation{
             {"type", "Reconcile"},
             {"state", "Succeeded"},
             {"progress", 100},
             {"description", "Shoot cluster has been successfully reconciled."}
    };
    value errors;
    if (is) {
        if (const auto* last = is->find_path({"status", "lastOperation"})) {
            operation = *last;
        } else {
            operation["state"]    = "Processing";
            operation["progress"] = 50;
        }
        if (const auto* wrong = is->find_path({"status", "lastError"})) errors.push_back(*wrong);
    }
    value status;
    status["status"]["lastOperation"] = std::move(operation);
    status["status"]["lastErrors"]    = std::move(errors);
    (void)store_.patch(
        shoots, key_of(shoot), api_patch_kind::merge, status, {.part = kube_part::status}
    );
}

/// True: it has gone.
bool gardenlet::end_extension(const std::string& in) {
    const kube_key key{in, extension_name};
    const auto     is = store_.get(extensions, key);
    if (!is) return true;
    if (is->text_at({"metadata", "deletionTimestamp"}).empty()) {
        value notes;
        notes["metadata"]["annotations"]["confirmation.gardener.cloud/deletion"] = "true";
        notes["metadata"]["annotations"]["gardener.cloud/timestamp"]             = now();
        (void)store_.patch(extensions, key, api_patch_kind::merge, notes, {});
        (void)store_.remove(extensions, key, {});
    }
    return !store_.get(extensions, key);
}

void gardenlet::take_away(const value& shoot) {
    const auto in = technical_id_of(shoot);
    if (!end_extension(in)) {
        tell(shoot, in);
        return;
    }
    if (!end_references(store_, in)) return;
    (void)store_.remove(namespaces, {{}, in}, {});
    (void)store_.remove(clusters, {{}, in}, {});
    if (opt_.has_gone) opt_.has_gone(in);
    value patch;
    patch["metadata"]["finalizers"] = value{};
    (void)store_.patch(shoots, key_of(shoot), api_patch_kind::merge, patch, {});
}

}  // namespace falconer::sandbox
