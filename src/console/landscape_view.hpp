// The landscape's numbers as the API writes them.
#pragma once

#include "falconer/ports/landscape_queries.hpp"
#include "wire.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace falconer::console {

/// The days that are looked at, and how much of what was counted is shown.
struct landscape_span {
    std::chrono::sys_days      since{}, until{};  // before `until`
    std::size_t                clusters = 30;
    triage_view::hidden_events view     = triage_view::hidden_events::without;
};
/// "2026-11-30".
std::string day_text(std::chrono::sys_days day);

std::string landscape_json(const landscape_counts& all, const landscape_span& of);

}  // namespace falconer::console
