// Clusters as they are seen, as alerts of the rules that ask for that.
#pragma once

#include "engine.hpp"
#include "falconer/ports/alert_intake.hpp"
#include "falconer/ports/alert_store.hpp"

#include <vector>

namespace falconer::alerts {

/// What stands, and of what stood in `in` what is over. An outage of ingest is one alert, of the
/// operators' outage_rule, and none of each cluster. Pure.
std::vector<alert_standing> standings_of(const engine& in, const seen_clusters& seen, utc_time now);

}  // namespace falconer::alerts
