#include "falconer/falco/maintenance_window.hpp"

#include "digest.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds day = 24h;

/// Two digits, below `limit`.
std::optional<int> two_digits(std::string_view text, int limit) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!is_digit(text[0]) || !is_digit(text[1])) return std::nullopt;
    const int number = (text[0] - '0') * 10 + (text[1] - '0');
    if (number >= limit) return std::nullopt;
    return number;
}

/// "220000+0100": after midnight of UTC.
std::optional<seconds> time_of_day(std::string_view text) {
    if (text.size() != 11 || (text[6] != '+' && text[6] != '-')) return std::nullopt;
    const auto h  = two_digits(text.substr(0), 24);
    const auto m  = two_digits(text.substr(2), 60);
    const auto s  = two_digits(text.substr(4), 60);
    const auto zh = two_digits(text.substr(7), 25);
    const auto zm = two_digits(text.substr(9), 60);
    if (!h || !m || !s || !zh || !zm) return std::nullopt;
    const seconds local  = std::chrono::hours(*h) + std::chrono::minutes(*m) + seconds(*s);
    const seconds offset = std::chrono::hours(*zh) + std::chrono::minutes(*zm);
    const seconds utc    = text[6] == '+' ? local - offset : local + offset;
    return (utc + 2 * day) % day;
}

}  // namespace

window_span maintenance_window::open_or_next(utc_time at) const {
    // Yesterday's may reach over midnight.
    const utc_time today = std::chrono::floor<std::chrono::days>(at);
    for (const auto from : {today - day, today}) {
        const window_span span{from + begin, from + begin + length};
        if (at < span.end) return span;
    }
    return {today + day + begin, today + day + begin + length};
}

window_span maintenance_window::next_begin(utc_time at) const {
    const utc_time today = std::chrono::floor<std::chrono::days>(at);
    const utc_time first = today + begin < at ? today + day + begin : today + begin;
    return {first, first + length};
}

std::optional<maintenance_window> effective_window(std::string_view begin, std::string_view end) {
    const auto from = time_of_day(begin);
    const auto to   = time_of_day(end);
    if (!from || !to) return std::nullopt;
    constexpr seconds early  = 15min;
    auto              length = (*to - *from + day) % day;
    if (length == 0s) length = day;
    if (length > early) length -= early;
    return maintenance_window{.begin = *from, .length = length};
}

utc_time moment_in(const window_span& span, utc_time from, std::string_view who) {
    const auto    begin  = std::clamp(from, span.begin, span.end);
    const auto    digest = sha256_hex(who);
    std::uint32_t chance = 0;
    std::from_chars(digest.data(), digest.data() + 8, chance, 16);
    const double share = static_cast<double>(chance) / 0x1p32;  // below 1
    const auto   whole = std::chrono::duration<double>(span.end - begin);
    return begin + std::chrono::floor<std::chrono::milliseconds>(whole * share);
}

}  // namespace falconer::falco
