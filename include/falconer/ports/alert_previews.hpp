// What a rule would have told, had it been there.
#pragma once

#include "falconer/alerts/alert_rule.hpp"
#include "falconer/async.hpp"
#include "falconer/ports/event_queries.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace falconer::alerts {

struct alert_preview {
    struct telling {
        utc_time      at{};
        std::string   title{};
        std::uint64_t alerts   = 0;
        bool          resolved = false;
        bool          repeated = false;
    };
    utc_time             since{};        // from here on it was looked at
    bool                 exact  = true;  // false: there were too many events to look further back
    std::uint64_t        events = 0;     // that the filter has found
    std::uint64_t        alerts = 0;     // that began
    std::uint64_t        told   = 0;     // to each receiver
    std::vector<telling> tellings{};     // the latest first, at most `most_previewed`
};
inline constexpr std::size_t most_previewed = 100;

class alert_previews {
public:
    virtual ~alert_previews() = default;

    /// A rule of events, of the clusters that somebody may see. Silences and other rules, which
    /// may inhibit it, are left aside.
    /// Errors : malformed  its filter, or a rule of clusters' health; and those of event_queries
    virtual task<result<alert_preview>> preview(
        alert_rule rule, readable_clusters who, utc_time since
    ) = 0;
};

}  // namespace falconer::alerts
