// Durations as people and Go write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace falconer {

/// "168h", "1h30m", "1.5s", "500ms", "-2s", "0". Nothing, when it is not one, or beyond 292 years.
/// Source: https://pkg.go.dev/time#ParseDuration
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

/// The inverse, in whole units: "1h30m", "500ms", "0s".
std::string duration_text(std::chrono::nanoseconds value);

}  // namespace falconer
