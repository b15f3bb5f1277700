// What is wrong with a FalcoServiceConfig, given the cluster and the landscape that it is for.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/falco/service_config.hpp"
#include "falconer/time_source.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::falco {

/// What is asked of the version that is named.
enum class version_rule : std::uint8_t {
    offered,    // some profile has it: it can be delivered
    choosable,  // and it has not expired: it can be chosen anew
    any,        // it was there before; it moves by itself if need be
};
/// What a destination is that nobody has heard of: a typing error, or one that the landscape had
/// once and that is simply left out.
enum class stranger : std::uint8_t { mistake, left_out };

struct service_surroundings {
    extension_class                         is = extension_class::shoot;
    const std::vector<referenced_resource>& resources;
    const releases&                         offered;
    const operator_settings&                settings;
    utc_time                                now{};
    version_rule                            version            = version_rule::offered;
    stranger                                unknown            = stranger::mistake;
    bool                                    central_is_offered = settings.central.enabled;
    /// Plug-ins that were there before, with the same Falco: what has become of them since is not
    /// asked. Null: none were.
    const std::vector<plugin_choice>* plugins_before = nullptr;
};

/// Everything that can be seen without the referenced objects' contents; all problems at once.
/// Defaults have been filled. `path`: where the config stands.
field_problems check_service(
    const service_config& config, const service_surroundings& around, const std::string& path
);

/// "0.41.3 (deprecated), 0.43.0, 0.44.1 (preview)": what has not expired; empty: nothing.
std::string choosable_versions(const offered_versions& offered, utc_time now);

/// Whether it is a destination that the landscape has had, if it is one at all: its name is
/// nobody's now, and it names no Secret as a user's own would.
bool is_stranger(const destination& one, const operator_settings& settings);
/// What only the landscape can mend. It has no path of its own, and names the place all the same.
field_problem problem_of_landscape(const std::string& path, const std::string& what);

/// What Falco's container gets where nothing else is asked for. Source: the Go extension's chart.
struct resource_defaults {
    std::string cpu_request = "100m", memory_request = "512Mi", memory_limit = "1Gi";
};

/// A volume is named after it, and volumes' names are DNS labels.
inline constexpr std::string_view shoot_rules_volume = "shoot-custom-rules-";

}  // namespace falconer::falco
