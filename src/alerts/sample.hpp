// An event that stands for an alert: what silences look at.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "falconer/value.hpp"

namespace falconer::alerts {

/// The event without what would make it large. Of one that still is, fields and tags are left out,
/// and silences that ask for them do not find it: rather a message too many.
found_event sample_of(const found_event& event);

value       value_of_sample(const found_event& sample);
found_event sample_in(const value& is);

}  // namespace falconer::alerts
