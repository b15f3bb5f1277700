// One way to reach people.
#pragma once

#include "falconer/alerts/notification.hpp"
#include "falconer/async.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace falconer::alerts {

/// What came of one try.
struct delivery_answer {
    enum class outcome : std::uint8_t {
        delivered,
        again,  // it may succeed later: no answer, 5xx, 429, …
        never,  // the receiver understood, and will not have it whatever is done
    };

    outcome                             what = outcome::again;
    std::string                         said{};   // one line for the delivery log, no secrets
    std::optional<std::chrono::seconds> after{};  // not before that, says the receiver
};

/// A receiver as its channel reaches it.
/// Threading: the loop thread; one delivery at a time of one receiver.
class alert_channel {
public:
    virtual ~alert_channel() = default;

    /// Tries once, within a limit of time of its own. The key goes with it in whatever way the
    /// channel has.
    /// Cancel: it may have been delivered.
    virtual task<delivery_answer> deliver(notification what) = 0;
};

}  // namespace falconer::alerts
