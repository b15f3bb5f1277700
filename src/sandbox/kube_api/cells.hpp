// What the cells of tables are made of, in the words of kubectl.
#pragma once

#include "falconer/time_source.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

/// "5m10s" of a time as metadata has it. Source: apimachinery, util/duration, HumanDuration.
std::string age_of(std::string_view time, utc_time now);

namespace cells {

using path = std::initializer_list<std::string_view>;

inline constexpr const char* none = "<none>";

std::string  text(const value& object, path at);
std::int64_t number(const value& object, path at, std::int64_t otherwise = 0);
/// As `%v` would write it: a port or a percentage. Of null: `otherwise`.
std::string  shown(const value* is, const char* otherwise);
std::string  lower(std::string text);
value        name(const value& object);
value        age(const value& object, utc_time now);
std::int64_t count(const value* list_or_map);  // of null: 0
std::string  joined(const std::vector<std::string>& parts, std::string_view with);
std::string  labels(const value* map);
/// Source: apimachinery, meta/v1, FormatLabelSelector.
std::string selector(const value* is);
/// What `key` holds in each of a list.
std::string each_of(const value* list, std::string_view key);

}  // namespace cells
}  // namespace falconer::sandbox
