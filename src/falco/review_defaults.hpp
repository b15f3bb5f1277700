// What the mutating review makes of a config: defaults, and the landscape's destinations.
#pragma once

#include "review_case.hpp"

#include <string>
#include <vector>

namespace falconer::falco {

/// Fills in what was left unsaid; takes away the landscape's destinations that are no more, and
/// adds those that are new. A user's own are left alone.
/// Returns what whoever looks on should hear of it, a line each.
std::vector<std::string> settle_config(
    service_config& config, const review_case& is, const std::string& path
);

/// The same for a config that has been in use as it is, whoever looks at it now: of `is` only what
/// is around it counts. The lines are sentences without a path.
std::vector<std::string> settle_in_use(service_config& config, const review_case& is);

}  // namespace falconer::falco
