// What a FalcoServiceConfig leaves unsaid, and what it means.
#include "falconer/falco/service_config.hpp"

namespace falconer::falco {
namespace {

void fill_current(service_config& config, const service_defaults& with) {
    if (!config.rules) config.rules = falco_rules{{{std::string(falco_rules_file)}}, {}};
    if (!config.destinations || config.destinations->empty())
        config.destinations = {destination{.name = with.destination}};
}

void fill_gep27(service_config& config) {
    if (!config.managed_by) config.managed_by = "gardener";
    if (config.managed_by == "gardener" && !config.gardener)
        config.gardener = gardener_rules{.use_falco_rules = true};
}

std::vector<std::string> standard_rules_of(const gardener_rules& rules) {
    std::vector<std::string> all;
    if (rules.use_falco_rules.value_or(false)) all.emplace_back(falco_rules_file);
    if (rules.use_incubating_rules.value_or(false)) all.emplace_back(incubating_rules_file);
    if (rules.use_sandbox_rules.value_or(false)) all.emplace_back(sandbox_rules_file);
    if (rules.use_detections.value_or(false)) all.emplace_back(gardener_detections);
    return all;
}

}  // namespace

void fill_defaults(service_config& config, const service_defaults& with) {
    if (!config.falco_version) config.falco_version = with.falco_version;
    if (!config.auto_update) config.auto_update = true;
    if (config.written == config_dialect::current)
        fill_current(config, with);
    else
        fill_gep27(config);
}

falco_service meaning_of(const service_config& config, const std::string& default_destination) {
    falco_service is;
    is.written       = config.written;
    is.falco_version = config.falco_version;
    is.auto_update   = config.auto_update.value_or(true);
    if (config.written == config_dialect::current) {
        is.heartbeat_event = config.heartbeat_event.value_or(false);
        is.node_selector   = config.node_selector.value_or(text_map{});
        is.tolerations     = config.tolerations;
        is.resources       = config.resources.value_or(falco_resources{});
        if (config.rules) {
            is.standard_rules = config.rules->standard.value_or(std::vector<std::string>{});
            is.custom_rules   = config.rules->custom.value_or(std::vector<custom_rule>{});
        }
        is.plugins      = config.plugins.value_or(std::vector<plugin_choice>{});
        is.destinations = config.destinations.value_or(std::vector<destination>{});
        return is;
    }
    if (config.managed_by == "falcoctl") {
        is.falcoctl = config.falcoctl.value_or(falcoctl_options{});
    } else if (config.gardener) {
        is.standard_rules = standard_rules_of(*config.gardener);
        for (const auto& ref : config.gardener->rule_refs.value_or(std::vector<std::string>{}))
            is.custom_rules.push_back({.resource_name = ref, .shoot_config_map = {}});
        is.plugins = config.gardener->plugins.value_or(std::vector<plugin_choice>{});
    }
    if (config.webhook && config.webhook->enabled.value_or(false))
        is.webhook = config.webhook;
    else
        is.destinations = {destination{.name = default_destination}};
    return is;
}

}  // namespace falconer::falco
