// Falco itself: its configuration, its rules, its DaemonSet.
#pragma once

#include "destinations.hpp"
#include "falconer/falco/delivery_plan.hpp"
#include "loaded_rules.hpp"
#include "plugin_manifests.hpp"

#include <vector>

namespace falconer::falco {

struct falco_parts {
    const delivery_want&   want;
    const offered_version& version;
    /// Of falcoctl, where it is wanted; else null.
    const offered_version* falcoctl = nullptr;
    const loaded_rules&    rules;
    const planned_outputs& outputs;
    const planned_plugins& plugins;
};

std::vector<value> falco_manifests(const falco_parts& parts);

}  // namespace falconer::falco
