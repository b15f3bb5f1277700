// Alert rules as people write them: in the configuration file, in an export, in the API.
#pragma once

#include "falconer/alerts/alert_rule.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <string>
#include <vector>

namespace falconer::alerts {

/// Reads one rule strictly; every problem goes to `problems`. Id, project and version are nobody's
/// to write. `now`: for the relative times of its filter. Pure.
alert_rule rule_of(
    const value& is, const std::string& path, utc_time now, field_problems& problems
);

/// A list of one owner's rules: as rule_of(), and names are there once.
std::vector<alert_rule> rules_of(
    const value& list, const std::string& path, utc_time now, field_problems& problems
);

/// What rule_of() reads as the same; what is as by default is left out. For an export and the
/// store.
value value_of(const alert_rule& rule);

/// Of an operators' rule, which has none of its own: of its name always the same.
uuid operators_rule_id(std::string_view name);

}  // namespace falconer::alerts
