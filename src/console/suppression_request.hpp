// What requests about suppressions say: filter, scope, reason.
#pragma once

#include "falconer/ports/triage_desk.hpp"
#include "falconer/value.hpp"
#include "wire.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace falconer::console {

/// A text that must be there. Counts characters.
std::variant<std::string, problem> needed(
    const value& body, std::string_view name, std::size_t most
);

/// Filter and scope, if that is the asker's to suppress.
std::variant<suppression, problem> scope_in(
    const value& body, const readable_clusters& who, utc_time now
);

/// What it finds, in the last days, whether it is hidden already or not.
event_search search_of_scope(
    const suppression& what, const readable_clusters& who, utc_time now, std::chrono::days days
);

}  // namespace falconer::console
