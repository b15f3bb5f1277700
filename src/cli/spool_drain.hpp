// Brings a spool home: every batch to the store, then out of the spool.
#pragma once

#include "actors/isolation.hpp"
#include "falconer/ports/event_spool.hpp"

#include <array>
#include <functional>

namespace falconer::cli {

struct drain_sum {
    std::uint64_t                batches = 0;
    std::array<std::uint64_t, 6> records{};  // by kept_as

    std::uint64_t of(kept_as how) const { return records[static_cast<std::size_t>(how)]; }
};

using drain_progress = std::function<void(const drain_sum& so_far, const spool_status& left)>;

/// What the store refuses for its contents is quarantined, counted or becomes a dead letter, as by
/// `serve`. Stops at the first batch that the store does not take for another reason: that one and
/// all after it stay in the spool, and `sum` says what was done before. Small batches are stored
/// several at a time; these count as one, and `show` hears of each. Errors : those of the store and
/// the spool Cancel : the batch under way may be stored and still in the spool; a repetition does
/// no harm.
task<result<void>> drain_spool(
    event_spool& from, actors::isolation& to, drain_sum& sum, drain_progress show
);

}  // namespace falconer::cli
