// How many events of a batch fall on which minute, cluster, rule and priority. Pure.
#pragma once

#include "falconer/event.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace falconer::store {

/// The numbers of cluster and rule are the dictionary's.
struct event_place {
    std::int32_t minute  = 0;  // of receipt, since 1970
    std::int32_t cluster = 0;
    std::int32_t rule    = 0;
    std::int16_t level   = 0;

    friend auto operator<=>(const event_place&, const event_place&) = default;
};

/// The arrays of falconer.batch, in the order of its columns: minutes, clusters, rules, priorities,
/// counts. An element each per place. `places` is sorted on the way.
/// Source: migrations/0006_following.sql
std::string columns_of_counts(std::vector<event_place>& places);

/// The same as something to select from: a row per place.
std::string rows_of_counts(std::vector<event_place>& places);

}  // namespace falconer::store
