// IMAGEVECTOR_OVERWRITE: the file with images that an operator puts in the place of ours.
#pragma once

#include "falconer/falco/operator_settings.hpp"

#include <string>
#include <vector>

namespace falconer::app {

/// Reads the file that the environment names, if it names one. Source: gardener/gardener,
/// pkg/utils/imagevector, OverrideEnv; charts mount it at /charts_overwrite/images_overwrite.yaml.
///
/// Errors: go to `problems`, a line each, "IMAGEVECTOR_OVERWRITE: /f.yaml:3: images[0]…".
void apply_environment(falco::operator_settings& into, std::vector<std::string>& problems);

}  // namespace falconer::app
