// What people think of events: the words for it, and what a search makes of it.
#pragma once

#include "falconer/filter.hpp"
#include "falconer/time_source.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace falconer {

/// How an event stands. The store keeps these numbers.
enum class triage_state : std::uint8_t {
    fresh          = 0,  // nobody has looked at it: "new"
    acknowledged   = 1,
    in_progress    = 2,
    true_positive  = 3,
    false_positive = 4,
    suppressed     = 5,
};

inline constexpr std::array<std::string_view, 6> triage_state_names{
    "new", "acknowledged", "in progress", "true positive", "false positive", "suppressed"
};

constexpr std::string_view name_of(triage_state is) {
    return triage_state_names.at(static_cast<std::size_t>(is));
}
constexpr std::optional<triage_state> triage_state_of(std::string_view name) {
    for (std::size_t i = 0; i < triage_state_names.size(); ++i)
        if (triage_state_names.at(i) == name) return static_cast<triage_state>(i);
    return std::nullopt;
}
/// Whether an event that stands so is out of the standard view.
constexpr bool is_hidden(triage_state is) {
    return is == triage_state::false_positive || is == triage_state::suppressed;
}

/// How an incident stands. The store keeps these numbers.
enum class incident_state : std::uint8_t {
    open         = 0,
    acknowledged = 1,
    in_progress  = 2,
    resolved     = 3,  // until it happens again: then it is open
    ignored      = 4,  // whatever happens
};
inline constexpr std::array<std::string_view, 5> incident_state_names{
    "open", "acknowledged", "in progress", "resolved", "ignored"
};
constexpr std::string_view name_of(incident_state is) {
    return incident_state_names.at(static_cast<std::size_t>(is));
}
constexpr std::optional<incident_state> incident_state_of(std::string_view name) {
    for (std::size_t i = 0; i < incident_state_names.size(); ++i)
        if (incident_state_names.at(i) == name) return static_cast<incident_state>(i);
    return std::nullopt;
}

/// What of it a search wants. An event is hidden if it was assessed as what hides it; or if a
/// suppression finds it and nobody has assessed it otherwise.
struct triage_view {
    enum class hidden_events : std::uint8_t { with, without, only };

    hidden_events              hidden       = hidden_events::with;
    filter::node_ptr           suppressions = nullptr;  // of all that hold: any of them; null: none
    std::uint8_t               states       = 0;        // bit n: state n; 0: any
    std::optional<std::string> assignee     = std::nullopt;
    utc_time                   now{};    // what has expired by then is new again
    utc_time                   until{};  // from then on, at the latest, other suppressions hold

    /// Whether it leaves nothing out.
    bool is_everything() const { return hidden == hidden_events::with && states == 0 && !assignee; }
};

}  // namespace falconer
