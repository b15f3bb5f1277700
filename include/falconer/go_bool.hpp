// Truth as Go reads it from a text: annotations, flags and users' Secrets have it.
#pragma once

#include <optional>
#include <string_view>

namespace falconer {

/// Nothing: it is neither. Source: Go, strconv.ParseBool.
std::optional<bool> parse_go_bool(std::string_view text) noexcept;

}  // namespace falconer
