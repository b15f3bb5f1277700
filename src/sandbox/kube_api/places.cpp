#include "places.hpp"

#include "answers.hpp"
#include "rules.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace falconer::sandbox {
namespace {

using net::http_response;

struct unplayed {
    std::string_view group{}, plural{}, part{}, why{};
};
constexpr std::string_view        no_containers = "the sandbox runs no containers: ";
constexpr std::array<unplayed, 7> all_unplayed{{
    {"", "pods", "log", "they have written nothing that could be shown"},
    {"", "pods", "exec", "there is none in which a command could run"},
    {"", "pods", "attach", "there is none to attach to"},
    {"", "pods", "portforward", "there is none that listens on a port"},
    {"", "pods", "proxy", "there is none that answers"},
    {"", "pods", "ephemeralcontainers", "there is none to debug"},
    {"", "services", "proxy", "there is none that answers"},
}};

}  // namespace

bool has_built_in(const api_types& types, std::string_view group) {
    return std::ranges::any_of(types.all(), [&](const api_type& each) {
        return each.built_in && each.type.group == group;
    });
}

std::optional<http_response> misplaced(
    const api_type& type, const api_route& route, std::string_view method
) {
    const bool reads  = method == "GET";
    const bool spaced = !route.namespace_name.empty(), named = !route.name.empty();
    const bool of_status = route.part == "status", of_scale = route.part == "scale";
    const bool has_part = (of_status && type.has_status) || (of_scale && type.scale.has_value());
    if (!route.part.empty() && !has_part) {
        const bool is_built_in = type.built_in || of_status;
        if (is_built_in) return not_found();
        return refusal({errc::not_found, name_of(type.type, {{}, route.name}) + " not found"});
    }
    if (!type.built_in && has_part && (method == "POST" || method == "DELETE"))
        return no_such_action(type.type, method == "POST" ? "create" : "delete");
    const bool without_its_own = type.type.namespaced && !spaced;
    if (!type.built_in && spaced != type.type.namespaced && (named || spaced || !reads))
        return not_served();
    if (!type.type.namespaced && spaced) return not_found();
    if (without_its_own && named) return not_found();
    if (without_its_own && !reads) return not_allowed();
    const bool changes = method == "PUT" || method == "PATCH";
    if (!named && changes && !type.built_in)
        return status_answer(400, "BadRequest", "name must be provided");
    const bool all_of_them = type.type.group.empty() && type.type.plural == "namespaces";
    if (all_of_them && !named && method == "DELETE") return not_allowed();
    const bool can_be = reads || (named ? changes || (method == "DELETE" && route.part.empty())
                                        : method == "POST" || method == "DELETE");
    return can_be ? std::nullopt : std::optional(not_allowed());
}

std::optional<http_response> not_played(const api_type& type, const api_route& route) {
    const auto part = std::string_view(route.part).substr(0, route.part.find('/'));
    const auto at   = std::ranges::find_if(all_unplayed, [&](const unplayed& each) {
        return each.group == type.type.group && each.plural == type.type.plural &&
               each.part == part;
    });
    if (at == all_unplayed.end() || !type.built_in) return {};
    return status_answer(
        405, "MethodNotAllowed", std::string(no_containers) + std::string(at->why), value::map()
    );
}

}  // namespace falconer::sandbox
