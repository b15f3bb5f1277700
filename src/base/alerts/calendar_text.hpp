// The calendar of a rule as people write it.
#pragma once

#include "falconer/alerts/alert_rule.hpp"
#include "falconer/field_reader.hpp"

namespace falconer::alerts {

void  read_calendar(field_reader& in, calendar& into);
value value_of(const calendar& is);

}  // namespace falconer::alerts
