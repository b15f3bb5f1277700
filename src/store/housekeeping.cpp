#include "housekeeping.hpp"

#include "falconer/event.hpp"
#include "falconer/log.hpp"
#include "jitter.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

// A number of our own choosing, besides that of retain(): between looking and noting nobody else
// may do it.
constexpr auto lock   = "SELECT pg_try_advisory_lock(7205759403792796)";
constexpr auto unlock = "SELECT pg_advisory_unlock(7205759403792796)";

// Within what our clock can tell: somebody may have written infinity.
constexpr auto done_at =
    "SELECT (extract(epoch FROM least(greatest(done, '1970-01-01Z'), '2200-01-01Z')) * "
    "1000000)::int8 FROM falconer.chore WHERE name = 'retain'";
constexpr auto note_done =
    "INSERT INTO falconer.chore VALUES ('retain', $1::timestamptz) "
    "ON CONFLICT (name) DO UPDATE SET done = excluded.done";

}  // namespace

bool is_to_come(utc_time done, utc_time now) noexcept {
    return done > now + clocks_may_differ;
}

utc_time next_due(
    utc_time now, std::optional<utc_time> done, const housekeeping_options& opt
) noexcept {
    utc_time latest = std::chrono::floor<std::chrono::days>(now) + opt.retain_at;
    if (latest > now) latest -= 24h;
    if (!done || is_to_come(*done, now) || *done < latest) return now;
    return latest + 24h;
}

task<result<void>> make_days_ahead(pg_connection& store, utc_time now, int ahead) {
    const auto today = std::chrono::floor<std::chrono::days>(now);
    for (int day = 0; day <= ahead; ++day) {
        pg_connection::params which;
        which.push_back(text_of(event_time_of(today + std::chrono::days{day})).substr(0, 10));
        auto made = co_await store.query("SELECT falconer.ensure_day($1::date)", which, patience);
        if (!made) co_return std::move(made).error().while_doing("making " + which[0]);
    }
    co_return result<void>{};
}

housekeeping::housekeeping(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    housekeeping_options opt
)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)),
      days_(metrics.make_counter(
          "falconer_retention_days_total", "Partitions dropped or rewritten by retention"
      )),
      rows_(metrics.make_counter(
          "falconer_retention_events_removed_total", "Events removed by retention"
      )),
      refused_(metrics.make_counter(
          "falconer_retention_refused_total",
          "Looks at what is old that ended because our clock and the store's disagree"
      )),
      done_(metrics.make_gauge(
          "falconer_retention_done_timestamp_seconds",
          "When retention was done last, by any replica; 0: never"
      )) {
    opt_.postgres.statement_timeout = patience;
}

task<result<void>> housekeeping::connect() {
    if (connection_ && connection_->usable()) co_return result<void>{};
    auto opened = co_await open_checked(loop_, time_, opt_.postgres);
    if (!opened) co_return std::move(opened).error();
    connection_ = std::move(*opened);
    co_return result<void>{};
}

/// Makes the days ahead, and tells the time to go by: the earlier of two clocks that agree. Where
/// they do not, days are made by the store's, and that is all.
task<result<utc_time>> housekeeping::begin_round() {
    auto clocks = co_await read_clocks(*connection_, time_, time_.utc());
    if (!clocks) co_return std::move(clocks).error();
    const bool agree = clocks->agree(opt_.retention.clocks_apart);
    const auto now   = agree ? clocks->earlier() : clocks->theirs;
    auto       made  = co_await make_days_ahead(*connection_, now, opt_.days_ahead);
    if (!made) co_return std::move(made).error();
    if (agree) co_return now;
    refused_.add();
    co_return failure{
        errc::broken, "nothing is removed: " + clocks->text() + "; set the one that is wrong"
    };
}

task<result<std::optional<utc_time>>> housekeeping::last_done(utc_time now) {
    auto rows = co_await connection_->query(done_at, {}, patience);
    if (!rows) co_return std::move(rows).error().while_doing("asking for the last retention");
    std::optional<utc_time> done;
    if (rows->size() == 0) co_return done;
    std::int64_t micros = 0;
    const auto   text   = rows->at(0, 0);
    std::from_chars(text.data(), text.data() + text.size(), micros);
    done = utc_time{std::chrono::microseconds{micros}};
    done_.set(is_to_come(*done, now) ? 0 : static_cast<double>(micros) / 1e6);
    co_return done;
}

/// Under the lock: what was due a moment ago may have been done by another.
task<result<housekeeping::round>> housekeeping::retain_if_due(utc_time now) {
    round this_one;
    this_one.now = now;
    auto done    = co_await last_done(now);
    if (!done) co_return std::move(done).error();
    this_one.next = next_due(now, *done, opt_);
    if (this_one.next > now) co_return this_one;
    if (*done && is_to_come(**done, now))
        log_of("store").warn(
            "the last retention is noted in the future, by a clock that was wrong: it counts as "
            "never done={}",
            text_of(event_time_of(**done))
        );
    auto report = co_await retain(*connection_, time_, time_.utc(), opt_.retention);
    if (!report) co_return std::move(report).error().while_doing("retention");
    pg_connection::params when;
    when.push_back(text_of(event_time_of(now)));
    auto noted = co_await connection_->query(note_done, std::move(when), patience);
    if (!noted) co_return std::move(noted).error().while_doing("noting the retention");
    days_.add(static_cast<std::uint64_t>(report->days_dropped));
    days_.add(static_cast<std::uint64_t>(report->days_rewritten));
    rows_.add(report->rows_removed);
    done_.set(std::chrono::duration<double>(now.time_since_epoch()).count());
    log_of("store").info(
        "retention done days_dropped={} days_rewritten={} days_on_hold={} events_removed={} "
        "texts_removed={} identities_removed={}",
        report->days_dropped, report->days_rewritten, report->days_on_hold, report->rows_removed,
        report->texts_removed, report->clusters_removed
    );
    this_one.retained = *report;
    this_one.next     = next_due(now, now, opt_);
    co_return this_one;
}

task<result<housekeeping::round>> housekeeping::once() {
    auto up = co_await connect();
    if (!up) co_return std::move(up).error();
    auto now = co_await begin_round();
    if (!now) co_return std::move(now).error();
    auto done = co_await last_done(*now);
    if (!done) co_return std::move(done).error();
    round this_one;
    this_one.now  = *now;
    this_one.next = next_due(*now, *done, opt_);
    if (this_one.next > *now) co_return this_one;

    auto held = co_await connection_->query(lock, {}, patience);
    if (!held) co_return std::move(held).error();
    if (held->at(0, 0) != "t") {  // another is at it: look again when it has had its time
        this_one.next = *now + opt_.retry;
        co_return this_one;
    }
    auto finished = co_await retain_if_due(*now);
    if (connection_->usable()) static_cast<void>(co_await connection_->query(unlock, {}, patience));
    co_return finished;
}

/// A clock that is wrong is for somebody to set; all else may pass.
void housekeeping::complain(const failure& why) {
    const auto level = why.code == errc::broken ? spdlog::level::err : spdlog::level::warn;
    log_of("store").log(level, "housekeeping failed why=\"{}\"", why.detail);
}

task<void> housekeeping::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        auto                  last = co_await once();
        steady_time::duration wait = jittered(opt_.retry);
        if (last) {
            const auto due =
                std::chrono::duration_cast<steady_time::duration>(last->next - last->now);
            wait = std::clamp<steady_time::duration>(due, 1s, opt_.interval);
        } else {
            complain(last.error());
        }
        co_await clock->wait_until(time_.now() + wait);
    }
}

}  // namespace falconer::store
