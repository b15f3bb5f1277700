// What the landscape's, a project's and a cluster's page ask of stored events: numbers of whole
// days.
#pragma once

#include "falconer/ports/event_queries.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace falconer {

/// Of `search`: `what` asks for clusters alone (or is null), `when` begins and ends with UTC days,
/// and `triage` says only whether hidden events are wanted.
struct landscape_search {
    event_search search{};
    std::size_t  clusters = 30;   // the noisiest
    std::size_t  rules    = 200;  // the most frequent
    std::size_t  projects = 500;
};

/// Of so many events so many are hidden; those wanted are one of the two, or what is between.
struct landscape_count {
    std::uint64_t all = 0, hidden = 0;

    std::uint64_t wanted(triage_view::hidden_events view) const {
        using enum triage_view::hidden_events;
        if (view == with) return all;
        if (view == only) return hidden;
        return all > hidden ? all - hidden : 0;
    }
    landscape_count& operator+=(const landscape_count& more) {
        all    += more.all;
        hidden += more.hidden;
        return *this;
    }
};

struct landscape_counts {
    struct rule {
        landscape_count       count{};
        priority              level = priority::debug;  // the most urgent it came with
        std::chrono::sys_days first{};                  // of all days that are kept
    };
    struct cluster {
        cluster_name                           name{};
        landscape_count                        count{};
        std::map<std::string, landscape_count> by_rule{};  // of the most frequent
    };
    struct project {
        std::uint64_t   clusters = 0;  // with events
        landscape_count count{};
    };
    std::map<std::chrono::sys_days, std::array<landscape_count, 8>> days{};  // by priority
    std::map<std::string, rule>                                     rules{};
    std::map<std::string, cluster>                                  clusters{};  // by identity
    std::map<std::string, project>                                  projects{};  // "": of none
    landscape_count                                                 total{};
    std::uint64_t                                                   clusters_with_events = 0;
    std::optional<std::chrono::sys_days> oldest{};   // nothing was ever counted: nothing
    std::optional<utc_time>              counted{};  // what was stored until then is in here
    /// Not all that is hidden could be counted in time: that of later than `reached` is.
    bool                    hidden_exact = true;
    std::optional<utc_time> reached{};
    std::uint64_t           days_missing = 0;  // days that are still to be counted
};

class landscape_queries {
public:
    virtual ~landscape_queries() = default;

    /// Errors and cancelling as of event_queries.
    virtual task<result<landscape_counts>> landscape(landscape_search what) = 0;
};

}  // namespace falconer
