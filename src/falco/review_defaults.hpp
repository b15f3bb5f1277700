// What the mutating review makes of a config: defaults, and the landscape's destinations.
#pragma once

#include "review_case.hpp"

#include <string>
#include <vector>

namespace falconer::falco {

/// Fills in what was left unsaid, and takes away the landscape's destinations that are no more.
/// Those that are new are added to whoever begins to use Falco; who uses it already gets them in a
/// maintenance window, and is only told: pods roll when their owner expects it. A user's own are
/// left alone.
/// Returns what whoever looks on should hear of it, a line each.
std::vector<std::string> settle_config(
    service_config& config, const review_case& is, const std::string& path
);

struct settled_in_use {
    std::vector<std::string> lines{};  // what is different, sentences without a path
    std::vector<std::string> gone{};   // those of them that tell of what is taken away
};

/// What maintenance makes of a config that is in use as it is, whoever looks at it now: of `is`
/// only what is around it counts. The landscape's destinations come and go.
settled_in_use settle_in_use(service_config& config, const review_case& is);

}  // namespace falconer::falco
