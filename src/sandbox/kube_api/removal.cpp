// How a store's objects go: at once, when their finalizers have gone, or when all within them has.
// What hangs on an owner: collection.cpp.
#include "built_in_rules.hpp"
#include "finalizers.hpp"
#include "rules.hpp"
#include "store.hpp"

#include <algorithm>
#include <utility>

namespace falconer::sandbox {
namespace {

const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};
const kube_type definitions{
    .group      = "apiextensions.k8s.io",
    .kind       = "CustomResourceDefinition",
    .plural     = "customresourcedefinitions",
    .namespaced = false
};
/// Source: apiextensions/v1, CustomResourceCleanupFinalizer.
constexpr std::string_view cleanup = "customresourcecleanup.apiextensions.k8s.io";

}  // namespace

result<value> api_store::removable(
    const kube_type& type, const kube_key& key, const kube_removal& how
) const {
    const auto* const found = find(type, key);
    if (found == nullptr) return failure{errc::not_found, name_of(type, key) + " not found"};
    if (is_everlasting(type, key.name))
        return failure{
            errc::denied, name_of(type, key) + " is forbidden: this namespace may not be deleted"
        };
    const auto was = (*found)->tree();
    if ((!how.uid.empty() && how.uid != was->text_at({"metadata", "uid"})) ||
        (!how.resource_version.empty() && how.resource_version != resource_version_of(*was)))
        return failure{
            errc::conflict,
            "Operation cannot be fulfilled on " + kind_name_of(type, key) + ": Precondition failed"
        };
    return going(type, *was, how);
}

/// As it is when its deletion has begun. Without finalizers and contents it goes at once.
value api_store::going(const kube_type& type, const value& was, const kube_removal& how) const {
    auto object = was;
    wait_for_dependents(object, how.then);
    const bool has_contents = is_namespace(type) || is_crd(type);
    if ((!has_finalizers(object) && !has_contents) || is_deleting(object)) return object;
    object["metadata"]["deletionTimestamp"] = now();
    const auto* const counted               = was.find_path({"metadata", "generation"});
    if (!is_crd(type)) object["metadata"]["deletionGracePeriodSeconds"] = 0;
    if (counted != nullptr && !is_crd(type))
        object["metadata"]["generation"] = counted->integer().value_or(0) + 1;
    if (is_namespace(type)) object["status"]["phase"] = "Terminating";
    if (is_crd(type)) add_finalizer(object, cleanup);
    return object;
}

result<value> api_store::remove(
    const kube_type& type, const kube_key& key, const kube_removal& how
) {
    auto may = removable(type, key, how);
    if (!may) return may;
    const auto was          = (*find(type, key))->tree();
    auto       object       = std::move(*may);
    const bool has_contents = is_namespace(type) || is_crd(type);
    if (!has_finalizers(object) && !has_contents) {
        drop(type, key);
        return object;
    }
    const bool changes = object != *was;  // it begins, or is to wait for others all the same
    if (changes) object = commit(type, key, &*was, std::move(object));
    if (has_contents) {
        for (const auto& each : contents_of(type, key)) (void)remove(each.first, each.second, {});
        end_if_empty(type, key);
    }
    if (changes) unfinished_.push_back({.type = type, .key = key, .collects = true});
    go_on();
    return object;
}

/// What a namespace or the definition of a type takes with it.
std::vector<api_store::slot> api_store::contents_of(
    const kube_type& type, const kube_key& key, std::size_t most
) const {
    std::vector<slot> within;
    for (const auto& each : objects_) {
        if (within.size() >= most) break;
        const bool inside = is_namespace(type) ? each.is->namespace_name() == key.name
                                               : each.of->plural + "." + each.of->group == key.name;
        if (inside) within.emplace_back(*each.of, each.is->key());
    }
    return within;
}

/// It goes when the last of its contents has gone.
void api_store::end_if_empty(const kube_type& type, const kube_key& key) {
    const auto* const found = find(type, key);
    if (found == nullptr || !is_deleting(*(*found)->tree())) return;
    auto object = (*found)->read();
    if (is_crd(type)) take_finalizer(object, cleanup);
    if (has_finalizers(object) || !contents_of(type, key, 1).empty()) return;
    drop(type, key);
}

void api_store::drop(const kube_type& type, const kube_key& key) {
    const auto& of = shared(type);  // `type` may go with it
    const auto  at = objects_.find(place{type, key.namespace_name, key.name});
    // A deletion has a version of its own, and the object that is told of carries it.
    auto last                           = at->is->read();
    last["metadata"]["resourceVersion"] = std::to_string(version_ + 1);
    registered(&last, nullptr);
    const auto where = at->is->key();
    const auto owner = of.group.empty() ? std::string{} : of.plural + "." + of.group;
    const auto gone  = std::make_shared<const api_object>(std::move(last));
    const auto tree  = gone->tree();
    objects_.erase(at);
    tell({.version = ++version_, .of = &of, .before = gone});
    if (!where.namespace_name.empty()) end_if_empty(namespaces, {{}, where.namespace_name});
    if (!owner.empty()) end_if_empty(definitions, {{}, owner});
    remember_owners(*tree);
    go_on();
}

}  // namespace falconer::sandbox
