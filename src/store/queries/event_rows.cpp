#include "event_rows.hpp"

#include <charconv>

namespace falconer::store {

std::string event_columns(std::string_view output) {
    return "e.id, (extract(epoch FROM e.received) * 1000000)::int8, "
           "(extract(epoch FROM e.time) * 1000000)::int8, e.time_nanos, e.priority, e.flags, "
           "encode(substr(c.digest, 1, 8), 'hex'), r.value, coalesce(s.value, e.long_source), "
           "h.value, coalesce(t.value, e.long_tags), " +
           std::string(output) + ", e.output_fields::text, e.extra::text, " +
           std::string(cluster_columns);
}

std::string events_counted(const std::string& rows, std::string_view order) {
    return "(SELECT e.*, count(*) OVER () AS looked, sum(octet_length(e.output_fields::text) + "
           "coalesce(octet_length(e.extra::text), 0) + coalesce(octet_length(e.output), 0) + "
           "coalesce(octet_length(e.long_tags), 0)) OVER (ORDER BY " +
           std::string(order) +
           " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ahead FROM (" + rows +
           ") e OFFSET 0) e";
}

std::string is_within(const std::string& bytes) {
    return "coalesce(e.ahead, 0) < " + bytes + "::int8";
}

std::uint64_t looked_at(const pg_rows& rows) {
    if (rows.size() == 0) return 0;
    return static_cast<std::uint64_t>(number_of(rows.at(0, rows.columns() - 1)));
}

std::size_t size_of(const found_event& what) {
    return what.output_fields.size() + what.extra.size() + what.tags.size() +
           (what.output ? what.output->size() : 0);
}

std::int64_t number_of(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

utc_time micros_of(std::string_view text) {
    return utc_time{std::chrono::microseconds{number_of(text)}};
}

std::optional<std::string> maybe(const pg_rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return std::string(rows.at(row, column));
}

cluster_name cluster_of(const pg_rows& rows, int row, int column) {
    cluster_name name;
    name.identity  = rows.at(row, column);
    name.landscape = maybe(rows, row, column + 1);
    name.project   = maybe(rows, row, column + 2);
    name.name      = maybe(rows, row, column + 3);
    if (!rows.is_null(row, column + 4)) name.first_seen = micros_of(rows.at(row, column + 4));
    return name;
}

found_event event_of(const pg_rows& rows, int row) {
    found_event  it;
    std::int64_t micros = number_of(rows.at(row, 2));
    it.at.id            = uuid::parse(rows.at(row, 0)).value_or(uuid{});
    it.at.received      = micros_of(rows.at(row, 1));
    it.at.cluster       = rows.at(row, 6);
    it.time             = {
        micros / 1'000'000,
        static_cast<std::uint32_t>(micros % 1'000'000 * 1000 + number_of(rows.at(row, 3)))
    };
    it.level         = static_cast<priority>(number_of(rows.at(row, 4)));
    it.flags         = static_cast<std::uint16_t>(number_of(rows.at(row, 5)));
    it.rule          = rows.at(row, 7);
    it.source        = maybe(rows, row, 8);
    it.hostname      = maybe(rows, row, 9);
    it.tags          = rows.at(row, 10);
    it.output        = maybe(rows, row, 11);
    it.output_fields = rows.at(row, 12);
    it.extra         = rows.at(row, 13);
    it.cluster       = cluster_of(rows, row, 14);
    return it;
}

}  // namespace falconer::store
