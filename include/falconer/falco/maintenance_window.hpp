// When in a day a cluster's versions may move.
#pragma once

#include "falconer/time_source.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace falconer::falco {

/// One opening of a window: from `begin`, until before `end`.
struct window_span {
    utc_time begin{}, end{};

    bool        holds(utc_time at) const { return begin <= at && at < end; }
    friend bool operator==(const window_span&, const window_span&) = default;
};

/// Opens once a day, at a time of UTC: offsets of summer and winter are in what users write.
/// By default it is always open; then each day of UTC counts as one opening.
struct maintenance_window {
    std::chrono::seconds begin{0};  // after midnight
    std::chrono::seconds length = std::chrono::hours(24);

    /// The opening at `at`; where it is closed, the next one.
    window_span open_or_next(utc_time at) const;
    /// The first opening that begins at `at` or later.
    window_span next_begin(utc_time at) const;

    friend bool operator==(const maintenance_window&, const maintenance_window&) = default;
};

/// `begin` and `end` as "HHMMSS+ZZZZ". It closes a quarter of an hour early, so that what has begun
/// ends in time; one that is no longer than that is left as it is. An end equal to its begin is a
/// whole day later. Nothing: one of the two is no such text.
/// Source: gardener/gardener, pkg/utils/timewindow, EffectiveMaintenanceTimeWindow.
std::optional<maintenance_window> effective_window(std::string_view begin, std::string_view end);

/// A moment of the span after `from` that is the same for the same `who`, and evenly spread over
/// many.
utc_time moment_in(const window_span& span, utc_time from, std::string_view who);

}  // namespace falconer::falco
