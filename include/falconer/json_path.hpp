// JSON without what nobody will look at.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <span>
#include <string_view>

namespace falconer {

/// The keys that lead to a member; "*" is any item of a list.
using json_path = std::span<const std::string_view>;

/// As parse_json(text), but that what `without` leads to is left out: it takes neither time nor
/// room. So is what nests deeper than deepest_value: of a list, one object that somebody has made
/// so must not hide the others. It has to be JSON all the same. Errors: as parse_json(text), but
/// for that.
result<value> parse_json(std::string_view text, json_path without);

}  // namespace falconer
