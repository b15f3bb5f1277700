// Keys that come twice in a mapping which is passed on as it is.
#pragma once

#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <string>

namespace falconer::falco {

/// Nobody reads such a mapping strictly, and who gets it may refuse it as a whole: Go's YAML does.
/// `path`: of `is`.
void find_repeated_keys(const value& is, const std::string& path, field_problems& problems);

}  // namespace falconer::falco
