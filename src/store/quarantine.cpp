#include "quarantine.hpp"

#include "falconer/event.hpp"
#include "pg_bytes.hpp"

#include <charconv>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view columns =
    "q.id, (extract(epoch FROM q.received) * 1000000)::int8, c.identity, q.about, q.reason, "
    "octet_length(q.body), (extract(epoch FROM q.replayed) * 1000000)::int8";
constexpr std::string_view tables =
    " FROM falconer.quarantine q JOIN falconer.cluster c ON c.id = q.cluster";

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

kept_body row_of(const pg_rows& rows, int row) {
    kept_body body;
    body.id       = number(rows.at(row, 0));
    body.received = utc_time{std::chrono::microseconds{number(rows.at(row, 1))}};
    body.cluster  = rows.at(row, 2);
    body.about    = rows.at(row, 3);
    body.reason   = rows.at(row, 4);
    body.size     = static_cast<std::uint64_t>(number(rows.at(row, 5)));
    if (!rows.is_null(row, 6))
        body.replayed = utc_time{std::chrono::microseconds{number(rows.at(row, 6))}};
    return body;
}

}  // namespace

task<result<std::vector<kept_body>>> list_quarantine(
    pg_connection& store, quarantine_filter which
) {
    std::string sql = "SELECT " + std::string(columns) + std::string(tables) +
                      " WHERE ($1 = '' OR c.identity = $1)"
                      " AND ($2 = '' OR q.received >= $2::timestamptz) AND q.id > $3::int8";
    if (!which.replayed_too) sql += " AND q.replayed IS NULL";
    sql += which.newest_first ? " ORDER BY q.id DESC" : " ORDER BY q.id";
    sql += " LIMIT $4::int4";
    pg_connection::params values{
        which.cluster, which.since ? text_of(event_time_of(*which.since)) : "",
        std::to_string(which.after), std::to_string(which.limit)
    };
    auto rows = co_await store.query(std::move(sql), std::move(values), 60s);
    if (!rows) co_return std::move(rows).error().while_doing("listing the quarantine");
    std::vector<kept_body> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(row_of(*rows, row));
    co_return all;
}

task<result<kept_body>> read_quarantined(pg_connection& store, std::int64_t id) {
    std::string sql = "SELECT " + std::string(columns) + ", encode(q.body, 'hex')" +
                      std::string(tables) + " WHERE q.id = $1::int8";
    pg_connection::params values{std::to_string(id)};
    auto                  rows = co_await store.query(std::move(sql), std::move(values), 60s);
    if (!rows) co_return std::move(rows).error().while_doing("reading the quarantine");
    if (rows->size() == 0)
        co_return failure{errc::not_found, "there is no quarantined body " + std::to_string(id)};
    auto body = row_of(*rows, 0);
    body.body = from_hex(rows->at(0, 7));
    co_return body;
}

task<result<void>> mark_replayed(pg_connection& store, std::int64_t id) {
    pg_connection::params values{std::to_string(id)};
    auto                  done = co_await store.query(
        "UPDATE falconer.quarantine SET replayed = now() WHERE id = $1::int8", std::move(values),
        10s
    );
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

}  // namespace falconer::store
