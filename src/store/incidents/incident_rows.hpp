// Incidents as rows of a question: its columns, and what they become.
#pragma once

#include "falconer/ports/incident_desk.hpp"
#include "pg_result.hpp"

#include <string>
#include <string_view>

namespace falconer::store {

/// A whole question for the incidents `i` (id, cluster, rule … of falconer.incident) that `rows`
/// selects, the one that happened last first. `hours`: from which hour on they are told.
std::string incidents_of(const std::string& rows, const std::string& hours);
incident    incident_of(const pg_rows& rows, int row);

incident_state incident_state_of_number(std::string_view number);

/// Of falconer.incident as `i`: a row `e` in which a filter finds what not_of_incidents() lets
/// through, as it would in an event.
inline constexpr std::string_view as_event =
    " CROSS JOIN LATERAL (SELECT i.cluster, i.rule, i.priority, NULL::int4 AS source, NULL::int4 "
    "AS "
    "hostname, NULL::int4 AS tags, NULL::text AS output, NULL::text AS long_source, NULL::text AS "
    "long_tags, jsonb_build_object('k8s.ns.name', CASE i.kind WHEN 1 THEN i.namespace END, "
    "'container.name', CASE i.kind WHEN 2 THEN i.workload END, 'k8s.pod.name', CASE i.kind WHEN 1 "
    "THEN i.workload || '-0' END) AS output_fields) e";

}  // namespace falconer::store
