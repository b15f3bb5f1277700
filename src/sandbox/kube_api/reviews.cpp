#include "reviews.hpp"

#include "account_tokens.hpp"
#include "falconer/event.hpp"
#include "rules_review.hpp"

#include <algorithm>
#include <utility>

namespace falconer::sandbox {
namespace {

constexpr std::string_view rbac = "rbac.authorization.k8s.io";

kube_type rbac_type(const char* kind, const char* plural, bool namespaced) {
    return {.group = std::string(rbac), .kind = kind, .plural = plural, .namespaced = namespaced};
}

bool has(const value& rule, std::string_view list, std::string_view wanted) {
    const auto* const all = rule.find(list);
    return all != nullptr &&
           std::any_of(all->items().begin(), all->items().end(), [&](const value& each) {
               return each.is_text() && (*each.text() == "*" || *each.text() == wanted);
           });
}

/// What is asked for. Source: authorization/v1, ResourceAttributes and NonResourceAttributes.
struct wish {
    std::string_view verb{}, group{}, resource{}, name{}, space{}, path{};
    bool             of_resource = false;
};

wish wish_in(const value& spec) {
    if (const auto* const what = spec.find("resourceAttributes"); what && what->is_map()) {
        return {
            .verb        = what->text_at({"verb"}),
            .group       = what->text_at({"group"}),
            .resource    = what->text_at({"resource"}),
            .name        = what->text_at({"name"}),
            .space       = what->text_at({"namespace"}),
            .of_resource = true,
        };
    }
    return {
        .verb = spec.text_at({"nonResourceAttributes", "verb"}),
        .path = spec.text_at({"nonResourceAttributes", "path"}),
    };
}

/// "/healthz", and by "/healthz/*" all that is below it. Source: kubernetes,
/// pkg/apis/rbac/v1, NonResourceURLMatches.
bool has_path(const value& rule, std::string_view path) {
    const auto* const all = rule.find("nonResourceURLs");
    return all != nullptr && std::ranges::any_of(all->items(), [&](const value& each) {
               if (!each.is_text()) return false;
               std::string_view may = *each.text();
               if (!may.ends_with('*')) return may == path;
               while (may.ends_with('*')) may.remove_suffix(1);
               return path.starts_with(may);
           });
}

/// "pods/log" is meant by "*/log", too. Source: there, ResourceMatches.
bool has_resource(const value& rule, std::string_view resource, std::string_view part) {
    auto whole = std::string(resource);
    if (!part.empty()) whole.append("/").append(part);
    return has(rule, "resources", whole) ||
           (!part.empty() && has(rule, "resources", "*/" + std::string(part)));
}

bool allows(const value& rule, const wish& what, std::string_view part) {
    if (!has(rule, "verbs", what.verb)) return false;
    if (!what.of_resource) return has_path(rule, what.path);
    if (!has(rule, "apiGroups", what.group) || !has_resource(rule, what.resource, part))
        return false;
    const auto* const names = rule.find("resourceNames");
    return names == nullptr || names->items().empty() || has(rule, "resourceNames", what.name);
}

/// The name of the binding that allows it; empty: none does.
std::string allowed_by(
    const api_store& store, const kube_type& bindings, std::string_view space, const wish& what,
    std::string_view part, const api_user& who
) {
    const auto all = store.list(bindings, {.namespace_name = std::string(space)}, {.limit = 0});
    if (!all) return {};
    for (const auto& each : all->items) {
        const auto* const subjects = each.find("subjects");
        const auto        meant    = [&](const value& subject) { return is_meant(subject, who); };
        if (subjects == nullptr ||
            std::none_of(subjects->items().begin(), subjects->items().end(), meant))
            continue;
        const bool     of_cluster = each.text_at({"roleRef", "kind"}) == "ClusterRole";
        const auto     type       = of_cluster ? rbac_type("ClusterRole", "clusterroles", false)
                                               : rbac_type("Role", "roles", true);
        const kube_key key{
            of_cluster ? "" : std::string(space), std::string(each.text_at({"roleRef", "name"}))
        };
        const auto role = store.get(type, key);
        if (!role) continue;
        const auto* const rules = role->find("rules");
        const auto        lets  = [&](const value& rule) { return allows(rule, what, part); };
        if (rules != nullptr && std::any_of(rules->items().begin(), rules->items().end(), lets))
            return key_of(each).text();
    }
    return {};
}

value verdict(const api_store& store, const value& spec, const api_user& who) {
    const auto what = wish_in(spec);
    const auto part = spec.text_at({"resourceAttributes", "subresource"});
    if (std::find(who.groups.begin(), who.groups.end(), "system:masters") != who.groups.end())
        return {{"allowed", true}};
    auto by = allowed_by(
        store, rbac_type("ClusterRoleBinding", "clusterrolebindings", false), {}, what, part, who
    );
    if (by.empty() && !what.space.empty())
        by = allowed_by(
            store, rbac_type("RoleBinding", "rolebindings", true), what.space, what, part, who
        );
    if (by.empty()) return {{"allowed", false}};
    return {{"allowed", true}, {"reason", "RBAC: allowed by " + by}};
}

value user_value(const api_user& who) {
    auto groups = value::list();
    for (const auto& each : who.groups) groups.push_back(each);
    value made{{"username", who.name}, {"groups", std::move(groups)}};
    if (!who.uid.empty()) made["uid"] = who.uid;
    return made;
}

api_user user_in(const value& spec) {
    api_user who{.name = std::string(spec.text_at({"user"}))};
    if (const auto* const groups = spec.find("groups"))
        for (const auto& each : groups->items())
            if (each.is_text()) who.groups.push_back(*each.text());
    return who;
}

}  // namespace

bool is_meant(const value& subject, const api_user& who) {
    const auto kind = subject.text_at({"kind"});
    const auto name = std::string(subject.text_at({"name"}));
    if (kind == "User") return name == who.name;
    if (kind == "Group")
        return std::find(who.groups.begin(), who.groups.end(), name) != who.groups.end();
    return kind == "ServiceAccount" &&
           who.name ==
               "system:serviceaccount:" + std::string(subject.text_at({"namespace"})) + ":" + name;
}

bool is_review(const kube_type& type) {
    return type.group == "authentication.k8s.io" || type.group == "authorization.k8s.io";
}

const api_user* owner_of(
    const api_users& users, std::string_view token, const api_store& store, utc_time now
) {
    const auto found = users.find(token);
    if (found == users.end()) return nullptr;
    const auto& who = found->second;
    if (who.ends && now >= *who.ends) return nullptr;
    if (who.account) {
        const auto account = store.get(account_type(), *who.account);
        if (!account || account->text_at({"metadata", "uid"}) != who.uid) return nullptr;
    }
    return &who;
}

result<value> reviewed(
    const api_store& store, const kube_type& type, value question, const review_context& at
) {
    const auto kind = question.text_at({"kind"});
    if (!kind.empty() && kind != type.kind)
        return failure{
            errc::broken, "the kind in the data (" + std::string(kind) +
                              ") does not match the expected one (" + type.kind + ")"
        };
    question["apiVersion"]     = type.api_version();
    question["kind"]           = type.kind;
    question["metadata"]       = value::map();
    const auto* const spec     = question.find("spec");
    const value       as_asked = spec != nullptr && spec->is_map() ? *spec : value::map();
    if (type.kind == "TokenReview") {
        const auto token = as_asked.text_at({"token"});
        if (token.empty())
            return failure{errc::broken, "token is required for TokenReview in authentication"};
        const auto* const known = owner_of(at.users, token, store, at.now);
        question["status"]      = known == nullptr
                                      ? value{{"error", "invalid bearer token"}, {"user", value::map()}}
                                      : value{{"authenticated", true}, {"user", user_value(*known)}};
        return question;
    }
    if (type.kind == "SelfSubjectReview") {
        question["metadata"]["creationTimestamp"] =
            text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(at.now)));
        question["status"] = value{{"userInfo", user_value(at.asker)}};
        return question;
    }
    if (type.kind == "SelfSubjectRulesReview") {
        const std::string space(as_asked.text_at({"namespace"}));
        if (space.empty()) return failure{errc::broken, "no namespace on request"};
        question["status"] = rules_for(store, at.asker, space);
        return question;
    }
    const bool of_resource = as_asked.find("resourceAttributes") != nullptr;
    if (of_resource == (as_asked.find("nonResourceAttributes") != nullptr))
        return failure{
            errc::malformed, "." + type.group +
                                 " \"\" is invalid: spec.resourceAttributes: Invalid "
                                 "value: exactly one of nonResourceAttributes or "
                                 "resourceAttributes must be specified"
        };
    if (type.kind == "SelfSubjectAccessReview") {
        question["status"] = verdict(store, as_asked, at.asker);
        return question;
    }
    const auto who = user_in(as_asked);
    if (who.name.empty() && who.groups.empty())
        return failure{
            errc::malformed,
            "." + type.group +
                " \"\" is invalid: spec.user: Invalid value: \"\": at least one of user or group "
                "must be specified"
        };
    question["status"] = verdict(store, as_asked, who);
    return question;
}

}  // namespace falconer::sandbox
