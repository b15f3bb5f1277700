#include "cells.hpp"

#include "falconer/event.hpp"
#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <variant>

namespace falconer::sandbox {
namespace cells {
namespace {

std::vector<std::string> pairs(const value* map) {
    std::vector<std::string> all;
    if (map != nullptr)
        for (const auto& each : map->entries())
            all.push_back(
                each.key + "=" + (each.is.is_text() ? *each.is.text() : json_text(each.is))
            );
    std::ranges::sort(all);
    return all;
}

}  // namespace

std::string text(const value& object, path at) {
    return std::string(object.text_at(at));
}

std::int64_t number(const value& object, path at, std::int64_t otherwise) {
    const auto* const is = object.find_path(at);
    return is == nullptr ? otherwise : is->integer().value_or(otherwise);
}

std::string shown(const value* is, const char* otherwise) {
    if (is == nullptr || is->is_null()) return otherwise;
    return is->is_text() ? *is->text() : json_text(*is);
}

std::string lower(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

value name(const value& object) {
    return text(object, {"metadata", "name"});
}
value age(const value& object, utc_time now) {
    return age_of(object.text_at({"metadata", "creationTimestamp"}), now);
}

std::int64_t count(const value* list_or_map) {
    if (list_or_map == nullptr) return 0;
    return static_cast<std::int64_t>(list_or_map->items().size() + list_or_map->entries().size());
}

std::string joined(const std::vector<std::string>& parts, std::string_view with) {
    std::string all;
    for (const auto& each : parts) all.append(all.empty() ? "" : with).append(each);
    return all;
}

std::string labels(const value* map) {
    const auto all = joined(pairs(map), ",");
    return all.empty() ? none : all;
}

std::string selector(const value* is) {
    if (is == nullptr) return none;
    auto all = pairs(is->find("matchLabels"));
    if (const auto* const expressions = is->find("matchExpressions"))
        for (const auto& each : expressions->items()) {
            const auto               key = text(each, {"key"}), how = text(each, {"operator"});
            std::vector<std::string> values;
            if (const auto* const given = each.find("values"))
                for (const auto& one : given->items()) values.push_back(shown(&one, ""));
            std::ranges::sort(values);
            if (how == "Exists") all.push_back(key);
            if (how == "DoesNotExist") all.push_back("!" + key);
            if (how == "In") all.push_back(key + " in (" + joined(values, ",") + ")");
            if (how == "NotIn") all.push_back(key + " notin (" + joined(values, ",") + ")");
        }
    const auto whole = joined(all, ",");
    return whole.empty() ? none : whole;
}

std::string each_of(const value* list, std::string_view key) {
    std::vector<std::string> all;
    if (list != nullptr)
        for (const auto& one : list->items()) all.push_back(text(one, {key}));
    return joined(all, ",");
}

}  // namespace cells

std::string age_of(std::string_view time, utc_time now) {
    const auto at = parse_rfc3339(time);
    if (!std::holds_alternative<event_time>(at)) return time.empty() ? "<unknown>" : "<invalid>";
    const auto seconds = event_time_of(now).seconds - std::get<event_time>(at).seconds;
    if (seconds < -1) return "<invalid>";
    constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour, year = 365 * day;
    const auto in = [&](std::int64_t unit, const char* name, std::int64_t part, const char* rest) {
        auto made = std::to_string(seconds / unit) + name;
        if (part > 0 && seconds % unit / part > 0)
            made += std::to_string(seconds % unit / part) + rest;
        return made;
    };
    if (seconds < 0) return "0s";
    if (seconds < 2 * minute) return in(1, "s", 0, "");
    if (seconds < 10 * minute) return in(minute, "m", 1, "s");
    if (seconds < 3 * hour) return in(minute, "m", 0, "");
    if (seconds < 8 * hour) return in(hour, "h", minute, "m");
    if (seconds < 2 * day) return in(hour, "h", 0, "");
    if (seconds < 8 * day) return in(day, "d", hour, "h");
    if (seconds < 2 * year) return in(day, "d", 0, "");
    if (seconds < 8 * year) return in(year, "y", day, "d");
    return in(year, "y", 0, "");
}

}  // namespace falconer::sandbox
