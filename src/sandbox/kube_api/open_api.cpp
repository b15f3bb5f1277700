#include "open_api.hpp"

#include "discovery.hpp"
#include "schemas.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

constexpr std::string_view metadata_schema = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
constexpr std::string_view in_v3 = "#/components/schemas/", in_v2 = "#/definitions/";

std::string place_of(std::string_view group, std::string_view version) {
    const std::string of(version);
    return group.empty() ? "api/" + of : "apis/" + std::string(group) + "/" + of;
}

/// Of our own files, which can be read.
value known_schemas(std::string_view name) {
    const auto text = schema_file("kubernetes/" + std::string(name) + ".json");
    if (text.empty()) return value::map();
    auto read = parse_json(text);
    return read ? std::move(*read) : value::map();
}

value kind_of(const kube_type& type) {
    return {{"group", type.group}, {"version", type.version}, {"kind", type.kind}};
}

bool describes(const value& schema, const value& kind) {
    const auto* const kinds = schema.find("x-kubernetes-group-version-kind");
    return kinds != nullptr && std::ranges::find(kinds->items(), kind) != kinds->items().end();
}

/// As a real server names them: "com.example.v1.Thing".
std::string schema_name(const kube_type& type) {
    std::string      name;
    std::string_view rest = type.group;
    while (!rest.empty()) {
        const auto dot = rest.rfind('.');
        name.append(rest.substr(dot == rest.npos ? 0 : dot + 1)).append(".");
        rest = rest.substr(0, dot == rest.npos ? 0 : dot);
    }
    return (name.empty() ? "io.k8s.api.core." : name) + type.version + "." + type.kind;
}

/// Every object has these, whatever its schema says.
void add_common_fields(value& schema) {
    auto& fields = schema["properties"];
    if (!fields.is_map()) fields = value::map();
    fields["apiVersion"] = {
        {"type", "string"},
        {"description",
         "APIVersion defines the versioned schema of this representation of an object. Servers "
         "should convert recognized schemas to the latest internal value, and may reject "
         "unrecognized values. More info: "
         "https://git.k8s.io/community/contributors/devel/sig-architecture/"
         "api-conventions.md#resources"},
    };
    fields["kind"] = {
        {"type", "string"},
        {"description",
         "Kind is a string value representing the REST resource this object represents. Servers "
         "may infer this from the endpoint the client submits requests to. Cannot be updated. In "
         "CamelCase. More info: "
         "https://git.k8s.io/community/contributors/devel/sig-architecture/"
         "api-conventions.md#types-kinds"},
    };
    const value of_metadata{{"$ref", std::string(in_v3) + std::string(metadata_schema)}};
    fields["metadata"] = {
        {"description",
         "Standard object's metadata. More info: "
         "https://git.k8s.io/community/contributors/devel/sig-architecture/"
         "api-conventions.md#metadata"},
        {"allOf", value::list_type{of_metadata}},
    };
}

value schemas_of(const api_types& types, std::string_view group, std::string_view version) {
    auto all = known_schemas("common");
    if (version == "v1") {
        const auto own = known_schemas(group.empty() ? "core" : group);
        for (const auto& each : own.entries()) all.add(each.key, each.is);
    }
    for (const auto& each : types.all()) {
        const auto& type = each.type;
        if (type.group != group || type.version != version) continue;
        const auto kind  = kind_of(type);
        const bool known = std::ranges::any_of(all.entries(), [&](const value::entry& one) {
            return describes(one.is, kind);
        });
        if (known) continue;
        auto schema = each.schema.is_map() ? each.schema : value{{"type", "object"}};
        add_common_fields(schema);
        schema["x-kubernetes-group-version-kind"] = value::list_type{kind};
        all.add(schema_name(type), std::move(schema));
    }
    return all;
}

value paths_of(const api_types& types, std::string_view group, std::string_view version) {
    auto paths = value::map();
    for (const auto& each : types.all()) {
        const auto& type = each.type;
        if (type.group != group || type.version != version) continue;
        const auto path = "/" + place_of(group, version) +
                          (type.namespaced ? "/namespaces/{namespace}/" : "/") + type.plural +
                          "/{name}";
        auto parameters = value::list();
        for (const auto* name : {"fieldValidation", "dryRun"})
            parameters.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}}
            );
        paths[path]["patch"] = {
            {"parameters", std::move(parameters)},
            {"x-kubernetes-action", "patch"},
            {"x-kubernetes-group-version-kind", kind_of(type)},
            {"responses", {{"200", {{"description", "OK"}}}}},
        };
    }
    return paths;
}

value info() {
    return {{"title", "Falconer's sandbox"}, {"version", behaves_like}};
}

/// References lead elsewhere in v2.
void put_into_v2(value& is) {
    if (is.is_list()) {
        for (std::size_t i = 0; i < is.items().size(); ++i) put_into_v2(is.item(i));
        return;
    }
    std::vector<std::string> keys;
    for (const auto& each : is.entries()) keys.push_back(each.key);
    for (const auto& key : keys) {
        auto&             inner = *is.find(key);
        const auto* const text  = inner.text();
        if (key == "$ref" && text != nullptr && text->starts_with(in_v3))
            inner = std::string(in_v2) + text->substr(in_v3.size());
        else
            put_into_v2(inner);
    }
}

}  // namespace

value open_api_index(const api_types& types) {
    auto paths = value::map();
    for (const auto& [group, versions] : groups_of(types))
        for (const auto& each : versions) {
            const auto place = place_of(group, each);
            paths[place]     = {{"serverRelativeURL", "/openapi/v3/" + place + "?hash=1"}};
        }
    return {{"paths", std::move(paths)}};
}

value open_api_of(const api_types& types, std::string_view group, std::string_view version) {
    return {
        {"openapi", "3.0.0"},
        {"info", info()},
        {"paths", paths_of(types, group, version)},
        {"components", {{"schemas", schemas_of(types, group, version)}}},
    };
}

value open_api_v2(const api_types& types) {
    auto definitions = value::map();
    for (const auto& [group, versions] : groups_of(types))
        for (const auto& version : versions) {
            auto all = schemas_of(types, group, version);
            put_into_v2(all);
            for (const auto& each : all.entries()) definitions[each.key] = each.is;
        }
    return {
        {"swagger", "2.0"},
        {"info", info()},
        {"paths", value::map()},
        {"definitions", std::move(definitions)},
    };
}

}  // namespace falconer::sandbox
