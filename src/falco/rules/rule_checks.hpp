// All that can only be said when every file has been read: names, types, what fires and what costs.
#pragma once

#include "falco_release.hpp"
#include "rule_book.hpp"

namespace falconer::falco::rules {

void check_rules(rule_book& book, const falco_release& release, problem_list& problems);

}  // namespace falconer::falco::rules
