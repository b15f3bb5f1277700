// A day's events written out before retention takes them.
#pragma once

#include "backup/manifest.hpp"
#include "backup/vault.hpp"
#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

namespace falconer::store {

/// What an archive's objects are called: "archive-20261130-…". A manifest for each time that a day
/// was written out: nothing that is there is written over, and several may write at a time.
inline const std::string archive_prefix = "archive-";

struct archive_request {
    std::string day{};       // "2026-11-30"
    std::string clusters{};  // their numbers, as PostgreSQL writes an array of int4; empty: all
    std::string made_by{};
};

/// Writes out the events of a day, and the bodies and counts that belong to them. When it is done
/// all of it is there for good; when it fails nothing of it is, where the vault can remove. Nothing
/// of a day that has no events. Blocks the loop while it writes: for commands.
///
/// Errors : malformed  the request
///          and those of the connection and the vault.
task<result<backup_manifest>> archive_day(
    asio::any_io_executor loop, time_source& time, pg_options from, vault& to, archive_request what
);

}  // namespace falconer::store
