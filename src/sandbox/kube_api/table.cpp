#include "table.hpp"

#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace falconer::sandbox {
namespace {

/// As kubectl writes ages. Source: k8s.io/apimachinery, util/duration/duration.go.
std::string age_of(std::string_view text, utc_time now) {
    const auto at = parse_rfc3339(text);
    if (!std::holds_alternative<event_time>(at)) return text.empty() ? "" : "<invalid>";
    const auto seconds =
        std::max<std::int64_t>(0, event_time_of(now).seconds - std::get<event_time>(at).seconds);
    constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
    if (seconds < 2 * minute) return std::to_string(seconds) + "s";
    if (seconds < 3 * hour) return std::to_string(seconds / minute) + "m";
    if (seconds < 2 * day) return std::to_string(seconds / hour) + "h";
    return std::to_string(seconds / day) + "d";
}

/// The item of a list for which [?(@.key=="is")] holds.
const value* chosen(const value& list, std::string_view filter) {
    const auto equals = filter.find("==");
    if (!filter.starts_with("?(@.") || equals == std::string_view::npos) return nullptr;
    const auto key = filter.substr(4, equals - 4);
    auto       is  = filter.substr(equals + 2);
    while (!is.empty() && (is.back() == ')' || is.back() == '"' || is.back() == '\''))
        is.remove_suffix(1);
    while (!is.empty() && (is.front() == '"' || is.front() == '\'')) is.remove_prefix(1);
    for (const auto& each : list.items())
        if (each.text_at({key}) == is) return &each;
    return nullptr;
}

std::string cell_text(const value& is) {
    if (is.text() != nullptr) return *is.text();
    if (is.is_null()) return {};
    return json_text(is);
}

value cell_of(const value& object, const api_column& column, utc_time now) {
    auto text = text_at_path(object, column.path);
    if (column.type == "date") return age_of(text, now);
    if (column.type == "integer") return text.empty() ? value("0") : value(std::move(text));
    return value(std::move(text));
}

}  // namespace

std::string text_at_path(const value& object, std::string_view path) {
    const auto* at = &object;
    while (!path.empty() && at != nullptr) {
        if (path.front() == '.') {
            path.remove_prefix(1);
        } else if (path.front() == '[') {
            const auto end = std::min(path.find(']'), path.size());
            at             = chosen(*at, path.substr(1, end - 1));
            path.remove_prefix(std::min(end + 1, path.size()));
        } else {
            std::string key;
            while (!path.empty() && path.front() != '.' && path.front() != '[') {
                if (path.front() == '\\' && path.size() > 1) path.remove_prefix(1);
                key += path.front();
                path.remove_prefix(1);
            }
            at = at->find(key);
        }
    }
    return at == nullptr ? std::string{} : cell_text(*at);
}

value as_table(
    const api_type& type, const std::vector<const value*>& objects, utc_time now, bool whole
) {
    auto columns = value::list();
    columns.push_back(
        {{"name", "Name"},
         {"type", "string"},
         {"format", "name"},
         {"priority", 0},
         {"description", ""}}
    );
    for (const auto& each : type.columns)
        columns.push_back(
            {{"name", each.name},
             {"type", "string"},
             {"format", ""},
             {"priority", each.priority},
             {"description", ""}}
        );
    auto rows = value::list();
    for (const auto* each : objects) {
        auto cells = value::list();
        cells.push_back(each->text_at({"metadata", "name"}));
        for (const auto& column : type.columns) cells.push_back(cell_of(*each, column, now));
        value shown = *each;
        if (!whole) {
            shown = {{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}};
            if (const auto* metadata = each->find("metadata")) shown["metadata"] = *metadata;
        }
        rows.push_back({{"cells", std::move(cells)}, {"object", std::move(shown)}});
    }
    return {
        {"kind", "Table"},
        {"apiVersion", "meta.k8s.io/v1"},
        {"metadata", value::map()},
        {"columnDefinitions", std::move(columns)},
        {"rows", std::move(rows)}
    };
}

}  // namespace falconer::sandbox
