// What suppressions find. Pure.
#pragma once

#include "falconer/ports/triage_desk.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace falconer::console {

/// A filter that may suppress: it asks for something, and for nothing that has to do with when.
/// Else: why not.
std::variant<filter::node_ptr, filter::mistake> suppression_filter(
    std::string_view text, utc_time now
);

/// What lies in its scope and is found by its filter. Null: its filter can no longer be read.
filter::node_ptr node_of(const suppression& what, utc_time now);

/// Of all of them that concern somebody: any. Null: there is none.
struct holding_suppressions {
    filter::node_ptr        any{};
    std::optional<utc_time> until{};  // the first of them ends
};
holding_suppressions any_of(
    const std::vector<suppression>& all, const readable_clusters& who, utc_time now
);

/// Whether all that it may hide is somebody's to see. One that was made for another project of the
/// same name, an earlier one or another landscape's, is not.
bool in_reach(const suppression& what, const readable_clusters& who);
/// Whether it may hide anything that is somebody's to see, by the same measure.
bool concerns(const suppression& what, const readable_clusters& who);

/// Events of the rules that were found, which the suppression does not find. Null: none were found.
filter::node_ptr others_of(const event_slice& found, const suppression& what, utc_time now);

/// What of a search can be said of an event that has just come, of which nobody has thought
/// anything yet.
filter::node_ptr of_new_events(const event_search& what);

}  // namespace falconer::console
