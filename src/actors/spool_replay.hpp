// What waits in the spool, on its way home to the store.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "isolation.hpp"
#include "spool_shares.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <random>

namespace falconer::actors {

/// One batch after the other, in order, each until the store has taken it.
///
/// A batch that is not answered in time comes again in smaller parts and with more time: a store
/// that is slow, or slow with this batch alone, is not asked for the same in vain for ever. Both go
/// back step by step when it goes well again. (A batch with tallies is known to the store by its
/// id, and may have been stored all the same: that one only gets more time.)
///
/// Threading: the loop thread; one run() at a time.
class spool_replay {
public:
    struct options {
        std::size_t               batch_records = 512;
        std::chrono::milliseconds limit{30'000};  // for a batch or a part of one; doubles …
        std::chrono::milliseconds longest_limit{300'000};  // … up to here
        std::chrono::milliseconds look{10'000};  // a disk that hung may have kept something late
        std::chrono::milliseconds pause{100};    // first pause after a failure; doubles …
        std::chrono::milliseconds longest_pause{5'000};  // … up to here, with jitter
    };
    /// A batch was stored, and took so long; or it was not.
    using stored_hook = std::function<void(steady_time::duration took)>;
    using failed_hook = std::function<void()>;

    spool_replay(
        time_source& time, isolation& store, event_spool& spool, spool_shares& shares,
        metrics_registry& metrics, options opt, stored_hook stored, failed_hook failed
    );

    /// Never returns.
    task<void> run();
    /// There is something in the spool.
    void wake() { bell_->ring(); }

private:
    task<bool>                        replay_one();
    task<result<isolation::verdicts>> insert(const record_batch& what);
    void                              went_well();
    void                              went_wrong(const record_batch& what, const failure& why);
    void                              say(const char* what, const failure& why);
    std::chrono::milliseconds         jittered(std::chrono::milliseconds pause);

    time_source&              time_;
    isolation&                store_;
    event_spool&              spool_;
    spool_shares&             shares_;
    options                   opt_;
    stored_hook               stored_;
    failed_hook               failed_;
    std::array<counter*, 6>   replayed_{};  // by kept_as; none for `spooled`
    std::size_t               most_;        // records in one question to the store
    std::chrono::milliseconds limit_;
    std::unique_ptr<bell>     bell_;
    log_gate                  gate_;
    std::minstd_rand          jitter_;
};

}  // namespace falconer::actors
