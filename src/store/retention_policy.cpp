#include "retention_policy.hpp"

#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

// Text that sorts and that every tool reads, whatever the session's time zone.
constexpr auto hold_columns =
    "id, landscape, project, cluster, since, until, reason, placed_by, "
    "to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";

int number_of(std::string_view text) {
    int n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

std::string text_in(const pg_rows& rows, int row, int column) {
    return std::string(rows.at(row, column));
}

legal_hold hold_in(const pg_rows& rows, int row) {
    return {
        .id        = number_of(rows.at(row, 0)),
        .landscape = text_in(rows, row, 1),
        .project   = text_in(rows, row, 2),
        .cluster   = text_in(rows, row, 3),
        .since     = text_in(rows, row, 4),
        .until     = text_in(rows, row, 5),
        .reason    = text_in(rows, row, 6),
        .placed_by = text_in(rows, row, 7),
        .placed_at = text_in(rows, row, 8),
    };
}

}  // namespace

task<result<void>> decide_as(pg_connection& store, std::string who, std::string reason) {
    pg_connection::params values{std::move(who), std::move(reason)};
    auto                  done = co_await store.query(
        "SELECT set_config('falconer.who', $1, false), set_config('falconer.reason', $2, false)",
        std::move(values), patience
    );
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

task<result<void>> set_period(pg_connection& store, retention_period period) {
    pg_connection::params values{
        std::move(period.landscape), std::move(period.project), std::to_string(period.days.count())
    };
    auto done = co_await store.query(
        "INSERT INTO falconer.retention VALUES ($1, $2, $3::int) "
        "ON CONFLICT (landscape, project) DO UPDATE SET keep_days = excluded.keep_days",
        std::move(values), patience
    );
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

task<result<void>> remove_period(pg_connection& store, std::string landscape, std::string project) {
    pg_connection::params values{std::move(landscape), std::move(project)};
    auto                  done = co_await store.query(
        "DELETE FROM falconer.retention WHERE landscape = $1 AND project = $2", std::move(values),
        patience
    );
    if (!done) co_return std::move(done).error();
    if (done->affected() == 0) co_return failure{errc::not_found, "there is no such period"};
    co_return result<void>{};
}

task<result<std::vector<retention_period>>> list_periods(pg_connection& store) {
    auto rows = co_await store.query(
        "SELECT landscape, project, keep_days FROM falconer.retention ORDER BY 1, 2", {}, patience
    );
    if (!rows) co_return std::move(rows).error();
    std::vector<retention_period> all;
    for (int row = 0; row < rows->size(); ++row)
        all.push_back(
            {text_in(*rows, row, 0), text_in(*rows, row, 1),
             std::chrono::days{number_of(rows->at(row, 2))}}
        );
    co_return all;
}

task<result<std::int32_t>> place_hold(pg_connection& store, legal_hold hold) {
    if (!hold.since.empty() && !hold.until.empty() && hold.until < hold.since)
        co_return failure{errc::malformed, "a hold's last day lies before its first"};
    pg_connection::params values{hold.landscape, hold.project, hold.cluster,  hold.since,
                                 hold.until,     hold.reason,  hold.placed_by};
    auto                  rows = co_await store.query(
        "INSERT INTO falconer.legal_hold "
                         "(landscape, project, cluster, since, until, reason, placed_by) VALUES "
                         "(nullif($1, ''), nullif($2, ''), nullif($3, ''), nullif($4, '')::date, "
                         "nullif($5, '')::date, $6, $7) RETURNING id",
        std::move(values), patience
    );
    if (!rows) co_return std::move(rows).error();
    co_return number_of(rows->at(0, 0));
}

task<result<legal_hold>> lift_hold(pg_connection& store, std::int32_t id) {
    pg_connection::params which{std::to_string(id)};
    auto                  rows = co_await store.query(
        std::string("DELETE FROM falconer.legal_hold WHERE id = $1::int RETURNING ") + hold_columns,
        std::move(which), patience
    );
    if (!rows) co_return std::move(rows).error();
    if (rows->size() == 0)
        co_return failure{errc::not_found, "there is no hold " + std::to_string(id)};
    co_return hold_in(*rows, 0);
}

task<result<std::vector<legal_hold>>> list_holds(pg_connection& store) {
    auto rows = co_await store.query(
        std::string("SELECT ") + hold_columns + " FROM falconer.legal_hold ORDER BY id", {},
        patience
    );
    if (!rows) co_return std::move(rows).error();
    std::vector<legal_hold> all;
    for (int row = 0; row < rows->size(); ++row) all.push_back(hold_in(*rows, row));
    co_return all;
}

task<result<std::vector<audit_entry>>> read_audit(pg_connection& store, int most) {
    pg_connection::params limit{std::to_string(most)};
    auto                  rows = co_await store.query(
        "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), who, login, "
                         "what, "
                         "done, before, after, reason FROM falconer.audit ORDER BY id DESC LIMIT $1::int",
        std::move(limit), patience
    );
    if (!rows) co_return std::move(rows).error();
    std::vector<audit_entry> all;
    for (int row = 0; row < rows->size(); ++row) {
        const auto text = [&](int column) { return text_in(*rows, row, column); };
        all.push_back({text(0), text(1), text(2), text(3), text(4), text(5), text(6), text(7)});
    }
    co_return all;
}

}  // namespace falconer::store
