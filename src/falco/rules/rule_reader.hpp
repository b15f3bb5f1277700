// The entries of a rule file, into the book of what is defined.
#pragma once

#include "falco_release.hpp"
#include "rule_book.hpp"

namespace falconer::falco::rules {

/// `file`: one of the book's. What is wrong goes to `problems`; what depends on it is spared.
void read_rules(
    const loaded_file& file, const std::vector<node_ptr>& documents, const falco_release& release,
    rule_book& book, problem_list& problems
);

}  // namespace falconer::falco::rules
