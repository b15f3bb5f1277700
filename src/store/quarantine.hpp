// Bodies kept aside: what is there, and what became of it.
#pragma once

#include "falconer/time_source.hpp"
#include "pg_connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::store {

struct kept_body {
    std::int64_t            id = 0;
    utc_time                received{};
    std::string             cluster{};
    std::string             about{};
    std::string             reason{};
    std::uint64_t           size = 0;
    std::optional<utc_time> replayed{};
    std::string             body{};  // only of one that was asked for by its id
};

struct quarantine_filter {
    std::string             cluster{};  // empty: all
    std::optional<utc_time> since{};
    bool                    replayed_too = false;
    std::int64_t            after        = 0;  // ids beyond that, for going on
    int                     limit        = 100;
    bool                    newest_first = true;
};

/// Without the bodies. Errors: those of query().
task<result<std::vector<kept_body>>> list_quarantine(pg_connection& store, quarantine_filter which);

/// With the body. Errors: not_found, and those of query().
task<result<kept_body>> read_quarantined(pg_connection& store, std::int64_t id);

/// It has been stored as an event after all. Errors: those of query().
task<result<void>> mark_replayed(pg_connection& store, std::int64_t id);

}  // namespace falconer::store
