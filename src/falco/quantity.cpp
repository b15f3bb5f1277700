#include "falconer/falco/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace falconer::falco {
namespace {

struct suffix {
    std::string_view text;
    int              ten, two;  // the amount times 10^ten times 2^two
};
constexpr std::array suffixes{
    suffix{"n", -9, 0},  suffix{"u", -6, 0},  suffix{"m", -3, 0},  suffix{"", 0, 0},
    suffix{"k", 3, 0},   suffix{"M", 6, 0},   suffix{"G", 9, 0},   suffix{"T", 12, 0},
    suffix{"P", 15, 0},  suffix{"E", 18, 0},  suffix{"Ki", 0, 10}, suffix{"Mi", 0, 20},
    suffix{"Gi", 0, 30}, suffix{"Ti", 0, 40}, suffix{"Pi", 0, 50}, suffix{"Ei", 0, 60},
};

/// "e3", "E-3", or nothing.
std::optional<int> exponent_of(std::string_view rest) {
    if (rest.size() < 2 || (rest[0] != 'e' && rest[0] != 'E')) return {};
    rest.remove_prefix(1);
    if (rest[0] == '+') rest.remove_prefix(1);
    int is                 = 0;
    const auto [at, wrong] = std::from_chars(rest.data(), rest.data() + rest.size(), is);
    if (wrong != std::errc{} || at != rest.data() + rest.size() || is < -99 || is > 99) return {};
    return is;
}

}  // namespace

std::optional<double> parse_quantity(std::string_view text) {
    const auto number_end = text.find_first_not_of(
        "0123456789.", text.starts_with('-') || text.starts_with('+') ? 1 : 0
    );
    auto       number = text.substr(0, number_end);
    const auto rest   = number_end == text.npos ? std::string_view{} : text.substr(number_end);
    if (number.starts_with('+')) number.remove_prefix(1);
    if (number.find_first_of("0123456789") == number.npos || number.size() > 60 ||
        number.find('.') != number.rfind('.'))
        return {};

    suffix unit{};
    if (const auto exponent = exponent_of(rest)) {
        unit.ten = *exponent;
    } else {
        const auto* found = std::ranges::find(suffixes, rest, &suffix::text);
        if (found == suffixes.end()) return {};
        unit = *found;
    }
    // In one piece, so that 300m and 0.3 are rounded to the same.
    const auto whole       = std::string(number) + 'e' + std::to_string(unit.ten);
    double     is          = 0;
    const auto [at, wrong] = std::from_chars(whole.data(), whole.data() + whole.size(), is);
    if (wrong != std::errc{} || at != whole.data() + whole.size()) return {};
    return std::ldexp(is, unit.two);
}

}  // namespace falconer::falco
