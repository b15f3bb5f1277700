// What is wrong with what is wanted of Falco's pods: resources, tolerations, nodes.
#pragma once

#include "falconer/falco/service_config.hpp"

#include <string>

namespace falconer::falco {

/// Of the current dialect's fields. `path`: where the config stands.
void check_pods(const service_config& config, const std::string& path, field_problems& problems);

}  // namespace falconer::falco
