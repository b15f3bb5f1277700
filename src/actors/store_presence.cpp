#include "store_presence.hpp"

#include <algorithm>
#include <utility>

namespace falconer::actors {

store_presence::store_presence(time_source& time, metrics_registry& metrics, options opt)
    : time_(time), opt_(opt),
      failures_(metrics.make_counter(
          "falconer_store_failures_total", "Batches the store did not take when asked."
      )),
      away_gauge_(metrics.make_gauge(
          "falconer_store_away", "1 while batches go to the spool because the store is away."
      )),
      jitter_(std::random_device{}()) {}

bool store_presence::may_try() {
    if (!away_) return true;
    const auto now = time_.now();
    if (now < next_try_) return false;
    next_try_ = now + std::max(opt_.limit, pause_);
    return true;
}

void store_presence::proved(std::uint64_t spooled) {
    if (!away_) return;
    const auto now = time_.now();
    if (now < next_proof_) return;
    next_proof_ = now + opt_.probe;
    next_try_   = next_proof_;
    pause_      = opt_.probe;
    if (++proofs_ >= needed_) come_back(spooled);
}

void store_presence::failed(const failure& why) {
    failures_.add();
    if (away_)
        stay_away(why);
    else
        leave(why);
    proofs_   = 0;
    next_try_ = time_.now() + jittered(pause_);
}

void store_presence::leave(const failure& why) {
    const auto now   = time_.now();
    const bool again = back_since_ != steady_time::min() && now - back_since_ < opt_.settled;
    needed_          = again ? std::min(2 * needed_, opt_.most_proofs) : 1;
    away_            = true;
    pause_           = opt_.probe;
    next_proof_      = now;
    away_gauge_.set(1);
    // A store that comes and goes is told now and then; who hears "away" hears "back".
    const auto held = away_gate_.open(now);
    said_           = held.has_value();
    if (!held) return;
    cause_ = why.detail;
    log_of("store_writer")
        .warn(
            "the store is away, events go to the spool reason=\"{}\" proofs_needed={} "
            "suppressed={}",
            why.detail, needed_, *held
        );
}

/// The first cause need not be the one that lasts.
void store_presence::stay_away(const failure& why) {
    const auto now = time_.now();
    pause_         = std::min(2 * pause_, opt_.longest_pause);
    if (why.detail == cause_) return;
    const auto held = cause_gate_.open(now);
    if (!held) return;
    cause_ = why.detail;
    said_  = true;
    log_of("store_writer")
        .warn(
            "the store is still away, for another reason reason=\"{}\" suppressed={}", why.detail,
            *held
        );
}

void store_presence::come_back(std::uint64_t spooled) {
    away_       = false;
    back_since_ = time_.now();
    cause_.clear();
    away_gauge_.set(0);
    if (std::exchange(said_, false))
        log_of("store_writer").info("the store is back spooled_records={}", spooled);
}

std::chrono::milliseconds store_presence::jittered(std::chrono::milliseconds pause) {
    std::uniform_int_distribution<std::int64_t> within(pause.count() / 2, pause.count());
    return std::chrono::milliseconds(within(jitter_));
}

}  // namespace falconer::actors
