// How a store's objects go: at once, when their finalizers have gone, or when all within them has.
#include "built_in_rules.hpp"
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

void add_finalizer(value& object, std::string_view name) {
    auto&       list = object["metadata"]["finalizers"];
    const auto& all  = list.items();
    if (std::ranges::find(all, value(name)) == all.end()) list.push_back(name);
}

void take_finalizer(value& object, std::string_view name) {
    auto left = value::list();
    for (const auto& each : object["metadata"]["finalizers"].items())
        if (each != value(name)) left.push_back(each);
    if (left.items().empty())
        object["metadata"].erase("finalizers");
    else
        object["metadata"]["finalizers"] = std::move(left);
}

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
    return *was;
}

result<value> api_store::remove(
    const kube_type& type, const kube_key& key, const kube_removal& how
) {
    if (auto may = removable(type, key, how); !may) return may;
    const auto was          = (*find(type, key))->tree();
    const bool has_contents = is_namespace(type) || is_crd(type);
    if (!has_finalizers(*was) && !has_contents) {
        drop(type, key);
        return *was;
    }
    auto object = *was;
    if (!is_deleting(object)) {
        object["metadata"]["deletionTimestamp"] = now();
        const auto* const counted               = was->find_path({"metadata", "generation"});
        if (!is_crd(type)) object["metadata"]["deletionGracePeriodSeconds"] = 0;
        if (counted != nullptr && !is_crd(type))
            object["metadata"]["generation"] = counted->integer().value_or(0) + 1;
        if (is_namespace(type)) object["status"]["phase"] = "Terminating";
        if (is_crd(type)) add_finalizer(object, cleanup);
        object = commit(type, key, &*was, std::move(object));
    }
    if (has_contents) {
        for (const auto& each : contents_of(type, key)) (void)remove(each.first, each.second, {});
        end_if_empty(type, key);
    }
    return object;
}

/// What a namespace or the definition of a type takes with it.
std::vector<api_store::slot> api_store::contents_of(const kube_type& type, const kube_key& key)
    const {
    std::vector<slot> within;
    for (const auto& [where, is] : objects_) {
        const bool inside = is_namespace(type)
                                ? where.second.namespace_name == key.name
                                : where.first.plural + "." + where.first.group == key.name;
        if (inside) within.push_back(where);
    }
    return within;
}

/// It goes when the last of its contents has gone.
void api_store::end_if_empty(const kube_type& type, const kube_key& key) {
    const auto* const found = find(type, key);
    if (found == nullptr || !is_deleting(*(*found)->tree())) return;
    auto object = (*found)->read();
    if (is_crd(type)) take_finalizer(object, cleanup);
    if (has_finalizers(object) || !contents_of(type, key).empty()) return;
    drop(type, key);
}

void api_store::drop(const kube_type& type, const kube_key& key) {
    auto       of = type;  // the type may go with it
    const auto at = objects_.find({stored_as(type), key});
    // A deletion has a version of its own, and the object that is told of carries it.
    auto last                           = at->second.is->read();
    last["metadata"]["resourceVersion"] = std::to_string(version_ + 1);
    registered(&last, nullptr);
    const auto where = at->first.second;
    const auto owner = of.group.empty() ? std::string{} : of.plural + "." + of.group;
    objects_.erase(at);
    tell(
        {.version = ++version_,
         .type    = std::move(of),
         .key     = where,
         .before  = std::make_shared<const api_object>(std::move(last))}
    );
    if (!where.namespace_name.empty()) end_if_empty(namespaces, {{}, where.namespace_name});
    if (!owner.empty()) end_if_empty(definitions, {{}, owner});
}

}  // namespace falconer::sandbox
