#include "rolled.hpp"

#include "filter_sql.hpp"
#include "triage/triage_sql.hpp"

#include <algorithm>

namespace falconer::store {
namespace {

struct rolled_judge {
    bool operator()(const filter::all_of& all) const { return each(all.of); }
    bool operator()(const filter::any_of& any) const { return each(any.of); }
    bool operator()(const filter::none_of& none) const { return is_rolled(*none.of); }
    bool operator()(const filter::priority_test&) const { return true; }
    bool operator()(const filter::text_test& test) const {
        using enum filter::field_kind;
        switch (test.where.which) {
            case rule:
            case cluster:
            case project:
            case shoot:
            case landscape: return true;
            default: return false;
        }
    }
    template <class Other>
    bool operator()(const Other&) const {
        return false;
    }
    static bool each(const std::vector<filter::node_ptr>& all) {
        return std::ranges::all_of(all, [](const auto& one) { return is_rolled(*one); });
    }
};

/// As rolled_judge, of clusters alone.
struct cluster_judge {
    bool operator()(const filter::all_of& all) const { return each(all.of); }
    bool operator()(const filter::any_of& any) const { return each(any.of); }
    bool operator()(const filter::none_of& none) const { return is_of_clusters(*none.of); }
    bool operator()(const filter::text_test& test) const {
        using enum filter::field_kind;
        const auto which = test.where.which;
        return which == cluster || which == project || which == shoot || which == landscape;
    }
    template <class Other>
    bool operator()(const Other&) const {
        return false;
    }
    static bool each(const std::vector<filter::node_ptr>& all) {
        return std::ranges::all_of(all, [](const auto& one) { return is_of_clusters(*one); });
    }
};

}  // namespace

bool is_of_clusters(const filter::node& what) {
    return std::visit(cluster_judge{}, what.is);
}

filter::node_ptr of_clusters(const filter::node_ptr& what) {
    if (!what || is_of_clusters(*what)) return what;
    const auto* all = std::get_if<filter::all_of>(&what->is);
    if (all == nullptr) return nullptr;
    filter::all_of some;
    for (const auto& each : all->of)
        if (auto part = of_clusters(each)) some.of.push_back(std::move(part));
    if (some.of.empty()) return nullptr;
    return std::make_shared<const filter::node>(filter::node{std::move(some)});
}

bool is_rolled(const filter::node& what) {
    return std::visit(rolled_judge{}, what.is);
}

bool is_rolled(const event_search& what) {
    const auto& view = what.triage;
    if (view.states != 0 || view.assignee) return false;
    const bool suppressed = view.hidden != triage_view::hidden_events::with && view.suppressions;
    if (suppressed && !is_rolled(*view.suppressions)) return false;
    return !what.what || is_rolled(*what.what);
}

std::string rolled_rows(const event_search& what, statement& into) {
    const auto  view = rolled_view_of(what.triage, into);
    std::string sql  = " FROM (";
    if (view.base)
        sql += "SELECT minute, cluster, rule, priority, count" + view.base_mark +
               " FROM falconer.rollup UNION ALL SELECT to_timestamp(u.minute * 60.0), u.cluster, "
               "u.rule, u.priority, u.count" +
               view.base_mark +
               " FROM falconer.batch b, unnest(b.minutes, b.clusters, b.rules, b.priorities, "
               "b.counts) AS u (minute, cluster, rule, priority, count) WHERE b.xid >= (SELECT "
               "f.xid FROM falconer.follower f WHERE f.name = 'rollup')";
    sql += view.extra + ") AS e (minute, cluster, rule, priority, count" +
           (view.base_mark.empty() ? "" : ", mark") + ") WHERE " + view.condition;
    const auto minute = [&](utc_time t) {
        return into.value(instant_text(std::chrono::floor<std::chrono::minutes>(t))) +
               "::timestamptz";
    };
    if (what.when.since) sql += " AND e.minute >= " + minute(*what.when.since);
    if (what.when.until)
        sql += " AND e.minute < " +
               minute(*what.when.until + std::chrono::minutes(1) - std::chrono::nanoseconds(1));
    sql += " AND " + condition_of(what.who, "e", into);
    if (what.what) sql += " AND " + condition_of(*what.what, into);
    return sql;
}

bool is_of_minutes(const receipt_span& when) {
    const auto whole = [](const std::optional<utc_time>& t) {
        return !t || std::chrono::floor<std::chrono::minutes>(*t) == *t;
    };
    return whole(when.since) && whole(when.until);
}

}  // namespace falconer::store
