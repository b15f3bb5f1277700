// Fields as conditions and outputs name them: whether there are such, with such an argument.
#pragma once

#include "condition.hpp"
#include "falco_release.hpp"
#include "rule_book.hpp"
#include "value_kinds.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace falconer::falco::rules {

struct field_complaint {
    bool        error   = true;
    bool        unknown = false;  // a rule may ask to be skipped because of it
    std::size_t at      = 0;      // relative to the field's begin
    std::string what{};
};

/// A field with its argument, for a condition or an output.
struct checked_field {
    std::optional<field_table::found> is{};  // nothing: there is none
    std::vector<field_complaint>      complaints{};
};
checked_field check_field(
    std::string_view source, std::string_view name, const std::optional<std::string>& argument,
    const falco_release& release
);

/// At the beginning of `text`, which is the rest of the rule's output; `name` is what looks like
/// its name there. How many characters belong to it; 0: it is none, which has been told.
std::size_t check_output_field(
    const rule_definition& rule, std::string_view name, std::string_view text,
    const falco_release& release, std::size_t at, problem_list& problems
);

}  // namespace falconer::falco::rules
