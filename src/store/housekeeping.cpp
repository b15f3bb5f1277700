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

constexpr auto done_at =
    "SELECT (extract(epoch FROM done) * 1000000)::int8 FROM falconer.chore WHERE name = 'retain'";
constexpr auto note_done =
    "INSERT INTO falconer.chore VALUES ('retain', $1::timestamptz) "
    "ON CONFLICT (name) DO UPDATE SET done = excluded.done";

}  // namespace

utc_time next_due(
    utc_time now, std::optional<utc_time> done, const housekeeping_options& opt
) noexcept {
    utc_time latest = std::chrono::floor<std::chrono::days>(now) + opt.retain_at;
    if (latest > now) latest -= 24h;
    if (!done || *done < latest) return now;
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

task<result<std::optional<utc_time>>> housekeeping::last_done() {
    auto rows = co_await connection_->query(done_at, {}, patience);
    if (!rows) co_return std::move(rows).error().while_doing("asking for the last retention");
    std::optional<utc_time> done;
    if (rows->size() > 0) {
        std::int64_t micros = 0;
        const auto   text   = rows->at(0, 0);
        std::from_chars(text.data(), text.data() + text.size(), micros);
        done = utc_time{std::chrono::microseconds{micros}};
        done_.set(static_cast<double>(micros) / 1e6);
    }
    co_return done;
}

/// Under the lock: what was due a moment ago may have been done by another.
task<result<housekeeping::round>> housekeeping::retain_if_due() {
    round      now;
    const auto begun = time_.utc();
    auto       done  = co_await last_done();
    if (!done) co_return std::move(done).error();
    now.next = next_due(begun, *done, opt_);
    if (now.next > begun) co_return now;
    auto report = co_await retain(*connection_, time_, begun, opt_.retention);
    if (!report) co_return std::move(report).error().while_doing("retention");
    pg_connection::params when;
    when.push_back(text_of(event_time_of(begun)));
    auto noted = co_await connection_->query(note_done, std::move(when), patience);
    if (!noted) co_return std::move(noted).error().while_doing("noting the retention");
    days_.add(static_cast<std::uint64_t>(report->days_dropped));
    days_.add(static_cast<std::uint64_t>(report->days_rewritten));
    rows_.add(report->rows_removed);
    done_.set(std::chrono::duration<double>(begun.time_since_epoch()).count());
    log_of("store").info(
        "retention done days_dropped={} days_rewritten={} days_on_hold={} events_removed={}",
        report->days_dropped, report->days_rewritten, report->days_on_hold, report->rows_removed
    );
    now.retained = *report;
    now.next     = next_due(begun, begun, opt_);
    co_return now;
}

task<result<housekeeping::round>> housekeeping::once() {
    auto up = co_await connect();
    if (!up) co_return std::move(up).error();
    auto made = co_await make_days_ahead(*connection_, time_.utc(), opt_.days_ahead);
    if (!made) co_return std::move(made).error();
    auto done = co_await last_done();
    if (!done) co_return std::move(done).error();
    round now;
    now.next = next_due(time_.utc(), *done, opt_);
    if (now.next > time_.utc()) co_return now;

    auto held = co_await connection_->query(lock, {}, patience);
    if (!held) co_return std::move(held).error();
    if (held->at(0, 0) != "t") {  // another is at it: look again when it has had its time
        now.next = time_.utc() + opt_.retry;
        co_return now;
    }
    auto finished = co_await retain_if_due();
    if (connection_->usable()) static_cast<void>(co_await connection_->query(unlock, {}, patience));
    co_return finished;
}

task<void> housekeeping::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        auto                  now  = co_await once();
        steady_time::duration wait = jittered(opt_.retry);
        if (now) {
            const auto due =
                std::chrono::duration_cast<steady_time::duration>(now->next - time_.utc());
            wait = std::clamp<steady_time::duration>(due, 1s, opt_.interval);
        } else {
            log_of("store").warn("housekeeping failed why={}", now.error().detail);
        }
        co_await clock->wait_until(time_.now() + wait);
    }
}

}  // namespace falconer::store
