#include "rules.hpp"

#include "falconer/base64.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace falconer::sandbox {

std::string name_of(const kube_type& type, const kube_key& key) {
    const auto group = type.group.empty() ? "" : "." + type.group;
    return type.plural + group + " \"" + key.name + "\"";
}

std::string kind_name_of(const kube_type& type, const kube_key& key) {
    const auto group = type.group.empty() ? "" : "." + type.group;
    return type.kind + group + " \"" + key.name + "\"";
}

std::string invalid_text(const kube_type& type, const kube_key& key) {
    return kind_name_of(type, key) + " is invalid: ";
}

/// RFC 1123, a subdomain; RBAC's names may hold nearly everything.
bool is_name(const kube_type& type, std::string_view name) {
    if (name.empty() || name.size() > 253 || name == "." || name == "..") return false;
    if (type.group == "rbac.authorization.k8s.io")
        return name.find_first_of("/%") == std::string_view::npos;
    const auto is_inner = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    const auto is_outer = [&](char c) { return is_inner(c) && c != '-' && c != '.'; };
    return is_outer(name.front()) && is_outer(name.back()) &&
           std::all_of(name.begin(), name.end(), is_inner);
}

bool has_finalizers(const value& object) {
    const auto* const list = object.find_path({"metadata", "finalizers"});
    return list != nullptr && !list->items().empty();
}

bool is_deleting(const value& object) {
    return !object.text_at({"metadata", "deletionTimestamp"}).empty();
}

int depth_of(const value& is) {
    int inner = 0;
    for (const auto& each : is.items()) inner = std::max(inner, depth_of(each));
    for (const auto& each : is.entries()) inner = std::max(inner, depth_of(each.is));
    return inner + (is.is_map() || is.is_list() ? 1 : 0);
}

bool wants_something_else(const api_type& type, const value& a, const value& b) {
    const auto without_notes = [&](value object) {
        object.erase("metadata");
        if (type.has_status) object.erase("status");
        return object;
    };
    return without_notes(a) != without_notes(b);
}

/// What only the server writes.
constexpr std::string_view servers_own[] = {
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"
};

void keep_servers_own(const value& was, value& object) {
    auto&             metadata = object["metadata"];
    const auto* const old      = was.find("metadata");
    for (const auto key : servers_own) {
        const auto* const had = old == nullptr ? nullptr : old->find(key);
        if (had != nullptr)
            metadata[key] = *had;
        else
            metadata.erase(key);
    }
}

void keep_part(const value& was, value& object, std::string_view part) {
    if (const auto* had = was.find(part))
        object[part] = *had;
    else
        object.erase(part);
}

/// Source: core/v1, Secret.
void fold_string_data(const kube_type& type, value& object) {
    if (type.kind != "Secret" || !type.group.empty()) return;
    if (const auto* texts = object.find("stringData")) {
        const auto given = texts->entries();
        object.erase("stringData");
        for (const auto& each : given)
            if (each.is.text() != nullptr)
                object["data"][each.key] = encode_base64(*each.is.text());
    }
    if (object.find("type") == nullptr) object["type"] = "Opaque";
}

failure unforeseen(std::string why) {
    return {std::make_error_code(std::errc::invalid_argument), std::move(why)};
}

bool may_ignore_versions(const api_type& type) {
    constexpr std::array<std::string_view, 6> never{
        "leases",
        "customresourcedefinitions",
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
        "poddisruptionbudgets",
        "serviceaccounts",
    };
    if (type.built_in) return std::ranges::find(never, type.type.plural) == never.end();
    return type.type.group == "core.gardener.cloud";  // an API server of its own
}

bool may_be_made_by_update(const kube_type& type) {
    return type.plural == "leases" || (type.group.empty() && type.plural == "events");
}

bool breaks_immutability(const value& was, const value& object) {
    const auto* const fixed = was.find("immutable");
    if (fixed == nullptr || fixed->boolean() != true) return false;
    for (const auto* part : {"data", "binaryData", "immutable"}) {
        const auto* const a = was.find(part);
        const auto* const b = object.find(part);
        if ((a == nullptr) != (b == nullptr) || (a != nullptr && *a != *b)) return true;
    }
    return false;
}

/// Source: k8s.io/apimachinery, util/validation, IsConfigMapKey.
result<void> check_keys(const kube_type& type, const kube_key& key, const value& object) {
    if (!type.group.empty() || (type.kind != "ConfigMap" && type.kind != "Secret")) return {};
    const auto is_good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (const auto *const texts = object.find("data"), *const bytes = object.find("binaryData");
        texts != nullptr && bytes != nullptr)
        for (const auto& each : texts->entries())
            if (bytes->find(each.key) != nullptr)
                return failure{
                    errc::malformed, invalid_text(type, key) + "data[" + each.key +
                                         "]: Invalid value: \"" + each.key +
                                         "\": duplicate of key present in binaryData"
                };
    for (const auto* part : {"data", "binaryData", "stringData"}) {
        const auto* const map = object.find(part);
        if (map == nullptr) continue;
        for (const auto& each : map->entries())
            if (each.key.empty() || !std::all_of(each.key.begin(), each.key.end(), is_good))
                return failure{
                    errc::malformed, invalid_text(type, key) + part + "[" + each.key +
                                         "]: Invalid value: \"" + each.key +
                                         "\": a valid config key must consist of alphanumeric "
                                         "characters, '-', '_' or '.'"
                };
    }
    return {};
}

void complete_event(const kube_type& type, value& object) {
    if (type.kind != "Event" || !type.group.empty()) return;
    for (const auto* key : {"involvedObject", "source"})
        if (object.find(key) == nullptr) object[key] = value::map();
    for (const auto* key : {"reportingComponent", "reportingInstance"})
        if (object.find(key) == nullptr) object[key] = "";
    for (const auto* key : {"eventTime", "firstTimestamp", "lastTimestamp"})
        if (object.find(key) == nullptr) object[key] = value{};
}

void complete_namespace(const kube_key& key, value& object) {
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = key.name;
    auto& spec                                                  = object["spec"];
    if (spec.find("finalizers") == nullptr)
        spec["finalizers"].push_back("kubernetes");  // of contents: see remove()
}

/// Clients wait for these before they use the type.
value established(const value& crd) {
    auto conditions = value::list();
    for (const auto* each : {"NamesAccepted", "Established"})
        conditions.push_back({{"type", each}, {"status", "True"}, {"reason", "Served"}});
    value status{{"conditions", std::move(conditions)}};
    if (const auto* names = crd.find_path({"spec", "names"})) status["acceptedNames"] = *names;
    return status;
}

bool is_crd(const kube_type& type) {
    return type.plural == "customresourcedefinitions";
}

bool is_namespace(const kube_type& type) {
    return type.group.empty() && type.plural == "namespaces";
}

bool same_type(const kube_type& a, const kube_type& b) {
    return a.group == b.group && a.plural == b.plural;
}

kube_type stored_as(const kube_type& type) {
    return {.group = type.group, .version = {}, .kind = {}, .plural = type.plural};
}

}  // namespace falconer::sandbox
