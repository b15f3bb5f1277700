// What maintenance makes of the landscape's destinations in configs that are in use. New ones come
// by it alone: the mutating review of an update only says that they will.
#pragma once

#include "falconer/falco/garden_view.hpp"
#include "falconer/falco/maintenance.hpp"
#include "falconer/falco/review.hpp"

#include <optional>
#include <string>
#include <vector>

namespace falconer::falco {

struct settled_destinations {
    std::vector<destination> all{};
    /// What is different, a sentence each. None: nothing is, and `all` is of no use.
    std::vector<std::string> lines{};
    /// Those of them that tell of what is taken away, in the words of the review.
    std::vector<std::string> gone{};
};

/// The landscape's destinations that are new are added, those that are no more are taken away; a
/// user's own are left alone. Nothing of an object that is leaving or does not want Falco, nor of a
/// config that cannot be read, names no version, or is in GEP-27's form, which has no destinations.
settled_destinations settle_destinations(
    const maintained& who, const garden_view& garden, const review_settings& settings, utc_time now
);

/// The same object with other destinations in its config, and nothing else. There is a config.
value with_destinations(value object, const std::vector<destination>& all);

/// When what is different since `since` is written: a moment of the window that is open then, or of
/// the next one.
utc_time moment_to_settle(const maintained& who, utc_time since, utc_time now);

/// Of `lines` that settle_destinations() has given. `before`: as it was.
maintenance_note note_of_destinations(
    const maintained& before, const std::vector<std::string>& lines
);

/// Of a change that somebody else has made: those of the lines about what is to be taken away that
/// held before it and do not hold any longer.
std::vector<std::string> settled_by_others(
    const std::vector<std::string>& before, const std::vector<std::string>& after
);

}  // namespace falconer::falco
