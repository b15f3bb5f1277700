#include "incidents/incident_rows.hpp"

#include "falconer/value.hpp"
#include "queries/event_rows.hpp"

#include <algorithm>

namespace falconer::store {

std::string incidents_of(const std::string& rows, const std::string& hours) {
    return "SELECT i.id, " + std::string(cluster_columns) +
           ", r.value, i.kind, i.namespace, i.workload, i.priority, i.count, (extract(epoch FROM "
           "i.first) * 1000000)::int8, (extract(epoch FROM i.last) * 1000000)::int8, "
           "coalesce(s.state, 0), coalesce(s.action, 0), s.assignee, coalesce(w.what = 'reopen', "
           "false), h.hours FROM (" +
           rows +
           ") i JOIN falconer.cluster c ON c.id = i.cluster JOIN falconer.text r ON r.id = i.rule "
           "LEFT JOIN falconer.incident_standing s ON s.incident = i.id LEFT JOIN "
           "falconer.triage_action w ON w.seq = s.action LEFT JOIN LATERAL (SELECT "
           "json_agg(json_build_array(o.hour, o.count) ORDER BY o.hour)::text AS hours FROM "
           "falconer.incident_hours o WHERE o.incident = i.id AND o.hour >= " +
           hours + "::int4) h ON true ORDER BY i.last DESC, i.id DESC";
}

incident_state incident_state_of_number(std::string_view number) {
    return static_cast<incident_state>(std::clamp<std::int64_t>(number_of(number), 0, 4));
}

incident incident_of(const pg_rows& rows, int row) {
    incident it;
    it.id          = uuid::parse(rows.at(row, 0)).value_or(uuid{});
    it.cluster     = cluster_of(rows, row, 1);
    it.rule        = rows.at(row, 6);
    it.place.is    = static_cast<incident_place::kind>(number_of(rows.at(row, 7)));
    it.place.space = rows.at(row, 8);
    it.place.name  = rows.at(row, 9);
    it.level       = static_cast<priority>(number_of(rows.at(row, 10)));
    it.count       = static_cast<std::uint64_t>(number_of(rows.at(row, 11)));
    it.first       = micros_of(rows.at(row, 12));
    it.last        = micros_of(rows.at(row, 13));
    it.state       = incident_state_of_number(rows.at(row, 14));
    it.action      = number_of(rows.at(row, 15));
    it.assignee    = maybe(rows, row, 16);
    it.reopened    = rows.at(row, 17) == "t";
    if (rows.is_null(row, 18)) return it;
    const auto hours = parse_json(rows.at(row, 18));
    if (!hours) return it;
    for (const auto& each : hours->items()) {
        const auto& pair = each.items();
        if (pair.size() == 2)
            it.hours.emplace_back(
                pair[0].integer().value_or(0),
                static_cast<std::uint64_t>(pair[1].integer().value_or(0))
            );
    }
    return it;
}

}  // namespace falconer::store
