#include "falconer/duration.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace falconer {
namespace {

struct unit {
    std::string_view name{};
    std::int64_t     nanos = 1;
};
constexpr std::array<unit, 8> units{{
    {"h", 3'600'000'000'000},
    {"ms", 1'000'000},  // before "m": the longer name first
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"us", 1'000},
    {"µs", 1'000},  // U+00B5
    {"μs", 1'000},  // U+03BC
    {"ns", 1},
}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Digits off the front of `text`; nothing when there are none or too many.
std::optional<std::int64_t> take_digits(std::string_view& text) {
    std::int64_t value = 0;
    std::size_t  size  = 0;
    for (; size < text.size() && is_digit(text[size]); ++size)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[size] - '0', &value))
            return std::nullopt;
    if (size == 0) return std::nullopt;
    text.remove_prefix(size);
    return value;
}

const unit* take_unit(std::string_view& text) {
    for (const auto& u : units) {
        if (!text.starts_with(u.name)) continue;
        text.remove_prefix(u.name.size());
        return &u;
    }
    return nullptr;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return std::chrono::nanoseconds{0};
    if (text.empty()) return std::nullopt;

    std::int64_t sum = 0;
    while (!text.empty()) {
        const bool point_first = text.starts_with('.');
        const auto whole       = point_first ? std::optional<std::int64_t>(0) : take_digits(text);
        if (!whole) return std::nullopt;
        std::string_view fraction;
        if (text.starts_with('.')) {
            text.remove_prefix(1);
            std::size_t size = 0;
            while (size < text.size() && is_digit(text[size])) ++size;
            if (size == 0 && point_first) return std::nullopt;
            fraction = text.substr(0, size);
            text.remove_prefix(size);
        }
        const auto* u = take_unit(text);
        if (u == nullptr) return std::nullopt;
        std::int64_t part = 0;
        if (__builtin_mul_overflow(*whole, u->nanos, &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return std::nullopt;
        auto scale = u->nanos;
        for (const char digit : fraction) {
            if (scale % 10 != 0 && scale < 10) break;
            part = scale / 10 * (digit - '0');
            if (__builtin_add_overflow(sum, part, &sum)) return std::nullopt;
            scale /= 10;
        }
    }
    return std::chrono::nanoseconds{negative ? -sum : sum};
}

std::string duration_text(std::chrono::nanoseconds value) {
    if (value.count() == 0) return "0s";
    std::string text;
    // Not negated as signed: the smallest has no positive twin.
    auto left = static_cast<std::uint64_t>(value.count());
    if (value.count() < 0) {
        text = "-";
        left = 0 - left;
    }
    for (const auto& [name, nanos] : {units[0], units[2], units[3], units[1], units[4], units[7]}) {
        const auto count = left / static_cast<std::uint64_t>(nanos);
        if (count > 0) text += std::to_string(count) + std::string(name);
        left %= static_cast<std::uint64_t>(nanos);
    }
    return text;
}

}  // namespace falconer
