// What a rule with a threshold has seen within its window, for one set of labels. By receipt: a
// late event counts where it was received.
#pragma once

#include "falconer/alerts/notification.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace falconer::alerts {

/// Counts are kept by steps of a sixtieth of the window, at least a second: what is older than the
/// window goes a step at a time.
class event_window {
public:
    event_window() = default;
    explicit event_window(const threshold& of);

    /// Whether there is enough with it: in any window that it is in. `what`: the text whose values
    /// are told apart, or empty.
    bool add(utc_time received, std::string_view what);
    /// Whether there is enough in the window that ends at `now`.
    bool is_enough(utc_time now) const;
    /// Forgets what no window can reach any more. Whether nothing is left.
    bool prune(utc_time now);

    /// What it begins with, of first_seen: until then nothing is new.
    void learn_until(utc_time when) { learns_until_ = when; }

    value value_of() const;
    void  put(const value& is);

private:
    using kind = threshold::kind;
    std::int64_t  step_of(utc_time t) const;
    std::uint64_t within(std::int64_t first, std::int64_t last) const;

    /// Late events come up to so long after the newest, else they count as if by themselves.
    static constexpr std::size_t most_steps  = 256;
    static constexpr std::size_t most_values = 10'000;

    threshold                             of_{};
    std::int64_t                          step_  = 1;   // seconds
    std::int64_t                          steps_ = 60;  // in a window
    std::map<std::int64_t, std::uint64_t> counts_;      // by the step
    std::map<std::uint64_t, std::int64_t> values_;      // a value's digest → its latest step
    utc_time                              learns_until_{};
};

}  // namespace falconer::alerts
