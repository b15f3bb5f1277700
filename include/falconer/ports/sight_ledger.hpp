// Where it is kept what is known of clusters over time, and how they were last seen.
#pragma once

#include "falconer/async.hpp"
#include "falconer/sight.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer {

/// Of one cluster, by the store's number.
struct sight_record {
    std::int32_t         cluster = 0;
    std::string          identity{};
    cluster_signs        signs{};  // as far as the store knows: no heartbeats are expected by it
    std::optional<sight> seen{};   // the last verdict
};

struct sight_records {
    utc_time                    now{};            // by the store's clock
    std::optional<utc_time>     last_round{};     // somebody has judged them
    utc_time                    watched_since{};  // see judge_sight()
    std::optional<sight_outage> outage{};
    std::vector<sight_record>   clusters{};
};

/// What shall be kept of a round. Of the clusters only those of which something is new.
struct sight_round {
    utc_time                    watched_since{};
    std::optional<sight_outage> outage{};
    std::vector<sight_record>   clusters{};
};

class sight_ledger {
public:
    virtual ~sight_ledger() = default;

    /// Nothing: another replica judges them. Who has been given them once goes on being the one, as
    /// long as he is connected.
    /// Errors : those of the store. Cancel: at any point.
    virtual task<result<std::optional<sight_records>>> look() = 0;

    /// All of it or nothing. What has become of a cluster otherwise than before is a change, kept
    /// with its time. Yields how many changes there were.
    /// Errors : those of the store, and conflict: it is not we any more who judge them.
    virtual task<result<std::uint64_t>> keep(sight_round what) = 0;
};

}  // namespace falconer
