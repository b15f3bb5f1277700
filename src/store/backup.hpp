// A store's events and what belongs to them, copied to where a second one can be made from them.
#pragma once

#include "backup/manifest.hpp"
#include "backup/vault.hpp"
#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

#include <functional>

namespace falconer::store {

struct backup_progress {
    std::string   what{};  // "2026-11-30", or the name of a part
    std::size_t   nth = 0, of = 0;
    std::uint64_t rows = 0, bytes = 0;  // of this one
};

struct backup_options {
    std::string               made_by{};
    bool                      prune = false;  // what the new manifest does not name
    std::chrono::milliseconds patience{std::chrono::minutes{10}};  // with retention
    std::function<void(const backup_progress&)> show{};
};

struct backup_report {
    std::size_t              days_copied = 0, days_kept = 0;
    std::uint64_t            rows_copied = 0, bytes_written = 0;
    std::size_t              removed = 0;
    backup_manifest          manifest{};
    std::vector<std::string> remarks{};  // why more was copied than might have been
};

/// Everything is as of one moment, whatever is stored meanwhile. Days that are in the last backup
/// there, and to which nothing has come since, are taken over; what a broken-off one has copied,
/// too. Retention waits meanwhile. Blocks the loop while it writes: for commands.
///
/// Errors : conflict     another landscape's backup is there; somebody else is at it; the schema
///                       changed on the way
///          overloaded   no room, or retention does not end
///          and those of the connection and the vault. The last backup there stays as it is.
task<result<backup_report>> take_backup(
    asio::any_io_executor loop, time_source& time, pg_options from, vault& to, backup_options how
);

}  // namespace falconer::store
