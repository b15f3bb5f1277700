// Values that load and hardly mean what they say: Falco warns of them.
#pragma once

#include "falco_release.hpp"

#include <string>
#include <string_view>

namespace falconer::falco::rules {

/// Of a value that is right otherwise: a field's name or a transformer that is only a text here, a
/// pattern that needs no regular expression. Empty: nothing is to be said. Source:
/// falcosecurity/libs, userspace/libsinsp/filter.cpp, check_value_and_add_warnings.
std::string doubt_of(
    std::string_view comparison, std::string_view value, std::string_view source,
    const falco_release& release
);

}  // namespace falconer::falco::rules
