// What is past its period goes: days of events as whole partitions, or exchanged for a copy without
// what must go; the rest row by row.
#pragma once

#include "pg_connection.hpp"
#include "store_clock.hpp"

#include <functional>

namespace falconer::store {

/// Writes the events of a day out, of these clusters (as PostgreSQL writes an array of int4) or,
/// where that is empty, of all. Done: they are where they shall be, for good.
using archive_before = std::function<task<result<void>>(std::string day, std::string clusters)>;

struct retention_options {
    /// Where falconer.retention says nothing. A record stays for so many days after its UTC day of
    /// receipt: received at 2026-03-02T23:59:59.999999Z and kept for 7 days, it goes on 2026-03-10.
    std::chrono::days keep{365};

    /// How far our clock may be from the store's. Beyond that one of them is wrong, and nothing is
    /// removed by its date.
    std::chrono::minutes clocks_apart = clocks_may_differ;

    /// Whoever drops or exchanges a partition locks out all inserts and queries meanwhile. They
    /// wait at most as long as both of these together: the first for those before us, the second
    /// for us.
    std::chrono::milliseconds lock_limit{300};
    std::chrono::milliseconds hold_limit{500};
    int                       tries = 20;  // per partition, a second apart

    /// For one statement that nobody waits for: counting a day, copying its keepers.
    std::chrono::milliseconds work_limit{std::chrono::hours{1}};
    std::uint64_t             chunk   = 10'000;  // rows deleted in one transaction
    bool                      dry_run = false;   // only says what would go

    /// What it has not written out stays. Null: nobody wants it.
    archive_before archive{};
};

struct retention_report {
    int           days_dropped   = 0;  // nothing of them had to stay
    int           days_rewritten = 0;  // exchanged for a copy without what had to go
    int           days_on_hold   = 0;  // have rows that only a hold keeps
    std::uint64_t rows_removed   = 0;  // events, of dropped and rewritten days
    std::uint64_t rows_kept      = 0;  // events, of rewritten days
    std::uint64_t rows_on_hold   = 0;  // of rows_kept: those that only a hold keeps
    std::uint64_t aside_removed  = 0;  // quarantined bodies, tallies, exact bytes of events
    /// That nothing refers to any more; not counted by a dry run.
    std::uint64_t texts_removed = 0, clusters_removed = 0;
    friend bool   operator==(const retention_report&, const retention_report&) = default;
};

/// Removes every record past its cluster's period (falconer.retention, else `keep`) that no hold
/// (falconer.legal_hold) keeps. Today is what the earlier of `now` and the store's clock says; the
/// store's functions go by its own clock besides, whoever asks them. A day without rows that must
/// stay is dropped; of others those rows are copied beside it, which costs as much disk as they
/// take, and the copy takes its place. What arrives for the day meanwhile is not lost, and a hold
/// counts if it was set before the day's exchange: a day that changes after it was looked at is
/// looked at again. Nobody else waits for the look, and it takes a step along an index for each
/// cluster that the day has. Run as the tables' owner. A second run changes nothing.
///
/// Errors : conflict    another one is retaining in this store
///          broken      our clock and the store's are too far apart
///          overloaded  a partition stayed locked by others, or kept changing; all the other days
///                      were done
///          and those of query().
/// Cancel : the day under way stays as it was; the next run clears up.
task<result<retention_report>> retain(
    pg_connection& store, time_source& time, utc_time now, retention_options opt
);

}  // namespace falconer::store
