// What a rule leans on beside its own text: receivers, a time zone.
#pragma once

#include "falconer/alerts/alert_rule.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/time_zone.hpp"
#include "falconer/value.hpp"

#include <string>
#include <vector>

namespace falconer::alerts {

/// A receiver as everybody may know it: no address, no secret.
struct known_receiver {
    std::string project{};  // whose it is; empty: the operators'
    std::string name{};
    std::string channel{};  // "webhook" … "otlp"

    friend bool operator==(const known_receiver&, const known_receiver&) = default;
};

/// What there is for rules to lean on.
struct rule_ground {
    std::vector<known_receiver> receivers{};
    std::string                 zones{zone_folder};

    /// Whether a rule of that owner may name it: its own, or the operators'.
    bool has_receiver(std::string_view project, std::string_view name) const;
};

/// A rule that names a receiver or a time zone that there is none of would tell nobody, or at the
/// wrong time. `as`: what the rule was read from, for the lines of problems. Looks at the machine's
/// time zones: at start, and when somebody writes a rule.
void check_ground(
    const alert_rule& rule, const value& as, const std::string& path, const rule_ground& ground,
    field_problems& problems
);

}  // namespace falconer::alerts
