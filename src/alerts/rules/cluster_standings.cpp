#include "cluster_standings.hpp"

#include "cluster_rules.hpp"
#include "labels.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

/// A cluster as an event of it would be found, by a filter that asks for nothing else.
found_event event_of(const cluster_name& cluster) {
    found_event of;
    of.cluster       = cluster;
    of.output_fields = "{}";
    return of;
}

bool is_of(const ready_rule& rule, sight_state state) {
    return std::ranges::any_of(rule.text.states, [&](cluster_health each) {
        return name_of(each) == falconer::name_of(state);
    });
}

bool is_for_outages(const ready_rule& rule) {
    return rule.text.project.empty() && rule.text.name == outage_rule;
}

alert_standing standing_of(const ready_rule& rule, const sight_outage& outage) {
    alert_standing as;
    as.rule    = rule.text.id;
    as.since   = outage.since;
    as.summary = std::to_string(outage.clusters) + " clusters have fallen silent at once";
    return as;
}

alert_standing standing_of(
    const ready_rule& rule, const seen_cluster& each, const filter::subject& in
) {
    alert_standing as;
    as.rule    = rule.text.id;
    as.labels  = labels_of(rule, in);
    as.since   = each.seen.since;
    as.cluster = each.cluster;
    as.summary = each.cluster.identity + " is " + std::string(falconer::name_of(each.seen.is())) +
                 ": " + std::string(sentence_of(each.seen.why));
    return as;
}

/// Those of one rule, told apart by their labels: a rule may group clusters together.
std::vector<alert_standing> of_rule(
    const ready_rule& rule, const seen_clusters& seen, utc_time now
) {
    std::vector<alert_standing> these;
    if (is_for_outages(rule)) {
        if (seen.outage) these.push_back(standing_of(rule, *seen.outage));
        return these;
    }
    std::set<label_set> had;
    for (const auto& each : seen.unwell) {
        if (each.seen.why == sight_reason::ingest_outage || !is_of(rule, each.seen.is())) continue;
        if (!rule.tells_of(each.cluster) || now - each.seen.since < rule.text.lasting) continue;
        const auto           event = event_of(each.cluster);
        const event_contents contents(event);
        if (rule.what && !filter::matches(*rule.what, contents.subject())) continue;
        auto as = standing_of(rule, each, contents.subject());
        if (had.insert(as.labels).second) these.push_back(std::move(as));
    }
    return these;
}

}  // namespace

std::vector<alert_standing> standings_of(
    const engine& in, const seen_clusters& seen, utc_time now
) {
    std::vector<alert_standing> all;
    for (const auto* rule : in.rules().of_clusters()) {
        auto                these = of_rule(*rule, seen, now);
        std::set<label_set> standing;
        // While we do not hear, nobody has come back: what stands is looked at again behind it.
        const bool deaf = seen.outage && !is_for_outages(*rule);
        for (const auto& each : these) standing.insert(each.labels);
        for (const auto* alert : in.book().standing(rule->text.id)) {
            if (deaf || standing.contains(alert->is.labels)) continue;
            alert_standing over;
            over.rule   = rule->text.id;
            over.labels = alert->is.labels;
            over.since  = alert->is.started;
            over.ended  = now;
            if (alert->sample) over.cluster = alert->sample->cluster;
            all.push_back(std::move(over));
        }
        std::ranges::move(these, std::back_inserter(all));
    }
    return all;
}

}  // namespace falconer::alerts
