#include "engine.hpp"

#include <utility>

namespace falconer::alerts {

void engine::put(std::vector<alert_rule> rules, utc_time now, const rule_set::zones& zone_of) {
    rules_ = rule_set(std::move(rules), now, zone_of);
    book_.drop_others(rules_);
    bundles_.drop_others(rules_);
}

void engine::put(std::vector<silence> silences, utc_time now) {
    silences_ = silence_set(std::move(silences), now);
}

void engine::load(const std::vector<alert_row>& rows) {
    for (const auto& row : rows) {
        if (row.is == alert_row::kind::bundle)
            bundles_.load(row);
        else
            book_.load(row, rules_);
    }
    book_.drop_others(rules_);
    bundles_.drop_others(rules_);
}

bool engine::wants(const event_cell& cell, const std::function<event_kind()>& kind) {
    return !rules_.candidates(cell, kind).empty();
}

void engine::take(const event_cell& cell, const found_event& event, utc_time now) {
    const auto& these =
        rules_.candidates(cell, [&] { return event_kind{event.cluster, event.rule, event.level}; });
    if (these.empty()) return;
    const event_contents contents(event);
    for (const auto* rule : these) {
        if (event.has(event_flag::test) && !rule->text.tests_too) continue;
        if (rule->what && !filter::matches(*rule->what, contents.subject())) continue;
        const auto* alert = book_.take(*rule, event, contents.subject(), now);
        if (alert != nullptr) bundles_.note(*alert, *rule, now);
    }
}

void engine::stand(const alert_standing& as, utc_time now) {
    const auto* rule = rules_.find(as.rule);
    if (rule == nullptr || !rule->tells_of(as.cluster)) return;
    const auto* alert = book_.stand(*rule, as, now);
    if (alert == nullptr) return;
    bundles_.note(*alert, *rule, now);
    const auto id = alert->is.id;
    if (!alert->active() && !bundles_.wants(id)) book_.erase(id);
}

void engine::advance(utc_time now) {
    for (const auto& id : book_.advance(rules_, now)) {
        const auto* alert = book_.find(id);
        const auto* rule  = rules_.find(alert->is.rule_id);
        bundles_.note(*alert, *rule, now);
        if (!bundles_.wants(id)) book_.erase(id);
    }
}

std::vector<notification> engine::tell(utc_time now) {
    return bundles_.tell(book_, rules_, silences_, now);
}

std::vector<alert_row> engine::rows() {
    std::vector<alert_row> rows;
    for (const auto& [which, rule] : changes_.taken()) {
        const auto& [is, id] = which;
        auto body = is == alert_row::kind::bundle ? bundles_.body_of(id) : book_.body_of(is, id);
        rows.push_back({is, id, rule, std::move(body)});
    }
    return rows;
}

}  // namespace falconer::alerts
