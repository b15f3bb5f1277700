#include "rule_set.hpp"

#include <utility>

namespace falconer::alerts {

rule_set::rule_set(std::vector<alert_rule> rules, utc_time now, const zones& zone_of) {
    for (auto& each : rules) {
        if (!each.enabled) continue;
        auto  parsed = filter::parse(each.what, now);
        auto* what   = std::get_if<filter::node_ptr>(&parsed);
        if (what == nullptr) continue;
        ready_rule ready;
        ready.what = std::move(*what);
        for (const auto& field : each.group_by) ready.groups.push_back(filter::field_of(field));
        if (const auto* zone = zone_of(each.times.zone)) ready.zone = *zone;
        ready.text      = std::move(each);
        const uuid id   = ready.text.id;
        auto [at, new_] = all_.emplace(id, std::move(ready));
        if (!new_) continue;
        const auto& kept = at->second;
        by_name_.emplace(std::pair{kept.text.project, kept.text.name}, &kept);
        if (kept.text.is_of_events()) by_project_[kept.text.project].push_back(&kept);
    }
}

const rule_set::found& rule_set::candidates(
    const event_cell& cell, const std::function<event_kind()>& kind
) {
    if (const auto had = known_.find(cell); had != known_.end()) return had->second;
    if (known_.size() >= most_known) known_.clear();
    const auto of = kind();
    found      these;
    const auto look = [&](const std::string& project) {
        const auto some = by_project_.find(project);
        if (some == by_project_.end()) return;
        for (const auto* each : some->second)
            if (!each->what || is_possible(*each->what, of)) these.push_back(each);
    };
    look({});
    if (of.cluster.project && !of.cluster.project->empty()) look(*of.cluster.project);
    return known_.emplace(cell, std::move(these)).first->second;
}

std::vector<const ready_rule*> rule_set::of_clusters() const {
    found these;
    for (const auto& [id, each] : all_)
        if (!each.text.is_of_events()) these.push_back(&each);
    return these;
}

const ready_rule* rule_set::find(const uuid& id) const {
    const auto at = all_.find(id);
    return at == all_.end() ? nullptr : &at->second;
}

const ready_rule* rule_set::named(const std::string& project, const std::string& name) const {
    const auto at = by_name_.find({project, name});
    return at == by_name_.end() ? nullptr : at->second;
}

}  // namespace falconer::alerts
