// What is past its period and has no partitions: it goes row by row, in transactions of a bounded
// size.
#pragma once

#include "retention.hpp"

#include <string>

namespace falconer::store {

/// A UTC day as the store writes it, "2026-03-10", and how retention is done by it.
struct retention_day {
    std::string       today{};
    retention_options how{};

    /// As two arguments of the store's functions: '2026-03-10', 365
    std::string policy() const;
};

/// Quarantined bodies, tallies and exact bytes, by their cluster's period and holds. Yields how
/// many went, or would. Errors : those of query(). What was removed until then stays removed.
task<result<std::uint64_t>> clear_aside(pg_connection& store, const retention_day& by);

/// Ids of batches, and roll-ups: a day after the events, so that nobody finds more of them than he
/// is told. Errors: as above.
task<result<void>> clear_counts(pg_connection& store, const retention_day& by);

struct words_removed {
    std::uint64_t texts = 0, clusters = 0;
};
/// Texts of the dictionary and identities of clusters that nothing refers to any more.
/// Errors: as above.
task<result<words_removed>> clear_words(pg_connection& store, const retention_day& by);

}  // namespace falconer::store
