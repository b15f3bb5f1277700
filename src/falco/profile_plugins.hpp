// The plug-ins that FalcoProfiles offer.
#pragma once

#include "falconer/falco/falco_profile.hpp"

#include <map>
#include <string>
#include <vector>

namespace falconer::falco {

/// spec.plugins, without the entries that are wrong.
std::vector<offered_plugin> read_plugins(field_reader& spec);

/// What profiles, sorted by their names, offer together; of two different plug-ins of one name and
/// version that of the first profile counts, with a warning.
offered_plugins merge_plugins(
    const std::vector<falco_profile>& profiles, std::vector<std::string>& warnings
);

/// All of it, in one line: to compare with.
std::string whole_text_of(const offered_plugin& is);

}  // namespace falconer::falco
