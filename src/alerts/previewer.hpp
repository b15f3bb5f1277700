// Rules tried on what is stored.
#pragma once

#include "engine.hpp"
#include "falconer/ports/alert_previews.hpp"
#include "falconer/turnstile.hpp"

#include <asio/any_io_executor.hpp>

#include <string>
#include <vector>

namespace falconer::alerts {

/// What the rule would have told of these events, the oldest first, from `since` until `now`; the
/// clock is moved from one to the next. Pure.
alert_preview simulated(
    alert_rule rule, const std::vector<found_event>& events, const time_zone& zone, utc_time since,
    utc_time now
);

/// One at a time, of so many events at the most. Threading: the loop thread. Borrows the queries.
class previewer final : public alert_previews {
public:
    struct options {
        std::string zones{zone_folder};
        std::size_t events = 5'000;
        std::size_t bytes  = 16 * 1024 * 1024;  // of their texts
    };
    previewer(asio::any_io_executor loop, time_source& time, event_queries& store, options opt);

    task<result<alert_preview>> preview(alert_rule rule, readable_clusters who, utc_time since)
        override;

private:
    time_source&   time_;
    event_queries& store_;
    options        opt_;
    turnstile      one_at_a_time_;
};

}  // namespace falconer::alerts
