// Typing errors: what somebody probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace falconer {

/// "; did you mean 'listen'?", or nothing when no name is near.
std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> names);

/// For a terminal and a log: control characters as \xNN, cut behind 500 bytes.
std::string in_one_line(std::string_view text);

}  // namespace falconer
