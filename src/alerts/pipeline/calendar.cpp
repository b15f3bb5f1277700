#include "calendar.hpp"

#include <algorithm>

namespace falconer::alerts {
namespace {

/// What the clock on the wall shows.
struct wall_clock {
    unsigned             day = 0;  // after Monday
    std::chrono::minutes time{};
};

wall_clock clock_at(const time_zone& zone, utc_time now) {
    const auto local = std::chrono::floor<std::chrono::seconds>(now) + zone.offset_at(now);
    const auto day   = std::chrono::floor<std::chrono::days>(local);
    return {
        (std::chrono::weekday{day}.iso_encoding() - 1),
        std::chrono::floor<std::chrono::minutes>(local - day)
    };
}

bool has_day(const week_span& span, unsigned day) {
    return (span.days >> day & 1U) != 0;
}

bool is_in(const week_span& span, const wall_clock& now) {
    if (span.from < span.till)
        return has_day(span, now.day) && now.time >= span.from && now.time < span.till;
    // Over midnight: the evening of its day, and the morning after it.
    if (now.time >= span.from) return has_day(span, now.day);
    return now.time < span.till && has_day(span, (now.day + 6) % 7);
}

bool is_in_any(const std::vector<week_span>& spans, const wall_clock& now) {
    return std::ranges::any_of(spans, [&](const week_span& each) { return is_in(each, now); });
}

}  // namespace

bool is_told_at(
    const calendar& when, const time_zone& zone, utc_time now, std::optional<priority> urgent
) {
    if (when.only.empty() && when.mute.empty()) return true;
    if (when.unless && urgent && *urgent <= *when.unless) return true;
    const auto clock = clock_at(zone, now);
    return (when.only.empty() || is_in_any(when.only, clock)) && !is_in_any(when.mute, clock);
}

}  // namespace falconer::alerts
