// Whether batches go to the store or to the spool: learnt from how tries went.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>

namespace falconer::actors {

/// One fresh batch that the store does not take makes it away; from then on one fresh batch now and
/// then tries it, whatever lies in the spool. It is back when a batch has come through as quickly
/// as a fresh one must.
///
/// Hysteresis: a store that goes away again soon after it came back has to prove itself twice as
/// often as the last time, and proofs count once per `probe`. One that comes and goes is then a
/// slow one that the spool feeds, and few senders wait for its silence.
///
/// Metrics: falconer_store_away, falconer_store_failures_total. Logs what it decides, and every
/// further cause for which the store stays away.
/// Threading: the loop thread only.
class store_presence {
public:
    struct options {
        std::chrono::milliseconds probe{1'000};  // between two tries of an absent store; doubles …
        std::chrono::milliseconds longest_pause{5'000};  // … up to here, with jitter
        std::chrono::milliseconds settled{60'000};       // present for so long: all is forgotten
        unsigned                  most_proofs = 16;
        /// A try may take so long; meanwhile there is no second one.
        std::chrono::milliseconds limit{1'000};
    };

    store_presence(time_source& time, metrics_registry& metrics, options opt);

    bool away() const noexcept { return away_; }
    /// While it is away: when somebody may try it again.
    steady_time next_try() const noexcept { return next_try_; }

    /// Whether a fresh batch goes to the store now. Of an absent one: yes is for one batch only.
    bool may_try();
    /// A batch, fresh or replayed, was stored quickly. `spooled`: what waits, for the log.
    void proved(std::uint64_t spooled);
    /// A fresh batch was not stored.
    void failed(const failure& why);
    /// A replayed batch was not: it may be the batch's own fault, and so says nothing of others.
    void replay_failed() { failures_.add(); }

private:
    void                      leave(const failure& why);
    void                      stay_away(const failure& why);
    void                      come_back(std::uint64_t spooled);
    std::chrono::milliseconds jittered(std::chrono::milliseconds pause);

    time_source&              time_;
    options                   opt_;
    counter&                  failures_;
    gauge&                    away_gauge_;
    bool                      away_   = false;
    unsigned                  needed_ = 1;  // proofs, to come back
    unsigned                  proofs_ = 0;  // in a row
    std::chrono::milliseconds pause_{0};
    steady_time               next_try_{};
    steady_time               next_proof_{};
    steady_time               back_since_ = steady_time::min();
    bool                      said_       = false;  // that it is away
    std::string               cause_{};             // that was said last
    log_gate                  away_gate_, cause_gate_;
    std::minstd_rand          jitter_;
};

}  // namespace falconer::actors
