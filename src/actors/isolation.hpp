// A batch into the store, and whatever the store refuses in it out of the others' way.
#pragma once

#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/ports/event_sink.hpp"
#include "falconer/ports/event_spool.hpp"
#include "falconer/ports/event_store.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace falconer::actors {

/// An id for a part of a batch: the same whenever the batch is divided again, so that the store
/// knows the part's tallies again.
uuid id_of_part(const uuid& whole, std::uint64_t which);

/// A batch the store refuses for its contents is halved until the culprit stands alone. That one is
/// quarantined, with the store's words as the reason; where the store refuses that too, counted;
/// and where it refuses even the count, it becomes a dead letter beside the spool: whatever one
/// record is, it ends somewhere, and the next one has its turn.
///
/// Threading: the loop thread; any number of inserts at a time.
class isolation {
public:
    isolation(
        time_source& time, event_store& store, event_spool& spool, metrics_registry& metrics,
        std::chrono::milliseconds spool_limit
    );

    using verdicts = std::vector<kept_as>;  // never `spooled`

    /// `limit`: for each question to the store. All is kept when it returns. A repetition does no
    /// harm.
    ///
    /// Errors : malformed  a record that the store takes in no form cannot be kept as a dead letter
    ///          and those of the store that say nothing of the batch
    task<result<verdicts>> insert(const record_batch& what, steady_time::duration limit);

    /// Whether a failure of insert() says nothing of the store.
    static bool is_of_the_batch(const failure& why) { return why.code == errc::malformed; }

private:
    task<result<verdicts>> insert_halves(record_batch what, steady_time::duration limit);
    task<result<verdicts>> insert_in_another_form(
        const record_batch& one, failure why, steady_time::duration limit
    );
    task<result<verdicts>> ask(const record_batch& what, steady_time::duration limit);
    task<result<verdicts>> keep_dead_letter(const ingest_record& record, const failure& why);

    time_source&              time_;
    event_store&              store_;
    event_spool&              spool_;
    std::chrono::milliseconds spool_limit_;
    counter&                  isolated_;
    counter&                  dead_letters_;
    log_gate                  gate_;
};

}  // namespace falconer::actors
