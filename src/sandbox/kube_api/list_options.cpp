#include "list_options.hpp"

#include "rules.hpp"
#include "selector.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

namespace falconer::sandbox {
namespace {

bool is_number(std::string_view text, bool may_be_negative) {
    std::int64_t  with_sign = 0;
    std::uint64_t without   = 0;
    const auto*   end       = text.data() + text.size();
    const auto    read      = may_be_negative ? std::from_chars(text.data(), end, with_sign)
                                              : std::from_chars(text.data(), end, without);
    return !text.empty() && read.ec == std::errc{} && read.ptr == end;
}

failure invalid(const std::string& why) {
    return {errc::malformed, "ListOptions.meta.k8s.io \"\" is invalid: " + why};
}

struct selectable {
    std::string_view group{}, plural{}, field{};
};
constexpr std::array<selectable, 22> of_types{{
    {"", "events", "involvedObject.kind"},
    {"", "events", "involvedObject.namespace"},
    {"", "events", "involvedObject.name"},
    {"", "events", "involvedObject.uid"},
    {"", "events", "involvedObject.apiVersion"},
    {"", "events", "involvedObject.resourceVersion"},
    {"", "events", "involvedObject.fieldPath"},
    {"", "events", "reason"},
    {"", "events", "reportingComponent"},
    {"", "events", "source"},
    {"", "events", "type"},
    {"", "secrets", "type"},
    {"", "namespaces", "status.phase"},
    {"", "nodes", "spec.unschedulable"},
    {"", "pods", "spec.nodeName"},
    {"", "pods", "spec.restartPolicy"},
    {"", "pods", "spec.schedulerName"},
    {"", "pods", "spec.serviceAccountName"},
    {"", "pods", "status.phase"},
    {"", "pods", "status.podIP"},
    {"core.gardener.cloud", "shoots", "spec.seedName"},
    {"core.gardener.cloud", "shoots", "status.seedName"},
}};

bool can_be_selected(const kube_type& type, std::string_view field) {
    return field == "metadata.name" || field == "metadata.namespace" ||
           std::ranges::any_of(of_types, [&](const selectable& each) {
               return each.group == type.group && each.plural == type.plural && each.field == field;
           });
}

result<void> check_numbers(const api_route& route) {
    for (const auto* name : {"limit", "timeoutSeconds"})
        if (const auto said = route.asked(name); !said.empty() && !is_number(said, true))
            return failure{
                errc::broken, std::string(name) + ": '" + std::string(said) + "' is no number"
            };
    return {};
}

result<void> check_version(const api_route& route) {
    const auto version = route.asked("resourceVersion");
    const auto match   = route.asked("resourceVersionMatch");
    if (!match.empty()) {
        if (version.empty() && !route.is_asked("sendInitialEvents"))
            return invalid(
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
                "resourceVersion is provided"
            );
        if (match != "Exact" && match != "NotOlderThan")
            return invalid(
                "resourceVersionMatch: Unsupported value: \"" + std::string(match) +
                R"(": supported values: "Exact", "NotOlderThan")"
            );
    }
    if (!route.asked("sendInitialEvents").empty()) {
        if (!route.is_asked("watch"))
            return invalid("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list");
        if (match != "NotOlderThan")
            return invalid(
                "resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
                "resourceVersionMatch to NotOlderThan"
            );
    }
    if (!version.empty() && !route.asked("continue").empty())
        return failure{
            errc::broken, "specifying resource version is not allowed when using continue"
        };
    if (version.empty() || is_number(version, false)) return {};
    const auto why =
        "resourceVersion: Invalid value: \"" + std::string(version) + "\": it is no number";
    if (route.is_asked("watch")) return unforeseen(why);
    return failure{errc::broken, "invalid resource version: " + why};
}

}  // namespace

result<void> check_list_options(const api_type& type, const api_route& route) {
    if (auto good = check_numbers(route); !good) return good;
    if (auto good = check_version(route); !good) return good;
    const auto selector =
        api_selector::parse(route.asked("labelSelector"), route.asked("fieldSelector"));
    if (!selector) return failure{errc::broken, selector.error().detail};
    for (const auto& field : selector->fields())
        if (!can_be_selected(type.type, field))
            return failure{errc::broken, "field label not supported: " + field};
    return {};
}

}  // namespace falconer::sandbox
