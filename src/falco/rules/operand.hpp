// What conditions compare, and what they compare with: fields, and what transformers make of them.
#pragma once

#include "condition_words.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

/// proc.aname[2]; tolower(proc.name); concat(proc.name, "/", fd.name); getopt(proc.args, "n:")[n]
struct operand {
    /// Texts and lists stand in the parentheses of a call only.
    enum class kind : std::uint8_t { field, text, list, call };

    kind                       is = kind::field;
    std::string                field{};         // of a call: its name; of a text: the text
    std::optional<std::string> argument{};      // in brackets
    std::vector<std::string>   transformers{};  // the outermost first; "val" as well
    std::vector<operand>       parts{};         // of a list, of a call
    std::size_t                at = 0;
};

/// As exceptions name what they compare, nothing but a field or a transformer around it. Nothing:
/// it is neither, `wrong` says how.
std::optional<operand> read_operand(std::string_view text, syntax_error& wrong);

}  // namespace falconer::falco::rules
