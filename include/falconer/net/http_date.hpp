// Dates as HTTP writes them.
#pragma once

#include "falconer/time_source.hpp"

#include <optional>
#include <string_view>

namespace falconer::net {

/// "Sun, 06 Nov 1994 08:49:37 GMT". Source: RFC 9110 §5.6.7, IMF-fixdate; the only form that is
/// still written. Nothing: it is no such text.
std::optional<utc_time> read_http_date(std::string_view text);

}  // namespace falconer::net
