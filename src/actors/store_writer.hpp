// Group commit: many senders wait, one batch stores for all of them — or the spool keeps it.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/one_shot.hpp"
#include "falconer/ports/event_sink.hpp"
#include "falconer/ports/event_spool.hpp"
#include "falconer/ports/event_store.hpp"
#include "falconer/task_scope.hpp"
#include "isolation.hpp"
#include "spool_replay.hpp"
#include "spool_shares.hpp"
#include "store_presence.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <random>
#include <vector>

namespace falconer::actors {

/// Collects the records of all clusters, stores them in batches and tells each sender how his own
/// fared. While one batch is being stored the next one collects: under load batches grow by
/// themselves.
///
/// Tallies have batches of their own, one at a time: two that count for the same cluster in the
/// same minute wait for one another in the store, and nobody's event shall wait with them.
///
/// A store that does not answer within `store_limit` is away: its batch goes to the spool, and so
/// do all that follow, but for one now and then that tries the store (store_presence). What lies in
/// the spool is replayed meanwhile, and has no say in where fresh batches go (spool_replay). With
/// the spool refusing too, or hanging, senders are held until `hold` ends; only then are they
/// turned away; meanwhile both are tried also without senders, who may have been told to go
/// elsewhere. So are those of a cluster that has filled its part of the spool, before they take a
/// place among the others.
///
/// What the store refuses for its contents stands in nobody's way (isolation).
///
/// Exactly once: a batch may be inserted again after an unclear end; the store recognises it.
///
/// Lifetime : spawn run() once. close(), and when run() has returned nothing is left.
/// Threading: the loop thread only.
class store_writer final : public event_sink {
public:
    struct options {
        std::size_t batch_records   = 512;
        std::size_t batch_bytes     = 8 * 1024 * 1024;
        std::size_t batches_at_once = 3;  // others are sent while one waits for the disk …
        std::size_t next_batch_records =
            32;  // … if that many wait for each under way: no small ones
        std::size_t               waiting_bytes = 128 * 1024 * 1024;
        std::chrono::milliseconds store_limit{1'000};  // unanswered for longer: to the spool
        std::chrono::milliseconds spool_limit{5'000};  // then the store has its turn again
        std::chrono::milliseconds replay_limit{30'000
        };  // a replayed batch has more time, and more …
        std::chrono::milliseconds longest_replay_limit{300'000};  // … whenever it was not enough
        std::chrono::milliseconds hold{30'000};                   // a sender's longest wait
        std::chrono::milliseconds share_look{250};       // how often who waits for its share looks
        std::chrono::milliseconds pause{100};            // first pause after a failure; doubles …
        std::chrono::milliseconds longest_pause{5'000};  // … up to here, with jitter
        /// How often a fresh batch tries a store that is away; and, while the spool takes nothing
        /// either, how often both are tried though nobody sends. Doubles, up to ten times.
        std::chrono::milliseconds probe{1'000};
    };

    store_writer(
        asio::any_io_executor loop, time_source& time, event_store& store, event_spool& spool,
        metrics_registry& metrics, options opt
    );

    task<result<kept_as>> submit(ingest_record record) override;

    /// Stores what comes; replays the spool. Returns after close(), when nothing waits any more.
    task<void> run();
    /// Nobody may submit any more. What waits is still stored or spooled.
    void       close();
    task<void> stop();

    bool        store_is_away() const noexcept { return presence_.away(); }
    std::size_t waiting_records() const noexcept {
        return events_.queue.size() + tallies_.queue.size();
    }
    std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
    /// The last time that both were asked neither the store nor the spool took anything.
    bool takes_nothing() const noexcept { return refusing_; }
    /// How long the oldest batch under way has been so: neither the store nor the spool took it.
    steady_time::duration longest_wait() const;

private:
    using reply = one_shot<result<kept_as>>;
    struct entry {
        ingest_record          record;
        std::shared_ptr<reply> answer;  // shared with submit(), who may have gone
        steady_time            until;   // the sender is held no longer
    };
    struct batch {
        record_batch                        what{};
        std::vector<std::shared_ptr<reply>> answers{};
        std::vector<steady_time>            until{};
        bool                                spooling = false;  // the spool was asked before
    };

    struct lane {
        std::size_t       batches_at_once = 1;
        std::deque<entry> queue{};
        std::size_t       under_way = 0;  // batches
        std::size_t       held      = 0;  // of these, wait to be tried again
    };

    task<bool>         wait_for_share(const ingest_record& record, steady_time until);
    bool               may_begin(const lane& in) const noexcept;
    bool               begin(lane& in);
    bool               idle() const noexcept;
    batch              take_batch(std::deque<entry>& queue);
    task<void>         keep(std::shared_ptr<batch> fresh, lane& in);
    task<void>         keep_trying(batch& fresh, lane& in);
    task<bool>         keep_once(batch& fresh);  // false: neither the store nor the spool took it
    task<result<void>> spool(batch& fresh);
    void               replayed(steady_time::duration took);

    task<void> probe();
    task<bool> probe_once();  // true: one of them takes something again

    void                      answer(batch& fresh, const isolation::verdicts& how);
    void                      turn_away_overdue(batch& fresh);
    void                      give_up(batch& fresh);
    void                      settle(batch& fresh, std::size_t which, result<kept_as> how);
    void                      refuse(const failure& spool_says);
    std::chrono::milliseconds jittered(std::chrono::milliseconds pause);

    asio::any_io_executor loop_;
    time_source&          time_;
    event_store&          store_;
    event_spool&          spool_;
    options               opt_;

    lane                   events_{opt_.batches_at_once};  // and bodies for the quarantine
    lane                   tallies_{};
    std::size_t            waiting_bytes_ = 0;  // queued or in a batch under way
    std::list<steady_time> begun_{};            // of the batches under way, the oldest first
    std::vector<uuid>      done_{};             // batches of tallies that were stored for certain
    spool_shares           shares_{};
    store_presence         presence_;
    isolation              isolation_;
    spool_replay           replay_;
    bool                   closed_   = false;
    bool                   refusing_ = false;  // the spool too
    bool                   attended_ = false;  // replay and probe have begun
    std::unique_ptr<bell>  bell_;
    std::unique_ptr<bell>  probe_bell_;
    std::minstd_rand       jitter_;

    struct {
        counter&   spool_failures;
        counter&   beyond_share;
        histogram& batch_records;
        histogram& batch_seconds;
        counter&   turned_away;
    } count_;
    log_gate   gate_;
    task_scope scope_;
};

}  // namespace falconer::actors
