// How a connection is set that rows are copied by.
#pragma once

namespace falconer::store {

/// Written and read the same everywhere; nobody ends us for being slow.
inline constexpr auto backup_session =
    " -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex "
    "-c extra_float_digits=1 -c idle_in_transaction_session_timeout=0 -c jit=off "
    "-c standard_conforming_strings=on";

inline constexpr auto begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

}  // namespace falconer::store
