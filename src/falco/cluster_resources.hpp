// spec.resources of a Shoot, a Seed or a Garden.
#pragma once

#include "falconer/falco/cluster_facts.hpp"

#include <vector>

namespace falconer::falco {

/// What is missing of an entry is empty.
std::vector<referenced_resource> resources_of(const value& object);

}  // namespace falconer::falco
