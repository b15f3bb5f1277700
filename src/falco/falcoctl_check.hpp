// What falcoctl could not do with what it is told.
#pragma once

#include "falconer/falco/service_config.hpp"
#include "falconer/field_reader.hpp"

#include <string>

namespace falconer::falco {

/// Whether it has something to install, from places that can be. `path`: of the options.
void check_falcoctl(
    const falcoctl_options& wanted, const std::string& path, field_problems& problems
);

}  // namespace falconer::falco
