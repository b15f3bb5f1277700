// Rules that are there without being written: a cluster that falls silent or blind is told of.
#pragma once

#include "falconer/alerts/alert_rule.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

/// Most clusters have fallen silent at once: it is we who do not hear. Of whichever rule has this
/// name among the operators' this is what it tells of, whatever states it names.
inline constexpr std::string_view outage_rule = "Ingest has an outage";
/// The others' names.
inline constexpr std::string_view silent_rule = "Cluster is silent";
inline constexpr std::string_view blind_rule  = "Cluster is blind";

/// The operators' rules of clusters that Falconer comes with. One of the same name that somebody
/// has written takes its place. Pure.
std::vector<alert_rule> cluster_rules(const std::vector<std::string>& receivers);

/// `written`, and those of cluster_rules() whose names are not among them. Pure.
std::vector<alert_rule> with_cluster_rules(
    std::vector<alert_rule> written, const std::vector<std::string>& receivers
);

}  // namespace falconer::alerts
