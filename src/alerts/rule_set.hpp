// The rules in force, found by what an event is: none is matched against all of them.
#pragma once

#include "falconer/alerts/alert_rule.hpp"
#include "falconer/ports/alert_store.hpp"
#include "falconer/time_zone.hpp"
#include "possible.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace falconer::alerts {

/// A rule ready for use.
struct ready_rule {
    alert_rule                 text{};
    filter::node_ptr           what{};    // null: everything
    std::vector<filter::field> groups{};  // of text.group_by
    time_zone                  zone{};    // of its calendar

    bool tells_of(const cluster_name& cluster) const {
        return text.project.empty() || cluster.project == text.project;
    }
};

/// By project first, then by (Falco's rule, cluster, priority) with what the filter can say of
/// that alone; what was found is remembered, within a bound. Threading: the loop thread.
class rule_set {
public:
    /// Zones by their names; null: there is none, and UTC is taken.
    using zones = std::function<const time_zone*(const std::string&)>;

    rule_set() = default;
    /// Of disabled ones, and such whose filters are none, nothing is known here.
    rule_set(std::vector<alert_rule> rules, utc_time now, const zones& zone_of);

    using found = std::vector<const ready_rule*>;

    /// Those that may find such an event. `kind` is only asked for where the cell is not known yet.
    /// Valid until the next call.
    const found& candidates(const event_cell& cell, const std::function<event_kind()>& kind);

    bool knows(const event_cell& cell) const { return known_.contains(cell); }

    const ready_rule* find(const uuid& id) const;
    /// Of an owner, by its name.
    const ready_rule* named(const std::string& project, const std::string& name) const;
    std::size_t       size() const noexcept { return all_.size(); }
    /// Whether any does; else whatever comes is nothing to them.
    bool asks_for_events() const noexcept { return !by_project_.empty(); }
    /// Those of clusters' health.
    std::vector<const ready_rule*> of_clusters() const;

private:
    static constexpr std::size_t most_known = 65'536;

    std::map<uuid, ready_rule>             all_;
    std::unordered_map<std::string, found> by_project_;  // "": the operators'
    std::map<std::pair<std::string, std::string>, const ready_rule*> by_name_;
    std::unordered_map<event_cell, found, event_cell_hash>           known_;
};

}  // namespace falconer::alerts
