#include "documents.hpp"

#include "reviews.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace falconer::sandbox {
namespace {

/// What the sandbox behaves like, for clients that compare versions.
constexpr std::string_view behaves_like = "v1.33.4";

std::string lower(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

value texts(const std::vector<std::string>& all) {
    auto list = value::list();
    for (const auto& each : all) list.push_back(each);
    return list;
}

value resource_of(const api_type& type) {
    value made{
        {"name", type.type.plural},
        {"singularName", type.singular.empty() ? lower(type.type.kind) : type.singular},
        {"namespaced", type.type.namespaced},
        {"kind", type.type.kind},
    };
    if (is_review(type.type))
        made["verbs"] = texts({"create"});
    else
        made["verbs"] = texts(
            {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
        );
    if (!type.short_names.empty()) made["shortNames"] = texts(type.short_names);
    return made;
}

value resources_of(const api_types& types, std::string_view group, std::string_view version) {
    auto list = value::list();
    for (const auto& each : types.all()) {
        if (each.type.group != group || each.type.version != version) continue;
        list.push_back(resource_of(each));
        if (!each.has_status) continue;
        auto status     = resource_of(each);
        status["name"]  = each.type.plural + "/status";
        status["verbs"] = texts({"get", "patch", "update"});
        status.erase("shortNames");
        list.push_back(std::move(status));
    }
    const auto whole =
        group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
    return {
        {"kind", "APIResourceList"},
        {"apiVersion", "v1"},
        {"groupVersion", whole},
        {"resources", std::move(list)}
    };
}

std::map<std::string, std::set<std::string>> groups_of(const api_types& types) {
    std::map<std::string, std::set<std::string>> groups;
    for (const auto& each : types.all()) groups[each.type.group].insert(each.type.version);
    return groups;
}

value group_document(const std::string& group, const std::set<std::string>& versions) {
    auto list = value::list();
    for (const auto& each : versions)
        list.push_back({{"groupVersion", group + "/" + each}, {"version", each}});
    auto preferred = list.items().back();
    return {
        {"name", group}, {"versions", std::move(list)}, {"preferredVersion", std::move(preferred)}
    };
}

value group_list(const api_types& types) {
    auto list = value::list();
    for (const auto& [group, versions] : groups_of(types))
        if (!group.empty()) list.push_back(group_document(group, versions));
    return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
}

std::string place_of(const std::string& group, const std::string& version) {
    return group.empty() ? "api/" + version : "apis/" + group + "/" + version;
}

value open_api_index(const api_types& types) {
    auto paths = value::map();
    for (const auto& [group, versions] : groups_of(types))
        for (const auto& each : versions) {
            const auto place = place_of(group, each);
            paths[place]     = {{"serverRelativeURL", "/openapi/v3/" + place + "?hash=1"}};
        }
    return {{"paths", std::move(paths)}};
}

/// As much as kubectl needs to leave validation to the server, and to explain a type that has a
/// schema.
value open_api_of(const api_types& types, std::string_view group, std::string_view version) {
    auto paths = value::map(), schemas = value::map();
    for (const auto& each : types.all()) {
        const auto& type = each.type;
        if (type.group != group || type.version != version) continue;
        const value is{{"group", type.group}, {"version", type.version}, {"kind", type.kind}};
        const auto  path = "/" + place_of(type.group, type.version) +
                          (type.namespaced ? "/namespaces/{namespace}/" : "/") + type.plural +
                          "/{name}";
        auto parameters = value::list();
        for (const auto* name : {"fieldValidation", "dryRun"})
            parameters.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}}
            );
        paths[path]["patch"] = {
            {"parameters", std::move(parameters)},
            {"x-kubernetes-action", "patch"},
            {"x-kubernetes-group-version-kind", is},
            {"responses", {{"200", {{"description", "OK"}}}}}
        };
        auto schema = each.schema.is_map() ? each.schema : value{{"type", "object"}};
        auto kinds  = value::list();
        kinds.push_back(is);
        schema["x-kubernetes-group-version-kind"] = std::move(kinds);
        schemas[(type.group.empty() ? "core" : type.group) + "." + type.version + "." + type.kind] =
            std::move(schema);
    }
    return {
        {"openapi", "3.0.0"},
        {"info", {{"title", "Falconer's sandbox"}, {"version", behaves_like}}},
        {"paths", std::move(paths)},
        {"components", {{"schemas", std::move(schemas)}}}
    };
}

std::vector<std::string> parts_of(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        if (end > 0) parts.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

bool serves(const api_types& types, std::string_view group, std::string_view version) {
    return std::any_of(types.all().begin(), types.all().end(), [&](const auto& each) {
        return each.type.group == group && (version.empty() || each.type.version == version);
    });
}

std::optional<value> group_at(const api_types& types, const std::vector<std::string>& parts) {
    if (parts.size() == 1) return group_list(types);
    if (!serves(types, parts[1], parts.size() > 2 ? parts[2] : "")) return {};
    if (parts.size() > 2) return resources_of(types, parts[1], parts[2]);
    auto made          = group_document(parts[1], groups_of(types)[parts[1]]);
    made["kind"]       = "APIGroup";
    made["apiVersion"] = "v1";
    return made;
}

std::optional<value> open_api_at(const api_types& types, const std::vector<std::string>& parts) {
    if (parts.size() == 2) return open_api_index(types);
    if (parts.size() == 4 && parts[2] == "api") return open_api_of(types, "", parts[3]);
    if (parts.size() == 5 && parts[2] == "apis" && serves(types, parts[3], parts[4]))
        return open_api_of(types, parts[3], parts[4]);
    return {};
}

}  // namespace

std::optional<value> document_at(const api_types& types, std::string_view path) {
    const auto parts = parts_of(path);
    if (parts.empty()) return {};
    if (parts[0] == "apis" && parts.size() < 4) return group_at(types, parts);
    if (parts[0] == "openapi" && parts.size() > 1 && parts[1] == "v3")
        return open_api_at(types, parts);
    if (parts[0] == "api" && parts.size() == 2 && serves(types, "", parts[1]))
        return resources_of(types, "", parts[1]);
    if (parts.size() != 1) return {};
    if (parts[0] == "api") return value{{"kind", "APIVersions"}, {"versions", texts({"v1"})}};
    if (parts[0] == "version")
        return value{
            {"major", "1"},
            {"minor", "33"},
            {"gitVersion", behaves_like},
            {"platform", "falconer/sandbox"}
        };
    return {};
}

}  // namespace falconer::sandbox
