// How fast a receiver is told, and when it is left alone. Plain arithmetic; time is handed in.
#pragma once

#include "falconer/ports/alert_channel.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace falconer::alerts {

/// How long to wait before a telling is tried again: 5 s, 10 s, 20 s … 15 min, of which `share`, 0
/// to 1, says how much of its second half. `tries`: so far, from 1 on. Not before the receiver's
/// own wish.
std::chrono::milliseconds retry_pause(
    int tries, double share, std::optional<std::chrono::seconds> wish
);

/// A rate limit (token bucket) and a circuit breaker: after so many failures on end a receiver is
/// left alone for a while, each time twice as long, and then asked with one telling.
class receiver_pace {
public:
    struct options {
        double               per_minute = 30;
        double               burst      = 10;
        int                  failures   = 5;
        std::chrono::seconds rest{30}, longest_rest{std::chrono::minutes{10}};
    };
    enum class state : std::uint8_t { closed, open };

    receiver_pace(options opt, steady_time now) : opt_(opt), level_(opt.burst), filled_(now) {}

    /// So many from now on.
    void limit(double per_minute) noexcept { opt_.per_minute = per_minute; }

    /// The moment from which on it may be told something; `now` or before: at once.
    steady_time ready_at(steady_time now);
    /// A telling begins.
    void begun(steady_time now);
    /// … and has ended.
    void ended(
        delivery_answer::outcome how, std::optional<std::chrono::seconds> wish, steady_time now
    );

    state breaker() const noexcept {
        return failures_ < opt_.failures ? state::closed : state::open;
    }

private:
    void fill(steady_time now);

    options              opt_;
    double               level_;
    steady_time          filled_;
    steady_time          not_before_{};
    std::chrono::seconds rest_{};
    int                  failures_ = 0;  // on end
};

}  // namespace falconer::alerts
