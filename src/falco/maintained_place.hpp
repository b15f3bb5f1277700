// Where our entry stands in a Shoot's or a Seed's spec.extensions.
#pragma once

#include "falconer/value.hpp"

#include <cstddef>
#include <optional>

namespace falconer::falco {

std::optional<std::size_t> place_of_ours(const value& object);

}  // namespace falconer::falco
