// Overrides that change nothing, or whose change nobody will see.
#pragma once

#include "rule_book.hpp"

#include <string>
#include <string_view>

namespace falconer::falco::rules {

/// Another change takes the place of an earlier one: that one is told of, where it stands.
void tell_lost(
    const rule_definition& rule, const std::string& key, const where& by, problem_list& problems
);
/// Of all of them: the rule is defined anew.
void tell_all_lost(const rule_definition& rule, const where& by, problem_list& problems);

/// Whether two conditions or outputs differ in nothing but blanks.
bool says_the_same(std::string_view a, std::string_view b);

}  // namespace falconer::falco::rules
