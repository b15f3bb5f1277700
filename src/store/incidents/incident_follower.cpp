#include "incident_follower.hpp"

#include "falconer/filter.hpp"
#include "jitter.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

constexpr auto gather =
    "SELECT batches, events, reopened, more, behind FROM falconer.gather_incidents($1::int8, $2)";

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace

incident_follower::incident_follower(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics, incident_options opt
)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)),
      events_(metrics.make_counter(
          "falconer_incident_events_total", "Stored events that this process put into incidents."
      )),
      failures_(metrics.make_counter(
          "falconer_incident_failures_total",
          "Rounds of gathering incidents that the store did not let through."
      )),
      behind_(metrics.make_gauge(
          "falconer_incident_behind_seconds",
          "Age of the oldest stored batch that incidents lack, when it was last looked at."
      )) {
    opt_.postgres.statement_timeout = patience;
}

task<result<incident_follower::round>> incident_follower::some() {
    if (!connection_ || !connection_->usable()) {
        auto opened = co_await open_checked(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error();
        connection_ = std::move(*opened);
    }
    pg_connection::params how{std::to_string(opt_.events), std::string(filter::workload_suffix)};
    auto                  rows = co_await connection_->query(gather, std::move(how), patience);
    if (!rows) co_return std::move(rows).error().while_doing("gathering incidents");
    round now;
    now.elsewhere = rows->is_null(0, 0);
    if (now.elsewhere) co_return now;
    now.batches  = number_of<std::uint64_t>(rows->at(0, 0));
    now.events   = number_of<std::uint64_t>(rows->at(0, 1));
    now.reopened = number_of<std::uint64_t>(rows->at(0, 2));
    now.more     = rows->at(0, 3) == "t";
    events_.add(now.events);
    behind_.set(number_of<double>(rows->at(0, 4)));
    co_return now;
}

task<result<incident_follower::round>> incident_follower::once() {
    round all;
    do {
        auto now = co_await some();
        if (!now) co_return std::move(now).error();
        all.batches   += now->batches;
        all.events    += now->events;
        all.reopened  += now->reopened;
        all.elsewhere  = now->elsewhere;
        all.more       = now->more;
    } while (all.more);
    co_return all;
}

task<void> incident_follower::run() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.interval;
    for (;;) {
        const auto began = time_.now();
        auto       now   = co_await some();
        if (now) {
            pause                            = opt_.interval;
            const steady_time::duration rest = opt_.rest * (time_.now() - began);
            const steady_time::duration full = opt_.interval;
            co_await clock->wait_until(time_.now() + (now->more ? rest : std::max(rest, full)));
            continue;
        }
        failures_.add();
        if (const auto held = gate_.open(time_.now()))
            log_of("store").warn(
                "incidents are not gathered; events stored wait for it reason=\"{}\" suppressed={}",
                now.error().detail, *held
            );
        co_await clock->wait_until(time_.now() + jittered(pause));
        pause = std::min(2 * pause, opt_.longest_pause);
    }
}

}  // namespace falconer::store
