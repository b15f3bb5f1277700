#include "condition_words.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace falconer::falco::rules {
namespace {

constexpr std::array<std::pair<std::string_view, comparison_kind>, 20> comparisons{{
    {"=", comparison_kind::text},           {"==", comparison_kind::text},
    {"!=", comparison_kind::text},          {"<", comparison_kind::number},
    {"<=", comparison_kind::number},        {">", comparison_kind::number},
    {">=", comparison_kind::number},        {"exists", comparison_kind::unary},
    {"contains", comparison_kind::text},    {"icontains", comparison_kind::text},
    {"bcontains", comparison_kind::text},   {"startswith", comparison_kind::text},
    {"bstartswith", comparison_kind::text}, {"endswith", comparison_kind::text},
    {"glob", comparison_kind::text},        {"iglob", comparison_kind::text},
    {"regex", comparison_kind::text},       {"in", comparison_kind::list},
    {"intersects", comparison_kind::list},  {"pmatch", comparison_kind::list},
}};
constexpr std::array<std::string_view, 9>                              transformers{
    "tolower", "toupper", "b64", "basename", "len", "val", "join", "concat", "getopt"
};
constexpr std::array<std::string_view, 3> modifiers{"oneof", "anyof", "allof"};

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
bool is_in_word(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '_';
}
bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\b' || c == '\v' || c == '\f';
}
bool ends_bare_text(char c) noexcept {
    return is_blank(c) || std::string_view("()\"'=,").find(c) != std::string_view::npos;
}

std::string_view word_at(std::string_view text) noexcept {
    if (text.empty() || !is_letter(text.front())) return {};
    const auto* end = std::ranges::find_if_not(text, is_in_word);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::optional<comparison_kind> kind_of_comparison(std::string_view name) noexcept {
    const auto* found =
        std::ranges::find(comparisons, name, &std::pair<std::string_view, comparison_kind>::first);
    return found == comparisons.end() ? std::nullopt : std::optional(found->second);
}

std::string near_comparison(std::string_view wrong) {
    std::vector<std::string_view> names;
    for (const auto& [name, kind] : comparisons) names.push_back(name);
    return did_you_mean(wrong, names);
}

bool is_transformer(std::string_view name) noexcept {
    return std::ranges::find(transformers, name) != transformers.end();
}

bool takes_several(std::string_view transformer) noexcept {
    return transformer == "join" || transformer == "concat" || transformer == "getopt";
}

bool is_modifier(std::string_view word) noexcept {
    return std::ranges::find(modifiers, word) != modifiers.end();
}

named_comparison exception_comparison(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    const auto* const end  = std::ranges::find_if(text, is_blank);
    const auto        name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    auto              rest = text.substr(name.size());
    while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
    if (rest.empty()) return {text, {}};
    return is_modifier(rest) ? named_comparison{name, rest} : named_comparison{text, {}};
}

bool is_identifier(std::string_view name) noexcept {
    return !name.empty() && word_at(name) == name;
}

bool is_bare_text(std::string_view text) noexcept {
    return !text.empty() && std::ranges::none_of(text, ends_bare_text);
}

std::string_view field_name_at(std::string_view text) noexcept {
    auto       size = word_at(text).size();
    const auto word = size;
    while (size > 0 && size < text.size() && text[size] == '.') {
        const auto next = word_at(text.substr(size + 1)).size();
        if (next == 0) break;
        size += next + 1;
    }
    return size == word ? std::string_view{} : text.substr(0, size);
}

std::optional<field_argument> argument_at(std::string_view text, syntax_error& wrong) {
    if (!text.starts_with('[')) return field_argument{};
    std::size_t end   = 1;
    const char  quote = text.size() > 1 && (text[1] == '"' || text[1] == '\'') ? text[1] : '\0';
    if (quote != '\0') {
        end = text.find(quote, 2);
        if (end == std::string_view::npos) {
            wrong = {1, "a quote that is never closed"};
            return std::nullopt;
        }
        ++end;
    } else {
        while (end < text.size() && !is_blank(text[end]) &&
               std::string_view("[]\"'").find(text[end]) == std::string_view::npos)
            ++end;
    }
    if (end >= text.size() || text[end] != ']') {
        wrong = {end, "expected ']' behind the argument of a field"};
        return std::nullopt;
    }
    const auto inner = quote == '\0' ? text.substr(1, end - 1) : text.substr(2, end - 3);
    if (inner.empty()) {
        wrong = {1, "the argument in '[]' is missing"};
        return std::nullopt;
    }
    return field_argument{std::string(inner), end + 1};
}

std::string near_transformer(std::string_view wrong) {
    return did_you_mean(wrong, transformers);
}

}  // namespace falconer::falco::rules
