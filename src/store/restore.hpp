// A backup's events, and what belongs to them, put into a store.
#pragma once

#include "backup.hpp"
#include "pg_connection.hpp"

namespace falconer::store {

struct restore_options {
    std::string              manifest = manifest_name;
    std::vector<std::string> days{};                   // "2026-11-30"; none: all
    std::string              project{};                // of the clusters; empty: all
    std::string              cluster{};                // an identity
    bool                     other_landscape = false;  // into a store that has another's events
    std::chrono::days        keep{365};                // where the store says nothing else
    int                      batch = 50'000;           // events of one, about
    std::function<void(const backup_progress&)> show{};

    bool everything() const { return days.empty() && project.empty() && cluster.empty(); }
};

struct restore_report {
    std::size_t              days     = 0;
    std::uint64_t            restored = 0, there_already = 0;  // events
    std::uint64_t            beside    = 0;      // bodies and counts that were restored
    bool                     decisions = false;  // periods, holds, policies and their trace, too
    std::vector<std::string> past{};             // days that retention takes next
};

/// Reads everything that a restore would: every byte that is needed is what was written.
///
/// Errors : not_found  there is no backup, or not of that day
///          malformed  it is cut short or damaged
///          conflict   of a newer format or schema
result<backup_manifest> verify_backup(vault& from, const restore_options& how);

/// After verify_backup(). A day's events come in one transaction, whole or not; those that are
/// there already stay as they are. Ends with the first day that cannot be restored: those before it
/// are there, and the same call goes on with it. Blocks the loop while it reads.
///
/// Errors : conflict   the store has events of other landscapes only
///          not_found  the backup knows no such project or cluster
///          and those of the connection and the vault.
task<result<restore_report>> restore_backup(
    asio::any_io_executor loop, time_source& time, pg_options into, vault& from,
    const backup_manifest& what, restore_options how
);

}  // namespace falconer::store
