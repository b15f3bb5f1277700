#include "retention.hpp"

#include "falconer/event.hpp"
#include "old_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr auto pause    = 1s;  // let through what queued behind us, and more
constexpr auto grace    = 5s;  // the server gives up first
constexpr int  looks    = 3;   // at a day that changes meanwhile

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

// Days that somebody who was interrupted has left half-way.
constexpr auto left_behind = R"(
SELECT DISTINCT to_date(substr(c.relname, 7), 'YYYYMMDD')
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname IN ('also_keep', 'note_late') AND c.relnamespace = 'falconer'::regnamespace
  AND c.relname ~ '^event_\d{8}$' ORDER BY 1)";

std::uint64_t number_of(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

/// What a look at a day has found.
struct survey {
    std::string go{}, hold{};  // clusters, as the store writes an array
    std::string stamp{};       // of the periods and holds that it went by
    bool        stay = false;  // some row must
    bool        sure = false;  // whatever else comes must go as well
};

/// One run over a store's days, with what each step needs to know.
class retention_run {
public:
    retention_run(pg_connection& store, time_source& time, retention_day by)
        : store_(store), time_(time), by_(std::move(by)) {}

    task<result<retention_report>> all();

private:
    task<result<void>>   clear_up();
    task<result<void>>   old_days(result<void>& busy);
    task<result<void>>   day(std::string day);
    task<result<survey>> look_at(std::string day);
    /// These three: false when the day has changed since the look, and is as it was.
    task<result<bool>> settle(std::string day, survey seen);
    task<result<bool>> drop(std::string day, survey seen);
    task<result<bool>> prepare_drop(std::string day, survey& seen);
    task<result<bool>> rewrite(std::string day, survey seen);

    task<result<void>>    archive(std::string day, std::string clusters);
    task<result<bool>>    exclusively(std::string call, std::string doing);
    task<result<pg_rows>> work(std::string sql);

    static std::string part_of(std::string day) {
        std::erase(day, '-');
        return "falconer.event_" + day;
    }

    pg_connection&   store_;
    time_source&     time_;
    retention_day    by_;
    retention_report report_{};
};

/// A statement that may take its time.
task<result<pg_rows>> retention_run::work(std::string sql) {
    const auto limit  = by_.how.work_limit;
    auto       script = fmt::format("SET LOCAL statement_timeout = {}; {}", limit.count(), sql);
    co_return co_await store_.run_script(std::move(script), limit + grace);
}

/// Calls a function that locks, until others let it: neither do we wait long for them, nor they for
/// us.
task<result<bool>> retention_run::exclusively(std::string call, std::string doing) {
    const auto& how    = by_.how;
    const auto  script = fmt::format(
        "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}; SELECT falconer.{}",
        how.lock_limit.count(), (how.lock_limit + how.hold_limit).count(), call
    );
    for (int left = how.tries;; --left) {
        auto done = co_await store_.run_script(script, patience);
        if (done) co_return done->at(0, 0) != "f";
        const auto& state = store_.last_refusal();
        const bool  busy  = state == "55P03" || state == "57014" || state == "40P01";
        if (!busy || left <= 1) co_return std::move(done).error().while_doing(doing);
        const auto clock = time_.make_bell();
        co_await clock->wait_until(time_.now() + pause);
    }
}

/// Locks nothing.
task<result<survey>> retention_run::look_at(std::string day) {
    auto sql = fmt::format(
        "SELECT go, hold, stamp, stay, sure FROM falconer.survey_day('{}', {})", day, by_.policy()
    );
    auto rows = co_await work(std::move(sql));
    if (!rows) co_return std::move(rows).error().while_doing("looking at " + day);
    survey     seen;
    const auto text = [&](int column) { return std::string(rows->at(0, column)); };
    seen.go         = text(0);
    seen.hold       = text(1);
    seen.stamp      = text(2);
    seen.stay       = rows->at(0, 3) == "t";
    seen.sure       = rows->at(0, 4) == "t";
    co_return seen;
}

/// Under a watch: is the day still one that goes, and has it been written out?
task<result<bool>> retention_run::prepare_drop(std::string day, survey& seen) {
    auto watched = co_await exclusively("watch_day('" + day + "')", "dropping " + day);
    if (!watched) co_return std::move(watched).error();
    auto again = co_await look_at(day);
    if (!again) co_return std::move(again).error();
    seen = *std::move(again);
    if (seen.stay) co_return false;
    auto kept = co_await archive(day, "");
    if (!kept) co_return std::move(kept).error();
    co_return true;
}

/// Where it is not sure that all must go, whatever comes, or it must be written out before, the day
/// is watched before it is looked at once more.
task<result<bool>> retention_run::drop(std::string day, survey seen) {
    const auto doing = "dropping " + day;
    auto       count = "SELECT count(*) FROM " + part_of(day);
    auto       rows  = co_await work(std::move(count));
    if (!rows) co_return std::move(rows).error().while_doing("counting " + day);
    const auto events = number_of(rows->at(0, 0));
    if (!by_.how.dry_run) {
        result<bool> gone = true;
        if (!seen.sure || by_.how.archive) gone = co_await prepare_drop(day, seen);
        if (gone && *gone) {
            auto call = fmt::format("drop_day('{}', {}, '{}')", day, by_.policy(), seen.stamp);
            // What has come since is not in the archive; one lock for the question and the drop.
            if (by_.how.archive)
                call = fmt::format(
                    "lock_day('{0}'); SELECT CASE WHEN NOT EXISTS (SELECT FROM falconer.late l "
                    "WHERE l.day = '{0}') THEN falconer.{1} ELSE false END",
                    day, call
                );
            gone = co_await exclusively(std::move(call), doing);
        }
        if (!gone || !*gone) {
            auto ended = co_await exclusively("end_rewrite('" + day + "')", doing);
            if (!gone) co_return gone;
            if (!ended) co_return std::move(ended).error();
            co_return false;
        }
    }
    ++report_.days_dropped;
    report_.rows_removed += events;
    co_return true;
}

/// Errors: those of whoever writes it out.
task<result<void>> retention_run::archive(std::string day, std::string clusters) {
    if (!by_.how.archive) co_return result<void>{};
    auto writing = by_.how.archive(day, std::move(clusters));
    auto done    = co_await std::move(writing);
    if (!done) co_return std::move(done).error().while_doing("archiving " + day);
    co_return result<void>{};
}

/// The copy runs in a transaction of its own, between two short ones that lock: whoever inserts
/// into the day meanwhile does so twice, by the trigger.
task<result<bool>> retention_run::rewrite(std::string day, survey seen) {
    const auto doing = "rewriting " + day;
    const auto part  = part_of(day);
    auto       count = fmt::format(
        "SELECT coalesce(sum(n) FILTER (WHERE g IS NOT NULL), 0), "
              "coalesce(sum(n) FILTER (WHERE g IS NULL), 0), coalesce(sum(n) FILTER (WHERE h IS NOT "
              "NULL), 0) FROM (SELECT cluster, count(*) AS n FROM {} GROUP BY 1) e "
              "LEFT JOIN unnest('{}'::int4[]) g ON g = e.cluster "
              "LEFT JOIN unnest('{}'::int4[]) h ON h = e.cluster",
        part, seen.go, seen.hold
    );
    auto rows = co_await work(std::move(count));
    if (!rows) co_return std::move(rows).error().while_doing("counting " + day);
    if (!by_.how.dry_run) {
        auto begun = co_await exclusively("begin_rewrite('" + day + "')", doing);
        if (!begun) co_return std::move(begun).error();
        // What comes from here on stays.
        auto kept = co_await archive(day, seen.go);
        if (!kept) {
            static_cast<void>(co_await exclusively("end_rewrite('" + day + "')", doing));
            co_return std::move(kept).error();
        }
        auto copy = fmt::format(
            "INSERT INTO {0}_kept SELECT e.* FROM {0} e WHERE NOT EXISTS (SELECT FROM "
            "unnest('{1}'::int4[]) g WHERE g = e.cluster) ON CONFLICT DO NOTHING; ANALYZE {0}_kept",
            part, seen.go
        );
        auto copied = co_await work(std::move(copy));
        if (!copied) co_return std::move(copied).error().while_doing(doing);
        auto call      = fmt::format("exchange_day('{}', {}, '{}')", day, by_.policy(), seen.stamp);
        auto exchanged = co_await exclusively(std::move(call), doing);
        if (!exchanged) co_return std::move(exchanged).error();
        if (!*exchanged) {
            auto ended = co_await exclusively("end_rewrite('" + day + "')", doing);
            if (!ended) co_return std::move(ended).error();
            co_return false;
        }
    }
    ++report_.days_rewritten;
    report_.rows_removed += number_of(rows->at(0, 0));
    report_.rows_kept    += number_of(rows->at(0, 1));
    report_.rows_on_hold += number_of(rows->at(0, 2));
    co_return true;
}

task<result<bool>> retention_run::settle(std::string day, survey seen) {
    if (seen.stay && seen.go == "{}") co_return true;
    if (seen.stay) co_return co_await rewrite(std::move(day), std::move(seen));
    co_return co_await drop(std::move(day), std::move(seen));
}

task<result<void>> retention_run::day(std::string day) {
    for (int left = looks; left > 0; --left) {
        auto seen = co_await look_at(day);
        if (!seen) co_return std::move(seen).error();
        const bool held    = seen->hold != "{}";
        auto       settled = co_await settle(day, *std::move(seen));
        if (!settled) co_return std::move(settled).error();
        if (!*settled) continue;
        if (held) ++report_.days_on_hold;
        co_return result<void>{};
    }
    co_return failure{
        errc::overloaded, "events of " + day + " keep coming, or periods and holds keep changing"
    };
}

task<result<void>> retention_run::clear_up() {
    auto days = co_await store_.query(left_behind, {}, patience);
    if (!days) co_return std::move(days).error().while_doing("looking for days left half-way");
    for (int row = 0; row < days->size(); ++row) {
        const std::string day(days->at(row, 0));
        auto              ended = co_await exclusively("end_rewrite('" + day + "')", "clearing up");
        if (!ended) co_return std::move(ended).error().while_doing(day);
    }
    co_return result<void>{};
}

/// Errors: what leaves no use in going on. `busy`: why a day is left for later; the others need not
/// wait for it.
task<result<void>> retention_run::old_days(result<void>& busy) {
    if (!by_.how.dry_run) busy = co_await clear_up();
    if (!busy && !worth_retrying(busy.error())) co_return busy;
    pg_connection::params policy{by_.today, std::to_string(by_.how.keep.count())};
    auto                  days = co_await store_.query(candidates, std::move(policy), patience);
    if (!days) co_return std::move(days).error().while_doing("looking for old days");
    for (int row = 0; row < days->size(); ++row) {
        auto done = co_await day(std::string(days->at(row, 0)));
        if (done) continue;
        if (!store_.usable() || !worth_retrying(done.error())) co_return done;
        if (busy) busy = std::move(done);
    }
    co_return result<void>{};
}

task<result<retention_report>> retention_run::all() {
    result<void> busy;
    auto         days = co_await old_days(busy);
    if (!days) co_return std::move(days).error();
    // What belongs to a day that could not be written out stays with it.
    if (!busy && by_.how.archive) co_return std::move(busy).error();
    auto aside = co_await clear_aside(store_, by_);
    if (!aside) co_return std::move(aside).error();
    report_.aside_removed = *aside;
    if (!busy) co_return std::move(busy).error();
    if (by_.how.dry_run) co_return report_;
    auto counts = co_await clear_counts(store_, by_);
    if (!counts) co_return std::move(counts).error();
    auto words = co_await clear_words(store_, by_);
    if (!words) co_return std::move(words).error();
    report_.texts_removed    = words->texts;
    report_.clusters_removed = words->clusters;
    co_return report_;
}

}  // namespace

task<result<retention_report>> retain(
    pg_connection& store, time_source& time, utc_time now, retention_options opt
) {
    auto clocks = co_await read_clocks(store, time, now);
    if (!clocks) co_return std::move(clocks).error();
    if (!clocks->agree(opt.clocks_apart))
        co_return failure{
            errc::broken, "nothing is removed: " + clocks->text() + "; set the one that is wrong"
        };
    auto held = co_await store.query(lock, {}, patience);
    if (!held) co_return std::move(held).error();
    if (held->at(0, 0) != "t") co_return failure{errc::conflict, "another one is retaining"};
    retention_day by{text_of(event_time_of(clocks->earlier())).substr(0, 10), opt};
    retention_run run(store, time, std::move(by));
    auto          report = co_await run.all();
    if (store.usable()) static_cast<void>(co_await store.query(unlock, {}, patience));
    co_return report;
}

}  // namespace falconer::store
