#include "alerts/alert_rows.hpp"

#include "falconer/alerts/rule_text.hpp"
#include "queries/event_rows.hpp"

namespace falconer::store {

alerts::kept_rule rule_of(const pg_rows& rows, int row, utc_time now) {
    alerts::kept_rule kept;
    const auto        body = parse_json(rows.at(row, 3));
    field_problems    problems;
    if (body)
        kept.rule = alerts::rule_of(*body, "", now, problems);
    else
        kept.problem = body.error().detail;
    if (!problems.empty()) kept.problem = problems.front().text();
    kept.rule.id      = uuid::parse(rows.at(row, 0)).value_or(uuid{});
    kept.rule.project = rows.at(row, 1);
    kept.rule.version = number_of(rows.at(row, 2));
    kept.changed_by   = rows.at(row, 4);
    kept.changed_at   = micros_of(rows.at(row, 5));
    return kept;
}

alerts::silence silence_of(const pg_rows& rows, int row) {
    alerts::silence one;
    one.id      = uuid::parse(rows.at(row, 0)).value_or(uuid{});
    one.project = rows.at(row, 1);
    one.what    = rows.at(row, 2);
    one.who     = rows.at(row, 3);
    one.reason  = rows.at(row, 4);
    one.from    = micros_of(rows.at(row, 5));
    one.until   = micros_of(rows.at(row, 6));
    return one;
}

}  // namespace falconer::store
