// Alerts' rows, and what they become.
#pragma once

#include "falconer/alerts/silence.hpp"
#include "falconer/ports/alert_desk.hpp"
#include "pg_result.hpp"

namespace falconer::store {

/// Of falconer.alert_rule as `r`.
inline constexpr const char* rule_columns =
    "r.id, r.project, r.version, r.body, r.changed_by, (extract(epoch FROM r.changed_at) * "
    "1000000)::int8";
/// `problem` says why one is not understood; what there is of it is in it.
alerts::kept_rule rule_of(const pg_rows& rows, int row, utc_time now);

/// Of falconer.alert_silence as `s`.
inline constexpr const char* silence_columns =
    "s.id, s.project, s.filter, s.made_by, s.reason, (extract(epoch FROM s.since) * "
    "1000000)::int8, (extract(epoch FROM s.until) * 1000000)::int8";
alerts::silence silence_of(const pg_rows& rows, int row);

}  // namespace falconer::store
