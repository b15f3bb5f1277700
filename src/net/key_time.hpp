// When a key came to be, as the Go ingestor's keys file says it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace falconer::net {

using key_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Every form that the Go ingestor takes for a time: RFC 3339, also with short fields, a space
/// instead of the T and no zone, or a day alone. Nothing: it is none. Years that nanoseconds of 64
/// bits do not reach are the first or the last that they do.
/// Source: gopkg.in/yaml.v3, resolve.go (allowedTimestampFormats); Go's time.Parse.
std::optional<key_time> parse_key_time(std::string_view text) noexcept;

}  // namespace falconer::net
