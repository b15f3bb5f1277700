// Where tellings wait until their receivers have them, and where it is written how that went.
#pragma once

#include "falconer/alerts/notification.hpp"
#include "falconer/async.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace falconer::alerts {

/// A telling whose turn it is: the first that waits of its group, the one of its receiver that has
/// been due for longest.
struct due_delivery {
    std::int64_t seq   = 0;
    int          tries = 0;  // so far
    std::string  project{};  // of its rule; empty: the operators'
    std::string  receiver{};
    bool         overdue = false;  // made so long ago that it is not tried again
};

/// One try, for the delivery log.
struct delivery_try {
    enum class verdict : std::uint8_t { again = 0, delivered = 1, given_up = 2 };

    std::int64_t              seq     = 0;
    verdict                   outcome = verdict::again;
    std::string               said{};
    std::chrono::milliseconds took{};
    std::chrono::milliseconds again_in{};  // of `again`
};

/// Errors of all: those of the store. Cancel: what was to be done is done or not.
class delivery_desk {
public:
    virtual ~delivery_desk() = default;

    /// Takes the right to deliver where nobody has it, or keeps it, for so long from now. `me`:
    /// this process.
    virtual task<result<bool>> hold(uuid me, std::chrono::milliseconds lease) = 0;
    /// Others need not wait for the lease's end.
    virtual task<result<void>> release(uuid me) = 0;

    /// What is due, the longest waiting first. `lifetime`: see overdue.
    virtual task<result<std::vector<due_delivery>>> due(
        std::size_t most, std::chrono::seconds lifetime
    ) = 0;
    /// Errors: also not_found (it has gone meanwhile), malformed.
    virtual task<result<notification>> read(std::int64_t seq) = 0;

    /// Whoever delivers: what was told was told. Of a telling that does not wait any more: nothing.
    virtual task<result<void>> put(delivery_try how) = 0;
};

}  // namespace falconer::alerts
