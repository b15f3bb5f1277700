#include "triage/triage_sql.hpp"

#include "filter_sql.hpp"

namespace falconer::store {
namespace {

using hidden_events = triage_view::hidden_events;

constexpr std::string_view hiding = "(4, 5)", showing = "(1, 2, 3)";

/// Of an assessment `a`.
std::string is_live(const triage_view& view, statement& into) {
    return "(a.expires IS NULL OR a.expires > " + into.value(instant_text(view.now)) +
           "::timestamptz)";
}

std::string is_assessed(const std::string& how) {
    return "EXISTS (SELECT FROM falconer.assessment a WHERE a.id = e.id AND a.cluster = e.cluster "
           "AND a.received = e.received AND " +
           how + ")";
}

std::string states_of(std::uint8_t mask) {
    std::string any;
    for (int state = 1; state < 6; ++state)
        if ((mask >> state & 1) != 0) any += (any.empty() ? "" : ", ") + std::to_string(state);
    return any;
}

/// In one of the states. Most events have no row: these are new.
std::string in_states(const triage_view& view, statement& into) {
    constexpr std::uint8_t all    = 0x3f;
    const bool             fresh  = (view.states & 1) != 0;
    const auto             others = states_of(fresh ? all & ~view.states : view.states);
    if (others.empty()) return fresh ? "true" : "false";
    const auto row = is_assessed("a.state IN (" + others + ") AND " + is_live(view, into));
    return fresh ? "NOT " + row : row;
}

std::string hidden_or_not(const triage_view& view, statement& into) {
    const auto live   = is_live(view, into);
    const auto hides  = is_assessed("a.state IN " + std::string(hiding) + " AND " + live);
    const bool hidden = view.hidden == hidden_events::only;
    if (!view.suppressions) return hidden ? hides : "NOT " + hides;
    const auto found = condition_of(*view.suppressions, into);
    const auto shows = is_assessed("a.state IN " + std::string(showing) + " AND " + live);
    if (hidden) return "(" + hides + " OR (" + found + " AND NOT " + shows + "))";
    return "NOT " + hides + " AND (NOT " + found + " OR " + shows + ")";
}

}  // namespace

std::string condition_of(const triage_view& view, statement& into) {
    std::string all = "true";
    if (view.hidden != hidden_events::with) all += " AND " + hidden_or_not(view, into);
    if (view.states != 0) all += " AND " + in_states(view, into);
    if (view.assignee) all += " AND " + is_assessed("a.assignee = " + into.value(*view.assignee));
    return all;
}

rolled_view rolled_view_of(const triage_view& view, statement& into) {
    rolled_view it{.condition = "true"};
    if (view.hidden == hidden_events::with) return it;
    const bool hidden = view.hidden == hidden_events::only;
    it.base_mark      = ", 0::int2 AS mark";
    it.base           = !hidden || view.suppressions != nullptr;
    // Without suppressions nobody is seen because of what he was assessed as.
    const std::string states = view.suppressions ? "a.state <> 0" : "a.state IN (4, 5)";
    it.extra                 = std::string(it.base ? " UNION ALL " : "") +
               "SELECT date_trunc('minute', a.received), a.cluster, a.rule, a.priority, CASE WHEN "
               "a.state IN (4, 5) THEN " +
               (hidden ? "1 ELSE -1" : "-1 ELSE 1") +
               " END::int8, a.state FROM falconer.assessment a WHERE " + states + " AND " +
               is_live(view, into);
    if (!view.suppressions) return it;
    const auto found = condition_of(*view.suppressions, into);
    it.condition =
        hidden ? "CASE WHEN e.mark IN (4, 5) THEN NOT " + found + " ELSE " + found + " END"
               : "CASE WHEN e.mark IN (1, 2, 3) THEN " + found + " ELSE NOT " + found + " END";
    return it;
}

}  // namespace falconer::store
