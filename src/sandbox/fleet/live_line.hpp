// What a person sees while `falconer up` runs: one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace falconer::sandbox {

struct live_figures {
    std::uint64_t events     = 0;  // acknowledged since the start
    double        per_second = 0;
    double        p50_ms = 0, p99_ms = 0;
    std::size_t   clusters   = 0;
    std::uint64_t lost       = 0;  // refused, or not answered
    std::uint64_t spooled    = 0;  // waiting in the spool
    bool          store_away = false;
};

/// Pure. At most `width` columns; parts that do not fit are left out from the end.
std::string live_line(const live_figures& now, std::size_t width);

}  // namespace falconer::sandbox
