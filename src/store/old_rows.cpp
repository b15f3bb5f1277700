#include "old_rows.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto grace = 5s;  // the server gives up first

struct aside_table {
    const char* name;
    const char* instant;  // its day is that of receipt
};
constexpr std::array<aside_table, 5> aside{
    {{"quarantine", "received"},
     {"tally", "minute"},
     {"raw", "received"},
     {"assessment_step", "received"},
     {"assessment", "received"}}
};

// {0}: table; {1}: instant; {2}: today; {3}: days. Periods are joined, not asked for row by row.
constexpr auto old_aside = R"(
FROM falconer.{0} a JOIN falconer.periods({3}) p ON p.cluster = a.cluster
WHERE a.{1} < ('{2}'::date - (SELECT least({3}, min(keep_days)) FROM falconer.retention))
              ::timestamp AT TIME ZONE 'UTC'
  AND a.{1} < ('{2}'::date - p.keep_days)::timestamp AT TIME ZONE 'UTC'
  AND NOT EXISTS (
    SELECT FROM falconer.legal_hold h
    WHERE (h.landscape IS NULL OR h.landscape = p.landscape)
      AND (h.project IS NULL OR h.project = p.project)
      AND (h.cluster IS NULL OR h.cluster = p.identity)
      AND (h.since IS NULL OR h.since <= (a.{1} AT TIME ZONE 'UTC')::date)
      AND (h.until IS NULL OR h.until >= (a.{1} AT TIME ZONE 'UTC')::date)))";

// Ids of batches are of use while a spool may send one again: for days, whatever events are kept.
constexpr auto old_batches =
    "SELECT ctid FROM falconer.applied_batch "
    "WHERE at < ('{}'::date - least({}, 7))::timestamp AT TIME ZONE 'UTC'";

// The day once more behind the choice: a text may be asked for while we wait for it. It is asked
// for once, not row by row.
constexpr auto old_texts = "used < (SELECT falconer.texts_needed_since({}))";

std::uint64_t number_of(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

/// A transaction that may take its time. Nested loops are a product of rows and clusters wherever
/// the planner takes a full table for an empty one.
task<result<pg_rows>> work(pg_connection& store, const retention_day& by, std::string sql) {
    auto script = fmt::format(
        "SET LOCAL statement_timeout = {}; SET LOCAL enable_nestloop = off; SET LOCAL "
        "falconer.retaining = 'on'; {}",
        by.how.work_limit.count(), sql
    );
    co_return co_await store.run_script(std::move(script), by.how.work_limit + grace);
}

/// Deletes what `where` says of a table until a transaction finds less than a chunk. Yields how
/// many rows went.
task<result<std::uint64_t>> in_chunks(
    pg_connection& store, const retention_day& by, std::string table, std::string where,
    std::string doing
) {
    const auto sql = fmt::format(
        "WITH gone AS (DELETE FROM falconer.{} WHERE {} RETURNING 1) SELECT count(*) FROM gone",
        table, where
    );
    for (std::uint64_t all = 0;;) {
        auto rows = co_await work(store, by, sql);
        if (!rows) co_return std::move(rows).error().while_doing(doing);
        const auto gone  = number_of(rows->at(0, 0));
        all             += gone;
        if (gone < by.how.chunk) co_return all;
    }
}

task<result<std::uint64_t>> clear_identities(pg_connection& store, const retention_day& by) {
    std::uint64_t all  = 0;
    std::string   last = "0";
    while (!last.empty()) {
        auto sql = fmt::format(
            "SELECT gone, last FROM falconer.forget_clusters('{}', {}, {})", by.today, by.how.chunk,
            last
        );
        auto rows = co_await work(store, by, std::move(sql));
        if (!rows) co_return std::move(rows).error().while_doing("clearing identities");
        all  += number_of(rows->at(0, 0));
        last  = rows->at(0, 1);
    }
    co_return all;
}

}  // namespace

std::string retention_day::policy() const {
    return fmt::format("'{}', {}", today, how.keep.count());
}

task<result<std::uint64_t>> clear_aside(pg_connection& store, const retention_day& by) {
    std::uint64_t all = 0;
    for (const auto& each : aside) {
        const auto old =
            fmt::format(old_aside, each.name, each.instant, by.today, by.how.keep.count());
        const auto doing = std::string("clearing ") + each.name;
        if (by.how.dry_run) {
            auto count = "SELECT count(*) " + old;
            auto rows  = co_await work(store, by, std::move(count));
            if (!rows) co_return std::move(rows).error().while_doing(doing);
            all += number_of(rows->at(0, 0));
            continue;
        }
        auto where =
            fmt::format("ctid = ANY (ARRAY(SELECT a.ctid {} LIMIT {}))", old, by.how.chunk);
        auto gone = co_await in_chunks(store, by, each.name, std::move(where), doing);
        if (!gone) co_return std::move(gone).error();
        all += *gone;
    }
    co_return all;
}

task<result<void>> clear_counts(pg_connection& store, const retention_day& by) {
    const auto old   = fmt::format(old_batches, by.today, by.how.keep.count());
    auto       where = fmt::format("ctid = ANY (ARRAY({} LIMIT {}))", old, by.how.chunk);
    auto       gone =
        co_await in_chunks(store, by, "applied_batch", std::move(where), "clearing batches");
    if (!gone) co_return std::move(gone).error();
    for (bool more = true; more;) {
        auto sql = fmt::format("SELECT falconer.trim_incidents({}, {})", by.policy(), by.how.chunk);
        auto rows = co_await work(store, by, std::move(sql));
        if (!rows) co_return std::move(rows).error().while_doing("clearing incidents");
        more = rows->at(0, 0) != "0";
    }
    for (;;) {
        auto sql = fmt::format(
            "SELECT falconer.trim_rollups('{}'::date - 1, {})", by.today, by.how.keep.count()
        );
        auto rows = co_await work(store, by, std::move(sql));
        if (!rows) co_return std::move(rows).error().while_doing("clearing roll-ups");
        if (rows->is_null(0, 0)) co_return result<void>{};
    }
}

task<result<words_removed>> clear_words(pg_connection& store, const retention_day& by) {
    const auto old   = fmt::format(old_texts, by.policy());
    auto       where = fmt::format(
        "{0} AND ctid = ANY (ARRAY(SELECT ctid FROM falconer.text WHERE {0} LIMIT {1}))", old,
        by.how.chunk
    );
    auto texts = co_await in_chunks(store, by, "text", std::move(where), "clearing texts");
    if (!texts) co_return std::move(texts).error();
    auto clusters = co_await clear_identities(store, by);
    if (!clusters) co_return std::move(clusters).error();
    co_return words_removed{.texts = *texts, .clusters = *clusters};
}

}  // namespace falconer::store
