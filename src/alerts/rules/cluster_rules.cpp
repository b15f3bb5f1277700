#include "cluster_rules.hpp"

#include <algorithm>
#include <utility>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;

/// What all of them have in common.
alert_rule of_clusters(std::string_view name, cluster_health state) {
    alert_rule rule;
    rule.name          = name;
    rule.version       = 0;
    rule.states        = {state};
    rule.group_by      = {"cluster", "project", "shoot"};
    rule.wait          = 30s;  // what falls silent together is told together
    rule.repeat        = 24h;
    rule.tell_resolved = true;
    return rule;
}

}  // namespace

std::vector<alert_rule> cluster_rules(const std::vector<std::string>& receivers) {
    auto silent = of_clusters(silent_rule, cluster_health::silent);
    silent.description =
        "Nothing comes from a cluster that should send: Falco may be down there, or somebody keeps "
        "it quiet.";
    silent.level = severity::error;

    auto blind = of_clusters(blind_rule, cluster_health::blind);
    blind.description =
        "What a cluster's Falco would have to tell does not reach us, or it misses system calls.";
    blind.level = severity::error;

    auto outage = of_clusters(outage_rule, cluster_health::late);
    outage.description =
        "Most clusters have fallen silent at once: look at ingest and the way to it.";
    outage.level = severity::critical;
    outage.group_by.clear();
    outage.wait   = 0s;
    outage.repeat = 1h;

    std::vector<alert_rule> all{std::move(silent), std::move(blind), std::move(outage)};
    for (auto& each : all) each.receivers = receivers;
    return all;
}

std::vector<alert_rule> with_cluster_rules(
    std::vector<alert_rule> written, const std::vector<std::string>& receivers
) {
    for (auto& ours : cluster_rules(receivers)) {
        const bool replaced = std::ranges::any_of(written, [&](const alert_rule& each) {
            return each.name == ours.name;
        });
        if (!replaced) written.push_back(std::move(ours));
    }
    return written;
}

}  // namespace falconer::alerts
