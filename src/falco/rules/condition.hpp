// The grammar of conditions: text to tree, with positions. Source:
// https://falco.org/docs/concepts/rules/conditions/
#pragma once

#include "operand.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::falco::rules {

/// One of the values that a field is compared with.
struct operand_value {
    std::string text{};
    bool        quoted = false;
    std::size_t at     = 0;
};

struct expression {
    enum class kind : std::uint8_t { all_of, any_of, negation, check, macro };

    kind                    is = kind::check;
    std::size_t             at = 0;
    std::vector<expression> parts{};  // of all_of, any_of, negation
    std::string             macro{};  // of macro: its name

    // Of a check.
    operand                    left{};
    std::string                comparison{};  // "startswith"
    std::string                modifier{};    // "anyof": of a list of values; mostly empty
    std::size_t                comparison_at = 0;
    std::vector<operand_value> values{};
    bool                       listed = false;  // the values stand in parentheses
    std::optional<operand>     right{};         // compared with another field
};

/// The tree, or where it goes wrong.
struct parsed_condition {
    expression                  is{};
    std::optional<syntax_error> wrong{};
};
parsed_condition parse_condition(std::string_view text);

}  // namespace falconer::falco::rules
