// When a version comes to its end, so that whoever runs it must leave.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "utc_of.hpp"

#include <map>
#include <string>

namespace falconer::falco {

struct version_end {
    bool     open    = true;   // none is in sight
    bool     unknown = false;  // nobody offers it
    utc_time at      = utc_time::min();
};

/// `withdrawn`: since when nobody offers a version any longer; null, or not among them: always.
inline version_end end_of(
    const offered_versions& offered, const std::string& version,
    const std::map<semver, utc_time>* withdrawn
) {
    const auto is    = semver::parse(version);
    const auto found = is ? offered.find(*is) : offered.end();
    if (found != offered.end()) {
        if (!found->second.expires) return {};
        return {.open = false, .at = utc_of(*found->second.expires)};
    }
    version_end gone{.open = false, .unknown = true};
    if (withdrawn == nullptr || !is) return gone;
    if (const auto seen = withdrawn->find(*is); seen != withdrawn->end()) gone.at = seen->second;
    return gone;
}

}  // namespace falconer::falco
