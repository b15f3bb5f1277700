// Which version a cluster runs, and when it moves.
#pragma once

#include "falconer/falco/falco_profile.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace falconer::falco {

/// The highest supported one that has not expired.
const offered_version* newest_supported(const offered_versions& offered, utc_time now);

enum class auto_update : std::uint8_t { off, on };

struct version_move {
    enum class action : std::uint8_t { none, automatic, forced };

    action                     what = action::none;
    std::optional<std::string> target{};  // of a move
    std::string                reason{};  // one sentence, for people
};

/// Whether `current` should move, in the next maintenance window.
///   automatic  the newest supported version is higher; never down
///   forced     `current` has expired or nobody offers it (any longer); whatever auto_update says,
///              and down if nothing higher is left
/// A preview is never a target. Nowhere to go: no move, and the reason says so.
version_move plan_version(
    const offered_versions& offered, const std::string& current, auto_update automatically,
    utc_time now
);

/// Of a version that has to be left, a sentence for its owner, whether there is one to move to or
/// not. Empty: it may stay.
std::string notice_of_end(
    const offered_versions& offered, const std::string& current, utc_time now
);

}  // namespace falconer::falco
