#include "falconer/spelling.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace falconer {
namespace {

constexpr std::size_t longest_word = 64;  // longer ones are no typing errors, and cost a lot

/// How many letters have to be typed differently, two swapped ones being one. Source: Damerau 1964,
/// Levenshtein 1965; both are short.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(before), row(before);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::swap(before, last);
        std::swap(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] =
                std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)}
                );
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> names) {
    if (wrong.size() > longest_word) return {};
    std::size_t      best = std::max<std::size_t>(wrong.size() / 3, wrong.size() > 2 ? 2 : 1) + 1;
    std::string_view guess;
    for (const auto name : names) {
        if (const auto d = distance(wrong, name); d < best) {
            best  = d;
            guess = name;
        }
    }
    return guess.empty() ? std::string{} : "; did you mean '" + std::string(guess) + "'?";
}

std::string in_one_line(std::string_view text) {
    constexpr std::size_t      longest = 500;
    constexpr std::string_view digits  = "0123456789abcdef";
    std::string                out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (out.size() >= longest && (byte & 0xC0) != 0x80) return out + "…";
        if (byte >= 0x20 && byte != 0x7F) {
            out += c;
        } else {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

}  // namespace falconer
