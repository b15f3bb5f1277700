#include "retention.hpp"

#include "falconer/event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr auto pause    = 1s;  // let through what queued behind us, and more
constexpr auto grace    = 5s;  // the server gives up first

// Ours, beside the one of the migrations. Taken again by a session that has it already.
constexpr auto lock   = "SELECT pg_try_advisory_lock(7205759403792795)";
constexpr auto unlock = "SELECT pg_advisory_unlock(7205759403792795)";

constexpr auto candidates = R"(
SELECT to_date(substr(c.relname, 7), 'YYYYMMDD') AS day
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'falconer.event'::regclass AND c.relname ~ '^event_\d{8}$'
  AND to_date(substr(c.relname, 7), 'YYYYMMDD')
      < $1::date - (SELECT least($2::int, min(keep_days)) FROM falconer.retention)
ORDER BY 1)";

// What is not an event has no partitions: chunk by chunk. The day is that of receipt.
constexpr auto old_aside = R"(
FROM falconer.{0} a JOIN falconer.cluster c ON c.id = a.cluster
WHERE a.{1} < ($1::date - (SELECT least($2::int, min(keep_days)) FROM falconer.retention))
              ::timestamp AT TIME ZONE 'UTC'
  AND a.{1} < ($1::date - falconer.period_of(c.landscape, c.project, $2::int))
              ::timestamp AT TIME ZONE 'UTC'
  AND NOT falconer.on_hold(c.landscape, c.project, c.identity, (a.{1} AT TIME ZONE 'UTC')::date))";

// Ids of batches are of use while a spool may send one again: for days, whatever events are kept.
constexpr auto delete_batches = R"(
DELETE FROM falconer.applied_batch WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM falconer.applied_batch
    WHERE at < ($1::date - least($2::int, 7))::timestamp AT TIME ZONE 'UTC' LIMIT {})))";

// The day once more behind the choice: a text may be asked for while we wait for it.
constexpr auto delete_texts = R"(
DELETE FROM falconer.text WHERE used < falconer.texts_needed_since($1::date, $2::int)
AND ctid = ANY (ARRAY(
    SELECT ctid FROM falconer.text
    WHERE used < falconer.texts_needed_since($1::date, $2::int) LIMIT {})))";

std::uint64_t number_of(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

/// One run over a store, with what each step needs to know.
class retention_run {
public:
    retention_run(pg_connection& store, time_source& time, std::string today, retention_options opt)
        : store_(store), time_(time), today_(std::move(today)), opt_(opt) {}

    task<result<retention_report>> all();

private:
    task<result<void>>          day(std::string day);
    task<result<void>>          drop(std::string day, bool& gone);
    task<result<void>>          rewrite(std::string day, std::string go, std::string hold);
    task<result<bool>>          exclusively(std::string call, std::string doing);
    task<result<std::uint64_t>> count(std::string day, std::string which);
    task<result<void>>          aside(std::string table, std::string instant);
    task<result<void>>          old_rollups();
    task<result<std::uint64_t>> in_chunks(std::string sql, std::string doing);
    task<result<pg_rows>>       work(std::string sql);

    std::string policy() const { return fmt::format("'{}', {}", today_, opt_.keep.count()); }
    pg_connection::params policy_values() const {
        return {today_, std::to_string(opt_.keep.count())};
    }
    static std::string part_of(std::string day) {
        std::erase(day, '-');
        return "falconer.event_" + day;
    }

    pg_connection&    store_;
    time_source&      time_;
    std::string       today_;
    retention_options opt_;
    retention_report  report_{};
};

/// A statement that may take its time.
task<result<pg_rows>> retention_run::work(std::string sql) {
    auto script = fmt::format("SET LOCAL statement_timeout = {}; {}", opt_.work_limit.count(), sql);
    co_return co_await store_.run_script(std::move(script), opt_.work_limit + grace);
}

task<result<std::uint64_t>> retention_run::count(std::string day, std::string which) {
    auto rows = co_await work("SELECT count(*) FROM " + part_of(day) + " e WHERE " + which);
    if (!rows) co_return std::move(rows).error().while_doing("counting " + day);
    co_return number_of(rows->at(0, 0));
}

/// Calls a function that locks, until others let it: neither do we wait long for them, nor they for
/// us.
task<result<bool>> retention_run::exclusively(std::string call, std::string doing) {
    const auto script = fmt::format(
        "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}; SELECT falconer.{}",
        opt_.lock_limit.count(), (opt_.lock_limit + opt_.hold_limit).count(), call
    );
    for (int left = opt_.tries;; --left) {
        auto done = co_await store_.run_script(script, patience);
        if (done) co_return done->at(0, 0) != "f";
        const auto& state = store_.last_refusal();
        const bool  busy  = state == "55P03" || state == "57014" || state == "40P01";
        if (!busy || left <= 1) co_return std::move(done).error().while_doing(doing);
        const auto clock = time_.make_bell();
        co_await clock->wait_until(time_.now() + pause);
    }
}

task<result<void>> retention_run::drop(std::string day, bool& gone) {
    auto rows = co_await count(day, "true");
    if (!rows) co_return std::move(rows).error();
    if (!opt_.dry_run) {
        auto call = fmt::format("drop_day('{}', {})", day, policy());
        auto done = co_await exclusively(std::move(call), "dropping " + day);
        if (!done) co_return std::move(done).error();
        gone = *done;
        if (!gone) co_return result<void>{};
    }
    ++report_.days_dropped;
    report_.rows_removed += *rows;
    co_return result<void>{};
}

/// The copy runs in a transaction of its own, between two short ones that lock: whoever inserts
/// into the day meanwhile does so twice, by the trigger.
task<result<void>> retention_run::rewrite(std::string day, std::string go, std::string hold) {
    const auto gone = "e.cluster = ANY ('" + go + "'::int4[])";
    const auto part = part_of(day);
    auto       rows = co_await count(day, gone);
    if (!rows) co_return std::move(rows).error();
    auto kept = co_await count(day, "NOT " + gone);
    if (!kept) co_return std::move(kept).error();
    auto held = co_await count(day, "e.cluster = ANY ('" + hold + "'::int4[])");
    if (!held) co_return std::move(held).error();

    if (!opt_.dry_run) {
        const auto doing = "rewriting " + day;
        auto       begun = co_await exclusively("begin_rewrite('" + day + "')", doing);
        if (!begun) co_return std::move(begun).error();
        auto copied = co_await work(
            "INSERT INTO " + part + "_kept SELECT e.* FROM " + part + " e WHERE NOT " + gone +
            " ON CONFLICT DO NOTHING; ANALYZE " + part + "_kept"
        );
        if (!copied) co_return std::move(copied).error().while_doing(doing);
        auto call    = fmt::format("swap_day('{}', {}, '{}')", day, policy(), go);
        auto swapped = co_await exclusively(std::move(call), doing);
        if (!swapped) co_return std::move(swapped).error();
        if (!*swapped) {  // a hold came between; the next run takes it into account
            auto ended = co_await exclusively("end_rewrite('" + day + "')", doing);
            if (!ended) co_return std::move(ended).error();
            co_return result<void>{};
        }
    }
    ++report_.days_rewritten;
    report_.rows_removed += *rows;
    report_.rows_kept    += *kept;
    report_.rows_on_hold += *held;
    co_return result<void>{};
}

task<result<void>> retention_run::day(std::string day) {
    auto rows = co_await work(
        fmt::format("SELECT go, stay, hold FROM falconer.survey_day('{}', {})", day, policy())
    );
    if (!rows) co_return std::move(rows).error().while_doing("looking at " + day);
    const std::string go(rows->at(0, 0)), hold(rows->at(0, 2));
    const bool        stay = rows->at(0, 1) == "t";
    if (hold != "{}") ++report_.days_on_hold;
    if (stay && go == "{}") co_return result<void>{};
    if (stay) co_return co_await rewrite(std::move(day), go, hold);
    bool gone = false;  // else a record that must stay came between: next time
    co_return co_await drop(std::move(day), gone);
}

/// A transaction per chunk. Yields how many rows went.
task<result<std::uint64_t>> retention_run::in_chunks(std::string sql, std::string doing) {
    for (std::uint64_t all = 0;;) {
        auto gone = co_await store_.query(sql, policy_values(), patience);
        if (!gone) co_return std::move(gone).error().while_doing(doing);
        all += gone->affected();
        if (gone->affected() < opt_.chunk) co_return all;
    }
}

task<result<void>> retention_run::aside(std::string table, std::string instant) {
    const auto old   = fmt::format(old_aside, table, instant);
    const auto doing = "clearing " + table;
    if (opt_.dry_run) {
        auto rows = co_await store_.query("SELECT count(*) " + old, policy_values(), patience);
        if (!rows) co_return std::move(rows).error().while_doing(doing);
        report_.aside_removed += number_of(rows->at(0, 0));
        co_return result<void>{};
    }
    auto gone = co_await in_chunks(
        fmt::format(
            "DELETE FROM falconer.{} WHERE ctid = ANY (ARRAY(SELECT a.ctid {} LIMIT {}))", table,
            old, opt_.chunk
        ),
        doing
    );
    if (!gone) co_return std::move(gone).error();
    report_.aside_removed += *gone;
    co_return result<void>{};
}

/// A day after the events, so that nobody finds more of them than he is told.
task<result<void>> retention_run::old_rollups() {
    for (;;) {
        auto gone = co_await work(fmt::format(
            "SELECT falconer.trim_rollups('{}'::date - 1, {})", today_, opt_.keep.count()
        ));
        if (!gone) co_return std::move(gone).error().while_doing("clearing roll-ups");
        if (gone->is_null(0, 0)) co_return result<void>{};
    }
}

task<result<retention_report>> retention_run::all() {
    auto days = co_await store_.query(candidates, policy_values(), patience);
    if (!days) co_return std::move(days).error().while_doing("looking for old days");
    result<void> busy;
    for (int row = 0; row < days->size(); ++row) {
        auto done = co_await day(std::string(days->at(row, 0)));
        if (done) continue;
        if (!store_.usable() || !worth_retrying(done.error())) co_return std::move(done).error();
        if (busy) busy = std::move(done);  // the others need not wait for this one
    }
    auto bodies = co_await aside("quarantine", "received");
    if (!bodies) co_return std::move(bodies).error();
    auto tallies = co_await aside("tally", "minute");
    if (!tallies) co_return std::move(tallies).error();
    auto exact = co_await aside("raw", "received");
    if (!exact) co_return std::move(exact).error();
    if (!busy) co_return std::move(busy).error();
    if (opt_.dry_run) co_return report_;
    auto gone = co_await in_chunks(fmt::format(delete_batches, opt_.chunk), "clearing batches");
    if (!gone) co_return std::move(gone).error();
    auto counts = co_await old_rollups();
    if (!counts) co_return std::move(counts).error();
    auto texts = co_await in_chunks(fmt::format(delete_texts, opt_.chunk), "clearing texts");
    if (!texts) co_return std::move(texts).error();
    report_.texts_removed = *texts;
    co_return report_;
}

/// A clock years ahead would find everything old.
task<result<void>> clocks_agree(pg_connection& store, utc_time now, std::chrono::minutes apart) {
    auto rows =
        co_await store.query("SELECT extract(epoch FROM clock_timestamp())::int8", {}, patience);
    if (!rows) co_return std::move(rows).error();
    const utc_time theirs{std::chrono::seconds{number_of(rows->at(0, 0))}};
    if (std::chrono::abs(now - theirs) <= apart) co_return result<void>{};
    co_return failure{
        errc::broken,
        fmt::format(
            "nothing is removed: our clock says {}, the store's {}; set the one that is wrong",
            text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(now))),
            text_of(event_time_of(theirs))
        )
    };
}

}  // namespace

task<result<retention_report>> retain(
    pg_connection& store, time_source& time, utc_time now, retention_options opt
) {
    auto agreed = co_await clocks_agree(store, now, opt.clocks_apart);
    if (!agreed) co_return std::move(agreed).error();
    auto held = co_await store.query(lock, {}, patience);
    if (!held) co_return std::move(held).error();
    if (held->at(0, 0) != "t") co_return failure{errc::conflict, "another one is retaining"};
    retention_run run(store, time, text_of(event_time_of(now)).substr(0, 10), opt);
    auto          report = co_await run.all();
    if (store.usable()) static_cast<void>(co_await store.query(unlock, {}, patience));
    co_return report;
}

}  // namespace falconer::store
