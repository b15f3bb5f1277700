// A moment of the years 1970 to 9999, as others write it, on the system's clock.
#pragma once

#include "falconer/event.hpp"
#include "falconer/time_source.hpp"

#include <chrono>

namespace falconer::falco {

/// The clock counts nanoseconds and ends in 2262: what lies beyond is its last moment.
inline utc_time utc_of(const event_time& at) {
    using std::chrono::floor, std::chrono::seconds, std::chrono::nanoseconds;
    const auto last = floor<seconds>(utc_time::max()).time_since_epoch();
    if (at.seconds >= last.count()) return utc_time::max();
    return utc_time(seconds(at.seconds)) + nanoseconds(at.nanos);
}

}  // namespace falconer::falco
