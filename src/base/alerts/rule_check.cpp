#include "falconer/alerts/rule_check.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>

namespace falconer::alerts {
namespace {

int line_of(const value& map, std::string_view key) {
    const auto at = std::ranges::find(map.entries(), key, &value::entry::key);
    return at == map.entries().end() ? map.line() : at->line;
}

}  // namespace

bool rule_ground::has_receiver(std::string_view project, std::string_view name) const {
    return std::ranges::any_of(receivers, [&](const known_receiver& each) {
        return each.name == name && (each.project.empty() || each.project == project);
    });
}

void check_ground(
    const alert_rule& rule, const value& as, const std::string& path, const rule_ground& ground,
    field_problems& problems
) {
    std::vector<std::string_view> names;
    for (const auto& each : ground.receivers)
        if (each.project.empty() || each.project == rule.project) names.push_back(each.name);
    for (const auto& each : rule.receivers) {
        if (ground.has_receiver(rule.project, each)) continue;
        problems.push_back(
            {path + ".receivers",
             "there is no receiver '" + in_one_line(each) + "'" + did_you_mean(each, names),
             line_of(as, "receivers")}
        );
    }
    // Of a name that is none it was said already.
    const auto& zone = rule.times.zone;
    if (zone.empty() || zone.find("..") != zone.npos || zone.front() == '/') return;
    if (const auto known = time_zone::load(zone, ground.zones); known) return;
    const auto* calendar = as.find("calendar");
    problems.push_back(
        {path + ".calendar.zone",
         "this machine knows no time zone '" + in_one_line(zone) +
             "'; its names are as "
             "'Europe/Berlin'",
         calendar == nullptr ? as.line() : line_of(*calendar, "zone")}
    );
}

}  // namespace falconer::alerts
