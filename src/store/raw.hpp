// The exact bytes of events in which characters had to be replaced.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/time_source.hpp"
#include "pg_connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace falconer::store {

struct raw_event {
    std::string                cluster{};
    utc_time                   received{};
    bool                       replaced = false;  // there is something to see in its bytes
    std::optional<std::string> body{};
};

/// Every event of that id, the latest received first: another cluster may have the same, and the
/// same cluster on another day. `cluster` empty: of any. Errors: those of query().
task<result<std::vector<raw_event>>> read_raw(pg_connection& store, uuid id, std::string cluster);

}  // namespace falconer::store
