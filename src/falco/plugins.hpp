// The plug-ins that one cluster's Falco loads: those of what is offered that its owner has chosen.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/rule_lint.hpp"
#include "falconer/falco/service_config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// The newest of that name that this Falco loads. Null: there is none.
const offered_plugin* plugin_for(
    const releases& offered, std::string_view name, std::string_view falco_version
);

/// What is wrong with a choice. `path`: where it stands, ".plugins[0]" included.
void check_plugin(
    const plugin_choice& choice, const releases& offered, std::string_view falco_version,
    const std::string& path, field_problems& problems
);

/// What the plug-in is told: the landscape's configuration, and the owner's beside it.
value init_config_of(const offered_plugin& is, const plugin_choice& choice);

/// As a linter of rules sees them; those that are not offered are left out.
std::vector<loaded_plugin> loaded_plugins(
    const std::vector<plugin_choice>& chosen, const releases& offered,
    std::string_view falco_version
);

}  // namespace falconer::falco
