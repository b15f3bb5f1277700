// Whether the clock lets an alert be told.
#pragma once

#include "falconer/alerts/alert_rule.hpp"
#include "falconer/time_zone.hpp"

#include <optional>

namespace falconer::alerts {

/// `urgent`: the most urgent of its events; nothing: it has none. Pure.
bool is_told_at(
    const calendar& when, const time_zone& zone, utc_time now, std::optional<priority> urgent
);

}  // namespace falconer::alerts
