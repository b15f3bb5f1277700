#include "table.hpp"

#include "built_in_tables.hpp"
#include "cells.hpp"

#include <algorithm>
#include <string_view>

namespace falconer::sandbox {
namespace {

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

/// Null: there is no such place.
const value* found_at(const value& object, std::string_view path) {
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
    return at;
}

/// Of a custom type; null where the value is missing, or of another type. Source:
/// apiextensions-apiserver, pkg/registry/customresource/tableconvertor.
value cell_of(const value& object, const api_column& column, utc_time now) {
    const auto* const is = found_at(object, column.path);
    if (is == nullptr || is->is_null()) return {};
    if (column.type == "string") return cell_text(*is);
    if (column.type == "integer" && is->integer()) return *is->integer();
    if (column.type == "number" && is->numeral_text() != nullptr) return *is;
    if (column.type == "boolean" && is->boolean()) return *is->boolean();
    if (column.type == "date" && is->is_text()) return age_of(*is->text(), now);
    return {};
}

value definition_of(const api_column& column) {
    return {
        {"name", column.name},         {"type", column.type}, {"format", column.format},
        {"priority", column.priority}, {"description", ""},
    };
}

}  // namespace

std::string text_at_path(const value& object, std::string_view path) {
    const auto* const at = found_at(object, path);
    return at == nullptr ? std::string{} : cell_text(*at);
}

value as_table(
    const api_type& type, const std::vector<const value*>& objects, utc_time now, bool whole
) {
    const auto* const known   = type.built_in ? table_of(type.type) : nullptr;
    auto              columns = value::list();
    if (known == nullptr) columns.push_back(definition_of({.name = "Name", .format = "name"}));
    for (const auto& each : known != nullptr ? known->columns : type.columns)
        columns.push_back(definition_of(each));
    auto rows = value::list();
    for (const auto* each : objects) {
        auto cells = value::list();
        if (known == nullptr) cells.push_back(each->text_at({"metadata", "name"}));
        if (known != nullptr) cells = known->cells(*each, now);
        if (known == nullptr)
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
