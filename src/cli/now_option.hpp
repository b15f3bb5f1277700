// --now: the time a command takes for the present, so that its answer can be had again.
#pragma once

#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <string>

namespace falconer::cli {

/// Of an empty text the system's clock: the one clock of a program that ends at once. Errors:
/// malformed, no RFC 3339 or beyond the year 2255.
result<utc_time> read_now(const std::string& option);

}  // namespace falconer::cli
