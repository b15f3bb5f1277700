// Falcosidekick, which takes events from Falco and sends them on.
#pragma once

#include "destinations.hpp"
#include "falconer/falco/delivery_plan.hpp"

#include <string>
#include <vector>

namespace falconer::falco {

/// Its configuration; where a token belongs that is put in later stands a placeholder.
std::string falcosidekick_yaml(const std::string& cluster_identity, const planned_outputs& outputs);

/// Into the cluster. There is at least one output.
std::vector<value> falcosidekick_manifests(
    const delivery_want& want, const offered_version& version, const planned_outputs& outputs
);

/// Beside the control plane of a shoot.
std::vector<value> shoot_seed_manifests(const delivery_want& want, const planned_outputs& outputs);

}  // namespace falconer::falco
