// Exceptions of rules: fields, how they are compared, and with what.
#pragma once

#include "falco_release.hpp"
#include "rule_book.hpp"

#include <string>
#include <vector>

namespace falconer::falco::rules {

/// Of a rule of this source. Fills in the comparisons that are left out.
void check_exception(
    rule_exception& is, const std::string& source, const falco_release& release,
    problem_list& problems
);

/// Adds to those of a rule: values to one that is there, or a whole new one.
void append_exception(
    std::vector<rule_exception>& to, rule_exception more, const std::string& source,
    const falco_release& release, problem_list& problems
);

/// A comparison that Falco puts together of an exception, as a text.
struct exception_check {
    std::string text{};
    std::string value{};  // as it stands in the file; of a list: empty
    where       at{};
};
/// Of each value of one whose fields and operators are right.
std::vector<exception_check> checks_of(const rule_exception& is);

}  // namespace falconer::falco::rules
