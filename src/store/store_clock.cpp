#include "store_clock.hpp"

#include "falconer/event.hpp"

#include <fmt/format.h>

#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

constexpr auto what_time =
    "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8";

std::string seconds_of(utc_time when) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(when)));
}

}  // namespace

std::string clock_pair::text() const {
    return fmt::format("our clock says {}, the store's {}", seconds_of(ours), seconds_of(theirs));
}

clock_pair compare_clocks(utc_time ours, utc_time::duration took, utc_time theirs) noexcept {
    const auto nearest =
        std::clamp(theirs, ours, ours + std::max(took, utc_time::duration::zero()));
    return {.ours = ours, .theirs = theirs, .ahead = nearest - theirs};
}

task<result<clock_pair>> read_clocks(pg_connection& store, time_source& time, utc_time ours) {
    const auto asked = time.now();
    auto       rows  = co_await store.query(what_time, {}, patience);
    if (!rows) co_return std::move(rows).error().while_doing("asking for the store's clock");
    const auto   took   = std::chrono::duration_cast<utc_time::duration>(time.now() - asked);
    std::int64_t micros = 0;
    const auto   text   = rows->at(0, 0);
    std::from_chars(text.data(), text.data() + text.size(), micros);
    co_return compare_clocks(ours, took, utc_time{std::chrono::microseconds{micros}});
}

clock_watch::clock_watch(metrics_registry& metrics)
    : ahead_(metrics.make_gauge(
          "falconer_store_clock_ahead_seconds",
          "Our clock minus the store's; beyond 300 either way nothing is removed by its date"
      )) {}

/// A change is said at once, the same again only now and then.
void clock_watch::take(const clock_pair& clocks, steady_time now) {
    ahead_.set(std::chrono::duration<double>(clocks.ahead).count());
    const bool agree   = clocks.agree();
    const bool changed = agree != agreed_;
    agreed_            = agree;
    if (agree) {
        if (changed) log_of("store").info("our clock and the store's agree again");
        return;
    }
    const auto held = gate_.open(now);
    if (!held && !changed) return;
    log_of("store").error(
        "the clocks disagree: nothing is removed by its date until the wrong one is set why=\"{}\" "
        "suppressed={}",
        clocks.text(), held.value_or(0)
    );
}

}  // namespace falconer::store
