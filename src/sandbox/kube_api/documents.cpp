#include "documents.hpp"

#include "discovery.hpp"
#include "open_api.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        if (end > 0) parts.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

std::optional<value> group_at(const api_types& types, const std::vector<std::string>& parts) {
    if (parts.size() == 1) return group_list(types);
    if (!serves(types, parts[1], parts.size() > 2 ? parts[2] : "")) return {};
    return parts.size() > 2 ? resource_list(types, parts[1], parts[2])
                            : group_document(types, parts[1]);
}

/// /api and /apis, as newer clients want them. Source: KEP-3352, aggregated discovery.
std::optional<api_document> discovery_at(
    const api_types& types, const std::vector<std::string>& parts, std::string_view accept
) {
    const auto version = wants_discovery(accept);
    if (parts.size() != 1 || (parts[0] != "api" && parts[0] != "apis") || version.empty())
        return {};
    return api_document{
        .body = group_discovery(types, version, parts[0] == "api"),
        .type = "application/json;g=apidiscovery.k8s.io;v=" + std::string(version) +
                ";as=APIGroupDiscoveryList",
    };
}

std::optional<value> open_api_at(const api_types& types, const std::vector<std::string>& parts) {
    if (parts.size() == 2 && parts[1] == "v2") return open_api_v2(types);
    if (parts.size() < 2 || parts[1] != "v3") return {};
    if (parts.size() == 2) return open_api_index(types);
    if (parts.size() == 4 && parts[2] == "api") return open_api_of(types, "", parts[3]);
    if (parts.size() == 5 && parts[2] == "apis" && serves(types, parts[3], parts[4]))
        return open_api_of(types, parts[3], parts[4]);
    return {};
}

std::optional<value> plain_at(const api_types& types, const std::vector<std::string>& parts) {
    if (parts[0] == "apis" && parts.size() < 4) return group_at(types, parts);
    if (parts[0] == "openapi") return open_api_at(types, parts);
    if (parts[0] == "api" && parts.size() == 2 && serves(types, "", parts[1]))
        return resource_list(types, "", parts[1]);
    if (parts.size() != 1) return {};
    if (parts[0] == "api")
        return value{{"kind", "APIVersions"}, {"versions", value::list_type{"v1"}}};
    if (parts[0] == "version")
        return value{
            {"major", "1"},
            {"minor", "33"},
            {"gitVersion", behaves_like},
            {"platform", "falconer/sandbox"}
        };
    return {};
}

}  // namespace

std::optional<api_document> document_at(
    const api_types& types, std::string_view path, std::string_view accept
) {
    const auto parts = parts_of(path);
    if (parts.empty()) return {};
    if (auto all = discovery_at(types, parts, accept)) return all;
    auto body = plain_at(types, parts);
    if (!body) return {};
    return api_document{.body = std::move(*body)};
}

}  // namespace falconer::sandbox
