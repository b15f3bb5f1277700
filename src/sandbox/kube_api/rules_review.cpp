#include "rules_review.hpp"

#include <algorithm>
#include <string_view>

namespace falconer::sandbox {
namespace {

kube_type rbac(const char* kind, const char* plural, bool namespaced) {
    return {
        .group      = "rbac.authorization.k8s.io",
        .kind       = kind,
        .plural     = plural,
        .namespaced = namespaced,
    };
}

void take_over(const value& rule, value& to) {
    const bool of_resources = rule.find("resources") != nullptr;
    auto&      list         = to[of_resources ? "resourceRules" : "nonResourceRules"];
    list.push_back(rule);
}

void add_rules_of(const value& role, value& to) {
    if (const auto* const rules = role.find("rules"))
        for (const auto& each : rules->items()) take_over(each, to);
}

void add_bound(
    const api_store& store, const kube_type& bindings, const std::string& space,
    const api_user& who, value& to
) {
    const auto all = store.list(bindings, {.namespace_name = space}, {.limit = 0});
    if (!all) return;
    for (const auto& each : all->items) {
        const auto* const subjects = each.find("subjects");
        if (subjects == nullptr || std::ranges::none_of(subjects->items(), [&](const value& one) {
                return is_meant(one, who);
            }))
            continue;
        const bool of_cluster = each.text_at({"roleRef", "kind"}) == "ClusterRole";
        const auto type =
            of_cluster ? rbac("ClusterRole", "clusterroles", false) : rbac("Role", "roles", true);
        const kube_key key{of_cluster ? "" : space, std::string(each.text_at({"roleRef", "name"}))};
        if (const auto role = store.get(type, key)) add_rules_of(*role, to);
    }
}

}  // namespace

value rules_for(const api_store& store, const api_user& who, const std::string& namespace_name) {
    value made{
        {"resourceRules", value::list()},
        {"nonResourceRules", value::list()},
        {"incomplete", false},
    };
    const value::list_type all{"*"};
    if (std::ranges::find(who.groups, "system:masters") != who.groups.end()) {
        take_over({{"verbs", all}, {"apiGroups", all}, {"resources", all}}, made);
        take_over({{"verbs", all}, {"nonResourceURLs", all}}, made);
    }
    add_bound(store, rbac("ClusterRoleBinding", "clusterrolebindings", false), {}, who, made);
    if (!namespace_name.empty())
        add_bound(store, rbac("RoleBinding", "rolebindings", true), namespace_name, who, made);
    return made;
}

}  // namespace falconer::sandbox
