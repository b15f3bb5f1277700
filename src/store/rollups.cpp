#include "rollups.hpp"

#include "jitter.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr auto grace    = 5s;  // the server gives up first

constexpr auto roll_up = "SELECT batches, events, more, behind FROM falconer.roll_up($1::int)";

constexpr auto follow_rollups = "SELECT events, more FROM falconer.follow_rollups($1::int)";

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace

rollups::rollups(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics, rollup_options opt
)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)),
      batches_(metrics.make_counter(
          "falconer_rollup_batches_total", "Stored batches counted by this process."
      )),
      failures_(metrics.make_counter(
          "falconer_rollup_failures_total", "Rounds of counting that the store did not let through."
      )),
      behind_(metrics.make_gauge(
          "falconer_rollup_behind_seconds",
          "Age of the oldest stored batch that the roll-ups lack, when it was last looked at."
      )) {
    opt_.postgres.statement_timeout = patience;
}

task<result<void>> rollups::connect() {
    if (connection_ && connection_->usable()) co_return result<void>{};
    auto opened = co_await open_checked(loop_, time_, opt_.postgres);
    if (!opened) co_return std::move(opened).error();
    connection_ = std::move(*opened);
    co_return result<void>{};
}

task<result<bool>> rollups::some_batches(round& now) {
    pg_connection::params most{std::to_string(opt_.batches)};
    auto                  rows = co_await connection_->query(roll_up, std::move(most), patience);
    if (!rows) co_return std::move(rows).error().while_doing("counting batches");
    now.elsewhere = rows->is_null(0, 0);
    if (now.elsewhere) co_return false;
    const auto batches  = number_of<std::uint64_t>(rows->at(0, 0));
    now.batches        += batches;
    now.events         += number_of<std::uint64_t>(rows->at(0, 1));
    batches_.add(batches);
    behind_.set(number_of<double>(rows->at(0, 3)));
    co_return rows->at(0, 2) == "t";
}

/// One per round: batches do not wait for all of a long past.
task<result<void>> rollups::one_day(round& now) {
    if (next_day_look_ && time_.now() < *next_day_look_) co_return result<void>{};
    const auto limit = std::to_string(opt_.day_limit.count());
    auto       rows  = co_await connection_->run_script(
        "SET LOCAL statement_timeout = " + limit +
            "; SELECT to_char(day, 'YYYY-MM-DD'), events FROM falconer.roll_up_day()",
        opt_.day_limit + grace
    );
    if (!rows) co_return std::move(rows).error().while_doing("counting a day");
    if (rows->is_null(0, 0)) {
        next_day_look_ = time_.now() + opt_.day_look;
        co_return result<void>{};
    }
    now.day     = rows->at(0, 0);
    now.events += number_of<std::uint64_t>(rows->at(0, 1));
    log_of("store").info("a day is counted day={} events={}", now.day, rows->at(0, 1));
    co_return result<void>{};
}

/// Comes behind the batches that are counted, and then counts one day anew where that is due.
task<result<void>> rollups::landscape(round& now) {
    if (next_landscape_ && time_.now() < *next_landscape_) co_return result<void>{};
    for (bool more = true; more;) {
        pg_connection::params most{std::to_string(opt_.landscape_batches)};
        auto rows = co_await connection_->query(follow_rollups, std::move(most), patience);
        if (!rows) co_return std::move(rows).error().while_doing("counting the landscape");
        if (rows->is_null(0, 0)) co_return result<void>{};  // another one is at it
        now.landscape += number_of<std::uint64_t>(rows->at(0, 0));
        more           = rows->at(0, 1) == "t";
    }
    const auto limit = std::to_string(opt_.day_limit.count());
    auto       day   = co_await connection_->run_script(
        "SET LOCAL statement_timeout = " + limit +
            "; SELECT to_char(day, 'YYYY-MM-DD') FROM falconer.recount_landscape_day()",
        opt_.day_limit + grace
    );
    if (!day) co_return std::move(day).error().while_doing("counting a day of the landscape");
    if (!day->is_null(0, 0)) {
        now.recounted = day->at(0, 0);
        co_return result<void>{};  // perhaps there is another one
    }
    next_landscape_ = time_.now() + opt_.landscape;
    co_return result<void>{};
}

task<result<rollups::round>> rollups::once() {
    auto up = co_await connect();
    if (!up) co_return std::move(up).error();
    round now;
    for (bool more = true; more;) {
        auto some = co_await some_batches(now);
        if (!some) co_return std::move(some).error();
        more = *some;
    }
    auto day = co_await one_day(now);
    if (!day) co_return std::move(day).error();
    auto wide = co_await landscape(now);
    if (!wide) co_return std::move(wide).error();
    co_return now;
}

task<void> rollups::run() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.interval;
    for (;;) {
        auto now = co_await once();
        if (now) {
            pause = opt_.interval;
            if (!now->day.empty() || !now->recounted.empty()) continue;
            co_await clock->wait_until(time_.now() + pause);
            continue;
        }
        failures_.add();
        if (const auto held = gate_.open(time_.now()))
            log_of("store").warn(
                "events are not counted; those stored wait for it reason=\"{}\" suppressed={}",
                now.error().detail, *held
            );
        co_await clock->wait_until(time_.now() + jittered(pause));
        pause = std::min(2 * pause, opt_.longest_pause);
    }
}

}  // namespace falconer::store
