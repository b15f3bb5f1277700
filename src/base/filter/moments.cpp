// Times as people write them into a search field.
#include "falconer/filter.hpp"
#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace falconer::filter {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

event_time plus(event_time t, std::int64_t seconds, std::int64_t nanos) {
    const auto all = t.nanos + nanos;
    return {
        t.seconds + seconds + all / ns_per_second, static_cast<std::uint32_t>(all % ns_per_second)
    };
}

std::int64_t seconds_of(char unit) {
    switch (unit) {
        case 's': return 1;
        case 'm': return 60;
        case 'h': return 3600;
        case 'd': return 86'400;
        case 'w': return 7 * 86'400;
        default: return 0;
    }
}

/// "-2h", "now".
std::optional<moment> relative(std::string_view text, utc_time now) {
    const auto at = event_time_of(now);
    if (text == "now") return moment{at, at, true};
    if (text.size() < 3 || text.front() != '-') return std::nullopt;
    std::int64_t count               = 0;
    const auto*  end                 = text.data() + text.size() - 1;
    const auto [to, wrong]           = std::from_chars(text.data() + 1, end, count);
    const auto             seconds   = seconds_of(text.back());
    constexpr std::int64_t a_century = 36'525;  // in days; enough for any event that is kept
    if (wrong != std::errc{} || to != end || count < 0 || seconds == 0) return std::nullopt;
    if (count > a_century * 86'400 / seconds) return std::nullopt;
    event_time then{at.seconds - count * seconds, at.nanos};
    if (then.seconds < 0) then = {};
    return moment{then, then, true};
}

/// Where the zone begins in what stands behind the T; its end if there is none.
std::size_t zone_in(std::string_view clock) {
    const auto at = clock.find_first_of("Zz+-");
    return std::min(at, clock.size());
}

struct completed {
    std::string  text{};
    std::int64_t seconds = 0, nanos = 0;  // how long the moment lasts
};

/// A full RFC 3339 time of one whose end may be missing.
std::optional<completed> completed_of(std::string_view text) {
    if (text.size() == 10) return completed{std::string(text) + "T00:00:00Z", 86'400, 0};
    if (text.size() < 16 || (text[10] != 'T' && text[10] != 't')) return std::nullopt;
    const auto behind = text.substr(11);
    const auto clock  = behind.substr(0, zone_in(behind));
    const auto zone   = clock.size() == behind.size() ? "Z" : behind.substr(clock.size());
    completed  it{std::string(text.substr(0, 11)).append(clock)};
    if (clock.size() == 5) {
        it.text    += ":00";
        it.seconds  = 60;
    } else if (clock.size() == 8) {
        it.seconds = 1;
    } else if (clock.size() > 9 && clock.size() <= 18) {
        it.nanos = ns_per_second;
        for (auto digits = clock.size() - 9; digits > 0; --digits) it.nanos /= 10;
    } else {
        return std::nullopt;
    }
    it.text += zone;
    return it;
}

}  // namespace

std::optional<moment> parse_moment(std::string_view text, utc_time now) {
    if (const auto is = relative(text, now)) return is;
    const auto whole = completed_of(text);
    if (!whole) return std::nullopt;
    const auto  read = parse_rfc3339(whole->text);
    const auto* from = std::get_if<event_time>(&read);
    if (from == nullptr) return std::nullopt;
    return moment{*from, plus(*from, whole->seconds, whole->nanos), false};
}

}  // namespace falconer::filter
