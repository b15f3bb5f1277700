// What a rule says when it fires: text with fields in it.
#pragma once

#include "falco_release.hpp"
#include "rule_book.hpp"

namespace falconer::falco::rules {

void check_output(
    const rule_definition& rule, const falco_release& release, problem_list& problems
);

}  // namespace falconer::falco::rules
