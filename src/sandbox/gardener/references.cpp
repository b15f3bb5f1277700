#include "references.hpp"

#include "falconer/falco/managed_resource.hpp"
#include "kube_api/store.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

using falco::managed_resources;

const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};

falco::managed_resource_name named_in(const std::string& space) {
    return {
        .name           = references_name,
        .namespace_name = space,
        .secret_prefix  = std::string("managedresource-") + references_name,
        .resource_class = "seed",
    };
}

/// Without labels and everything else that is its source's.
value copy_of(const value& source, const kube_type& type, const kube_key& as) {
    value copy{
        {"apiVersion", "v1"},
        {"kind", type.kind},
        {"metadata", {{"name", as.name}, {"namespace", as.namespace_name}}}
    };
    for (const auto* part : {"data", "binaryData", "type", "immutable"})
        if (const auto* has = source.find(part)) copy[part] = *has;
    return copy;
}

}  // namespace

brought_references bring_references(api_store& store, const value& shoot, const std::string& to) {
    std::vector<value> copies;
    const auto         home = key_of(shoot).namespace_name;
    if (const auto* list = shoot.find_path({"spec", "resources"}))
        for (const auto& each : list->items()) {
            const auto  kind = each.text_at({"resourceRef", "kind"});
            const auto& type = kind == "ConfigMap" ? config_maps : secrets;
            if (kind != type.kind) continue;
            const std::string name(each.text_at({"resourceRef", "name"}));
            const auto        source = store.get(type, {home, name});
            if (!source)
                return {
                    .trouble = "spec.resources refers to " + type.kind + ' ' + home + '/' + name +
                               ", which is not there"
                };
            auto copy = copy_of(*source, type, {to, "ref-" + name});
            if (std::find(copies.begin(), copies.end(), copy) == copies.end())
                copies.push_back(std::move(copy));
        }
    if (copies.empty()) {
        end_references(store, to);
        return {.ready = true};
    }
    const auto     name = named_in(to);
    const kube_key key{to, name.name};
    const auto     is      = store.get(managed_resources, key);
    const value    was     = is ? *is : value{};
    const auto     bundles = falco::bundle(name, copies);
    for (const auto& each : bundles) {
        auto secret = falco::secret_of(name, each);
        if (!secret) return {.trouble = secret.error().detail};
        const auto its = key_of(*secret);
        if (!store.get(secrets, its)) (void)store.create(secrets, its, std::move(*secret), {});
    }
    auto made = falco::managed_resource(name, bundles, was);
    if (made != was) {
        const auto now  = falco::secrets_of(made);
        const auto done = is ? store.update(managed_resources, key, std::move(made), {})
                             : store.create(managed_resources, key, std::move(made), {});
        if (!done) return {.trouble = done.error().detail};
        for (const auto& old : falco::secrets_of(was))
            if (std::find(now.begin(), now.end(), old) == now.end())
                (void)store.remove(secrets, {to, old}, {});
    }
    const auto there = store.get(managed_resources, key);
    const auto state = there ? falco::state_of(*there) : falco::managed_resource_state{};
    return {
        .ready   = state.applied,
        .trouble = state.applied || state.progressing ? "" : state.message,
    };
}

bool end_references(api_store& store, const std::string& in) {
    const kube_key key{in, references_name};
    const auto     is = store.get(managed_resources, key);
    if (!is) return true;
    if (is->text_at({"metadata", "deletionTimestamp"}).empty()) {
        for (const auto& name : falco::secrets_of(*is)) (void)store.remove(secrets, {in, name}, {});
        (void)store.remove(managed_resources, key, {});
    }
    return !store.get(managed_resources, key);
}

}  // namespace falconer::sandbox
