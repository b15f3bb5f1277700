#include "falconer/falco/extension_service.hpp"

#include "falconer/falco/service_check.hpp"
#include "falconer/falco/version_policy.hpp"

#include <algorithm>

namespace falconer::falco {

extension_service read_service(
    const value& extension, const cluster_facts& cluster, const releases& offered,
    const operator_settings& settings, utc_time now
) {
    const std::string path    = provider_config_path;
    const auto* const config  = extension.find_path({"spec", "providerConfig"});
    auto              decoded = decode_service_config(config != nullptr ? *config : value(), path);
    if (!decoded.problems.empty()) return {.problems = std::move(decoded.problems)};

    const bool  shoot       = cluster.is == extension_class::shoot;
    const auto* destination = settings.central.enabled ? "central" : shoot ? "logging" : "stdout";
    service_defaults defaults{.destination = destination};
    if (const auto* newest = newest_supported(offered.falco, now))
        defaults.falco_version = newest->version;
    fill_defaults(decoded.config, defaults);
    // What an operator takes away must not stop those who had it: it is left out, with a warning,
    // and what is delivered instead is what admission writes when it next comes by.
    if (auto& all = decoded.config.destinations;
        all &&
        std::ranges::all_of(*all, [&](const auto& each) { return is_stranger(each, settings); }))
        all->push_back({.name = destination});
    auto problems = check_service(
        decoded.config,
        {
            .is        = cluster.is,
            .resources = cluster.resources,
            .offered   = offered,
            .settings  = settings,
            .now       = now,
            .unknown   = stranger::left_out,
        },
        path
    );
    if (!problems.empty()) return {.problems = std::move(problems)};
    return {.service = meaning_of(decoded.config, destination)};
}

std::vector<referenced_resource> resources_of(
    const falco_service& service, const cluster_facts& cluster
) {
    std::vector<referenced_resource> all;
    const auto add = [&](const std::optional<std::string>& name, std::string_view kind) {
        const auto* found = name ? cluster.find(*name, kind) : nullptr;
        if (found == nullptr) return;
        const bool again = std::ranges::any_of(all, [&](const referenced_resource& each) {
            return each.name == found->name && each.kind == found->kind;
        });
        if (!again) all.push_back(*found);
    };
    for (const auto& each : service.custom_rules) add(each.resource_name, "ConfigMap");
    for (const auto& each : service.destinations)
        if (each.is_enabled()) add(each.resource_secret_name, "Secret");
    return all;
}

service_references references_of(const falco_service& service, const cluster_facts& cluster) {
    service_references all;
    for (const auto& each : resources_of(service, cluster))
        (each.kind == "Secret" ? all.secrets : all.config_maps).push_back(each.copy());
    return all;
}

}  // namespace falconer::falco
