#include "decimal.hpp"

#include <algorithm>

namespace falconer::ingest {
namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// An exponent as JSON writes it; far beyond every limit it stops growing.
long exponent_of(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    long value = 0;
    for (const char c : text) value = std::min(value * 10 + (c - '0'), 1'000'000'000L);
    return negative ? -value : value;
}

}  // namespace

bool is_exact(std::string_view number) noexcept {
    if (number.starts_with('-')) number.remove_prefix(1);

    const auto at_exponent = std::min(number.find_first_of("eE"), number.size());
    const auto mantissa    = number.substr(0, at_exponent);
    const auto point       = std::min(mantissa.find('.'), mantissa.size());
    const long exponent =
        at_exponent == number.size() ? 0 : exponent_of(number.substr(at_exponent + 1));

    const long before = static_cast<long>(point);
    const long behind =
        point == mantissa.size() ? 0 : static_cast<long>(mantissa.size() - point - 1);
    long zeros   = 0;  // in front of the first other digit
    bool is_zero = true;
    for (const char c : mantissa) {
        if (!is_digit(c)) continue;
        if (c != '0') {
            is_zero = false;
            break;
        }
        ++zeros;
    }
    const long written_before = is_zero ? 1 : std::max(before + exponent - zeros, 1L);
    const long written_behind = std::max(behind - exponent, 0L);
    return written_before + written_behind <= max_digits && exponent < 1'000'000'000L;
}

}  // namespace falconer::ingest
