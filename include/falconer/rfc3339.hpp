// Times as events carry them: RFC 3339 with up to nine digits behind the point.
#pragma once

#include "falconer/event.hpp"

#include <optional>
#include <string_view>
#include <variant>

namespace falconer {

/// The instant, or what is wrong with the text. T and Z in any case, any offset up to 23:59 either
/// way; the instant lies in the years 1970 to 9999 of UTC. A leap second (23:59:60 UTC at a month's
/// end) is read as the second that follows it, as PostgreSQL does.
/// Source: RFC 3339 §5.6 and §5.7.
std::variant<event_time, const char*> parse_rfc3339(std::string_view text) noexcept;

}  // namespace falconer
