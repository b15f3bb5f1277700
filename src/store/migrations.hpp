// The schema's history: numbered SQL files, built into the program, taken in order.
#pragma once

#include "pg_connection.hpp"

#include <span>
#include <string_view>

namespace falconer::store {

struct migration {
    int              version = 0;
    std::string_view name{};
    std::string_view sql{};
};

/// All that this program knows, oldest first. Source: src/store/migrations/NNNN_name.sql
std::span<const migration> known_migrations();

/// Who may do what; may be run again and again. Source: src/store/grants.sql
std::string_view grants_script();

/// Brings the store to the newest schema, one transaction per migration, under an advisory lock:
/// several may call at once. Then the owner sets the privileges of
/// falconer_writer and falconer_reader, where these roles exist. A store newer than this program is
/// left as it is, if it says that it is compatible with us. Yields the version the store has now.
///
/// Errors : conflict  the store is too new, or a migration was changed after it had been applied
///          broken    the database's encoding is not UTF-8
///          and those of query().
/// Cancel : the migration under way is rolled back.
task<result<int>> migrate(pg_connection& store);

}  // namespace falconer::store
