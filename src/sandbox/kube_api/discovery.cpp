#include "discovery.hpp"

#include "reviews.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <tuple>
#include <utility>

namespace falconer::sandbox {
namespace {

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

/// "v2beta1": how good it is, how new, how new among the unfinished ones. What is no such name
/// comes last.
std::tuple<int, int, int> rank_of(std::string_view version) {
    const auto number = [&](std::string_view& text) {
        int        read = 0;
        const auto got  = std::from_chars(text.data(), text.data() + text.size(), read);
        text.remove_prefix(static_cast<std::size_t>(got.ptr - text.data()));
        return read;
    };
    if (!version.starts_with('v')) return {};
    version.remove_prefix(1);
    const int major = number(version);
    if (major == 0) return {};
    if (version.empty()) return {3, major, 0};
    for (const auto& [word, good] : {std::pair{"beta", 2}, std::pair{"alpha", 1}})
        if (version.starts_with(word)) {
            version.remove_prefix(std::string_view(word).size());
            return {good, major, number(version)};
        }
    return {};
}

std::string singular_of(const api_type& type) {
    return type.singular.empty() ? lower(type.type.kind) : type.singular;
}

/// In the order in which a real server has them, which is another one for custom types.
std::vector<std::string> verbs_of(const api_type& type) {
    if (is_review(type.type)) return {"create"};
    if (type.type.group.empty() && type.type.plural == "namespaces")
        return {"create", "delete", "get", "list", "patch", "update", "watch"};
    if (type.built_in)
        return {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    return {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
}

const std::vector<std::string> of_parts{"get", "patch", "update"};

/// In the order in which a real server has them, which is another one for custom types.
std::vector<std::string> parts_of(const api_type& type) {
    std::vector<std::string> parts;
    if (type.scale) parts.emplace_back("scale");
    if (type.has_status) parts.insert(type.built_in ? parts.end() : parts.begin(), "status");
    return parts;
}

std::vector<const api_type*> types_of(
    const api_types& types, std::string_view group, std::string_view version
) {
    std::vector<const api_type*> all;
    for (const auto& each : types.all())
        if (each.type.group == group && each.type.version == version) all.push_back(&each);
    std::ranges::sort(all, {}, [](const api_type* each) { return each->type.plural; });
    return all;
}

value version_document(const std::string& group, const std::string& version) {
    return {{"groupVersion", group + "/" + version}, {"version", version}};
}

value short_group(const std::string& group, const std::vector<std::string>& versions) {
    auto list = value::list();
    for (const auto& each : versions) list.push_back(version_document(group, each));
    return {
        {"name", group},
        {"versions", std::move(list)},
        {"preferredVersion", version_document(group, versions.front())},
    };
}

/// Of its own types a real server leaves group and version out here.
value kind_of(const api_type& type) {
    return {
        {"group", type.built_in ? "" : type.type.group},
        {"version", type.built_in ? "" : type.type.version},
        {"kind", type.type.kind},
    };
}

value resource_discovery(const api_type& type) {
    value made{
        {"resource", type.type.plural},
        {"responseKind", kind_of(type)},
        {"scope", type.type.namespaced ? "Namespaced" : "Cluster"},
        {"singularResource", singular_of(type)},
        {"verbs", texts(verbs_of(type))},
    };
    if (!type.short_names.empty()) made["shortNames"] = texts(type.short_names);
    if (!type.categories.empty()) made["categories"] = texts(type.categories);
    for (const auto& part : parts_of(type)) {
        const bool  own = part == "status";
        value const scale{{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}};
        made["subresources"].push_back(
            {{"subresource", part},
             {"responseKind", own ? kind_of(type) : scale},
             {"verbs", texts(of_parts)}}
        );
    }
    return made;
}

}  // namespace

std::map<std::string, std::vector<std::string>> groups_of(const api_types& types) {
    std::map<std::string, std::vector<std::string>> groups;
    for (const auto& each : types.all()) {
        auto& versions = groups[each.type.group];
        if (std::ranges::find(versions, each.type.version) == versions.end())
            versions.push_back(each.type.version);
    }
    for (auto& each : groups) std::ranges::stable_sort(each.second, std::greater<>{}, rank_of);
    return groups;
}

bool serves(const api_types& types, std::string_view group, std::string_view version) {
    return std::ranges::any_of(types.all(), [&](const api_type& each) {
        return each.type.group == group && (version.empty() || each.type.version == version);
    });
}

value resource_list(const api_types& types, std::string_view group, std::string_view version) {
    auto list = value::list();
    for (const auto* each : types_of(types, group, version)) {
        value made{
            {"name", each->type.plural},           {"singularName", singular_of(*each)},
            {"namespaced", each->type.namespaced}, {"kind", each->type.kind},
            {"verbs", texts(verbs_of(*each))},
        };
        if (!each->short_names.empty()) made["shortNames"] = texts(each->short_names);
        if (!each->categories.empty()) made["categories"] = texts(each->categories);
        list.push_back(std::move(made));
        for (const auto& part : parts_of(*each)) {
            value one{
                {"name", each->type.plural + "/" + part},
                {"singularName", ""},
                {"namespaced", each->type.namespaced}
            };
            if (part == "scale") {
                one["group"]   = "autoscaling";
                one["version"] = "v1";
            }
            one["kind"]  = part == "scale" ? "Scale" : each->type.kind;
            one["verbs"] = texts(of_parts);
            list.push_back(std::move(one));
        }
    }
    const auto whole =
        group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
    return {
        {"kind", "APIResourceList"},
        {"apiVersion", "v1"},
        {"groupVersion", whole},
        {"resources", std::move(list)},
    };
}

value group_list(const api_types& types) {
    auto list = value::list();
    for (const auto& [group, versions] : groups_of(types))
        if (!group.empty()) list.push_back(short_group(group, versions));
    return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
}

value group_document(const api_types& types, const std::string& group) {
    value      made{{"kind", "APIGroup"}, {"apiVersion", "v1"}};
    const auto all  = groups_of(types);
    const auto with = short_group(group, all.at(group));
    for (const auto& each : with.entries()) made[each.key] = each.is;
    return made;
}

std::string_view wants_discovery(std::string_view accept) {
    // The first that we know; browsers and older clients ask for none.
    for (auto rest = accept; !rest.empty();) {
        const auto end  = std::min(rest.find(','), rest.size());
        const auto each = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const bool json = each.find("application/json") != each.npos;
        if (!json || each.find("as=APIGroupDiscoveryList") == each.npos) {
            if (json) return {};
            continue;
        }
        if (each.find("v=v2beta1") != each.npos) return "v2beta1";
        if (each.find("v=v2") != each.npos) return "v2";
    }
    return {};
}

value group_discovery(const api_types& types, std::string_view version, bool core) {
    auto items = value::list();
    for (const auto& [group, versions] : groups_of(types)) {
        if (group.empty() != core) continue;
        auto list = value::list();
        for (const auto& each : versions) {
            auto resources = value::list();
            for (const auto* type : types_of(types, group, each))
                resources.push_back(resource_discovery(*type));
            list.push_back(
                {{"version", each}, {"resources", std::move(resources)}, {"freshness", "Current"}}
            );
        }
        value metadata = value::map();
        if (!group.empty()) metadata["name"] = group;
        items.push_back({{"metadata", std::move(metadata)}, {"versions", std::move(list)}});
    }
    return {
        {"kind", "APIGroupDiscoveryList"},
        {"apiVersion", "apidiscovery.k8s.io/" + std::string(version)},
        {"metadata", value::map()},
        {"items", std::move(items)},
    };
}

}  // namespace falconer::sandbox
