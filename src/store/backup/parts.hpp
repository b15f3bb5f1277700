// What a backup has beside events: which rows, and how they come back. Data.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace falconer::store {

/// A table, or what of it is worth keeping. What it refers to is spelled out: numbers of clusters
/// and texts differ from store to store.
struct backup_part {
    const char* name;
    const char* rows;     // SELECT …
    const char* columns;  // of a table that takes these rows
    /// From the table `incoming`. Null: falconer.cluster's, see restore.cpp.
    const char* comes_back;
    bool        decisions;  // what people have decided: only into a store that has none of it
    /// Where its rows belong to a day's events: their receipt and cluster, in `rows`. Else null.
    const char* received = nullptr;
    const char* cluster  = nullptr;
    bool        rules    = false;  // a column `rule` has rules by name
};
std::span<const backup_part> backup_parts();

/// The part of this name; a manifest that is of several has "name@which". Null: there is none.
const backup_part* find_part(std::string_view name);

/// The rows of a part that belong to these; `clusters` as below.
std::string rows_of_day(
    const backup_part& part, const std::string& day, const std::string& clusters
);

/// The part that says to which landscape and project a cluster belongs.
inline constexpr auto clusters_part = "clusters";

/// Events of a day, as backup_part has rows. "2026-11-30". `clusters`: of these only; an array of
/// int4 as PostgreSQL writes it. Empty: of all.
std::string rows_of_day(const std::string& day, const std::string& clusters);
/// The rows of clusters_part that such a day needs.
std::string              clusters_of_day(const std::string& day, const std::string& clusters);
extern const char* const columns_of_day;

}  // namespace falconer::store
