// What an operand is: its type behind its transformers, and what is wrong with it.
#pragma once

#include "falco_release.hpp"
#include "operand.hpp"
#include "value_kinds.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

struct operand_complaint {
    bool        error   = true;
    bool        unknown = false;  // a rule may ask to be skipped because of it
    std::size_t at      = 0;      // in the text that the operand was read from
    std::string what{};
};

struct checked_operand {
    std::optional<compared_type>   type{};  // nothing: it is wrong, which has been told
    std::vector<operand_complaint> complaints{};
};

/// `source`: one that is known.
checked_operand check_operand(
    const operand& is, std::string_view source, const falco_release& release
);

/// "'proc.aname[2]'", "concat()": as messages call it.
std::string title_of(const operand& is);

}  // namespace falconer::falco::rules
