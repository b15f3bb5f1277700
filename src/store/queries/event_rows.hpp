// Events as rows of a question: its columns, and what they become.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "pg_result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace falconer::store {

/// Of `e`, a row of falconer.event; needs event_joins. `output`: how that column is asked for.
std::string                       event_columns(std::string_view output = "e.output");
inline constexpr std::string_view event_joins =
    " JOIN falconer.cluster c ON c.id = e.cluster JOIN falconer.text r ON r.id = e.rule"
    " LEFT JOIN falconer.text s ON s.id = e.source LEFT JOIN falconer.text h ON h.id = e.hostname"
    " LEFT JOIN falconer.text t ON t.id = e.tags";

/// `rows` (a SELECT of events e) as `(…) e`, with what is_within() needs and `e.looked`: how many
/// there are. An event may have a megabyte: who takes a number of them must not have to take as
/// many.
std::string events_counted(const std::string& rows, std::string_view order);
/// The condition for those that have room in so many bytes; the first one always has.
std::string is_within(const std::string& bytes);
/// Of rows with event_columns() and, last of all, "e.looked".
std::uint64_t looked_at(const pg_rows& rows);

found_event event_of(const pg_rows& rows, int row);
/// Of its texts, in bytes.
std::size_t size_of(const found_event& what);

std::int64_t               number_of(std::string_view text);
utc_time                   micros_of(std::string_view text);
std::optional<std::string> maybe(const pg_rows& rows, int row, int column);

/// Columns of a cluster `c`, and what they become, from `column` on.
inline constexpr std::string_view cluster_columns =
    "c.identity, c.landscape, c.project, c.name, (extract(epoch FROM c.first_seen) * "
    "1000000)::int8";
cluster_name cluster_of(const pg_rows& rows, int row, int column);

}  // namespace falconer::store
