// The words of conditions: operators, transformers, names of fields, macros and lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::falco::rules {

struct syntax_error {
    std::size_t at = 0;
    std::string what{};
};

enum class comparison_kind : std::uint8_t { unary, number, text, list };
/// Nothing: there is no such operator.
std::optional<comparison_kind> kind_of_comparison(std::string_view name) noexcept;
/// "; did you mean 'startswith'?"
std::string near_comparison(std::string_view wrong);

bool is_transformer(std::string_view name) noexcept;  // "val" included
/// join, concat, getopt, which take several things and make texts or lists of them. Of Falco 0.44.
bool        takes_several(std::string_view transformer) noexcept;
std::string near_transformer(std::string_view wrong);

/// oneof, anyof, allof between an operator and a list. Of Falco 0.44.
bool is_modifier(std::string_view word) noexcept;
/// As exceptions name operators: "in", "startswith oneof". What is none is a name, too.
struct named_comparison {
    std::string_view name{}, modifier{};
};
named_comparison exception_comparison(std::string_view text) noexcept;

bool is_digit(char c) noexcept;
bool is_in_word(char c) noexcept;
bool is_blank(char c) noexcept;
bool ends_bare_text(char c) noexcept;
/// Letters, digits and '_' at the beginning, a letter first. Empty: there are none.
std::string_view word_at(std::string_view text) noexcept;

/// Whether a macro may be called so.
bool is_identifier(std::string_view name) noexcept;
/// Whether a list may be called so, and whether a value can stand without quotes.
bool is_bare_text(std::string_view text) noexcept;

/// A field's name at the beginning of the text: proc.name, evt.arg.flags. Empty: there is none.
std::string_view field_name_at(std::string_view text) noexcept;

/// The rest of a field behind its name, "[2]". Nothing: it goes wrong, `wrong` says how.
struct field_argument {
    std::optional<std::string> is{};
    std::size_t                size = 0;  // of what was read
};
std::optional<field_argument> argument_at(std::string_view text, syntax_error& wrong);

}  // namespace falconer::falco::rules
