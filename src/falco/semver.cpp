#include "falconer/falco/semver.hpp"

#include <algorithm>
#include <charconv>

namespace falconer::falco {
namespace {

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_word(std::string_view text) {
    return !text.empty() &&
           text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"
           ) == std::string_view::npos;
}

/// Up to the next `end`, which is taken away too.
std::string_view take(std::string_view& rest, char end) {
    const auto at   = rest.find(end);
    const auto part = rest.substr(0, at);
    rest            = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return part;
}

/// Dotted words. Nothing: one of them is none.
std::optional<std::vector<std::string>> words_of(std::string_view text) {
    std::vector<std::string> all;
    for (const char& c : text)
        if (c == '.' && &c == &text.back()) return std::nullopt;
    while (!text.empty()) {
        const auto word = take(text, '.');
        if (!is_word(word)) return std::nullopt;
        all.emplace_back(word);
    }
    return all.empty() ? std::nullopt : std::optional(std::move(all));
}

std::strong_ordering compare_words(const std::string& a, const std::string& b) {
    const bool number = is_digits(a), other = is_digits(b);
    if (number != other) return number ? std::strong_ordering::less : std::strong_ordering::greater;
    if (number && a.size() != b.size()) return a.size() <=> b.size();
    return a <=> b;
}

}  // namespace

std::optional<semver> semver::parse(std::string_view text) {
    semver     is;
    const auto plus = text.find('+');
    if (plus != std::string_view::npos && !words_of(text.substr(plus + 1))) return std::nullopt;
    text            = text.substr(0, plus);
    const auto dash = text.find('-');
    if (dash != std::string_view::npos) {
        auto words = words_of(text.substr(dash + 1));
        if (!words) return std::nullopt;
        for (const auto& word : *words)
            if (is_digits(word) && word.size() > 1 && word[0] == '0') return std::nullopt;
        is.before_ = *std::move(words);
    }
    text = text.substr(0, dash);
    if (std::ranges::count(text, '.') != 2) return std::nullopt;
    for (auto& number : is.numbers_) {
        const auto part = take(text, '.');
        if (!is_digits(part) || (part.size() > 1 && part[0] == '0')) return std::nullopt;
        const auto [rest, wrong] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (wrong != std::errc{}) return std::nullopt;
    }
    return is;
}

std::strong_ordering semver::operator<=>(const semver& other) const {
    for (int i = 0; i < 3; ++i)
        if (numbers_[i] != other.numbers_[i]) return numbers_[i] <=> other.numbers_[i];
    if (before_.empty() != other.before_.empty())
        return before_.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
    for (std::size_t i = 0; i < std::min(before_.size(), other.before_.size()); ++i)
        if (const auto order = compare_words(before_[i], other.before_[i]); order != 0)
            return order;
    return before_.size() <=> other.before_.size();
}

bool semver::is_of_later_line_than(const semver& other) const noexcept {
    if (numbers_[0] != other.numbers_[0]) return numbers_[0] > other.numbers_[0];
    return numbers_[1] > other.numbers_[1];
}

}  // namespace falconer::falco
