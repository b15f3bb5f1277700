#include "value_doubts.hpp"

#include "falconer/spelling.hpp"
#include "field_table.hpp"
#include "operand.hpp"

#include <algorithm>
#include <iterator>

namespace falconer::falco::rules {
namespace {

bool is_one_of(std::string_view all, char c) {
    return all.find(c) != std::string_view::npos;
}

/// Whether another operator would do. A pattern stands for the whole value, so its anchors say
/// nothing, and "any text" at its begin or end is what 'contains' and the like are for.
bool needs_no_pattern(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool first = i == 0, last = i + 1 == pattern.size();
        if ((first && pattern[i] == '^') || (last && pattern[i] == '$')) continue;
        if ((first || i + 2 == pattern.size()) && !last && pattern[i] == '.' &&
            is_one_of("+*?", pattern[i + 1])) {
            ++i;
            continue;
        }
        if (is_one_of(".+*?^$()[]{}|\\", pattern[i])) return false;
    }
    return true;
}

/// Null: it is none.
const field_info* find_field(
    const std::string& text, std::string_view source, const falco_release& release
) {
    syntax_error wrong;
    const auto   is = read_operand(text, wrong);
    if (!is || is->is != operand::kind::field || !is->transformers.empty()) return nullptr;
    const auto found = field_table::known().find(source, is->field);
    return found && found->is->is_known_to(release) ? found->is : nullptr;
}

bool looks_like_a_call(std::string_view text) {
    const auto word = word_at(text);
    return is_transformer(word) && text.substr(word.size()).starts_with('(') && text.ends_with(')');
}

}  // namespace

std::string doubt_of(
    std::string_view comparison, std::string_view value, std::string_view source,
    const falco_release& release
) {
    if (comparison == "regex" && needs_no_pattern(value))
        return "'" + in_one_line(value) +
               "' needs no regular expression: '=', 'contains', 'startswith' or 'endswith' cost "
               "less";
    if (value.find_first_of(".(") == std::string_view::npos) return {};
    std::string bare;
    std::ranges::copy_if(value, std::back_inserter(bare), [](char c) { return !is_blank(c); });
    if (const auto* field = find_field(bare, source, release))
        return "'" + in_one_line(value) + "' is a text here, though there is such a field" +
               (field->no_rhs ? "" : "; the field's value is 'val(" + in_one_line(bare) + ")'");
    if (looks_like_a_call(bare))
        return "'" + in_one_line(value) +
               "' is a text here; what the transformer makes stands without quotes";
    return {};
}

}  // namespace falconer::falco::rules
