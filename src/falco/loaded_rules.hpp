// Which rule files Falco loads, where they come from and in which order.
#pragma once

#include "falconer/falco/delivery_plan.hpp"

#include <string>
#include <vector>

namespace falconer::falco {

struct loaded_rules {
    std::vector<rule_file> standard{};    // our detections, then the version's own, in order
    std::string            exceptions{};  // Gardener's; empty: none apply
    bool                   heartbeat = false;
    std::vector<rule_file> custom{};  // from the garden, in the user's order
    /// ConfigMaps of the cluster's own kube-system, mounted as they are.
    std::vector<std::string> shoot_config_maps{};
    bool                     by_falcoctl = false;
    field_problems           broken{};  // why `custom` are not those that are asked for

    /// falco.yaml's rules_files. The first rule that matches wins: this order is the user's.
    std::vector<std::string> paths{};
};

inline constexpr auto falcoctl_rules = "/etc/falco/falcoctl";

/// `rules_version`: of the Falco that loads them.
loaded_rules load_rules(
    const delivery_want& want, const std::string& rules_version, field_problems& problems
);

}  // namespace falconer::falco
