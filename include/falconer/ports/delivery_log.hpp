// How tellings stand with their receivers, for people; and dead letters, put in again.
#pragma once

#include "falconer/async.hpp"
#include "falconer/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::alerts {

/// A telling and how it stands. What was told: see delivery_desk::read().
struct kept_delivery {
    enum class state : std::uint8_t { waiting = 0, delivered = 1, given_up = 2 };

    std::int64_t            seq = 0;
    uuid                    key{};
    std::string             project{};  // empty: the operators'
    std::string             receiver{};
    state                   is    = state::waiting;
    int                     tries = 0;  // since it was put in, the last time
    utc_time                made{};
    utc_time                due{};      // of `waiting`: not before that
    std::optional<utc_time> settled{};  // of the others: since when
};

/// A line of the delivery log.
struct kept_try {
    enum class kind : std::uint8_t { again = 0, delivered = 1, given_up = 2, put_in_again = 3 };

    kind                      what = kind::again;
    utc_time                  at{};
    std::chrono::milliseconds took{};
    std::string               said{};  // the receiver, or why it said nothing
    std::string               who{};   // of put_in_again
};

/// Which ones, the newest first.
struct delivery_selection {
    std::optional<std::string>          project{};  // nothing: anybody's; empty: the operators'
    std::optional<kept_delivery::state> is{};
    std::optional<std::int64_t>         before{};  // this seq: the next page
    std::size_t                         most = 100;
};

/// Errors of all: those of the store.
class delivery_log {
public:
    virtual ~delivery_log() = default;

    virtual task<result<std::vector<kept_delivery>>> deliveries(delivery_selection which) = 0;
    /// In their order. None: there is no such telling of that project, or it was not tried yet.
    virtual task<result<std::vector<kept_try>>> tries(std::int64_t seq, std::string project) = 0;
    /// Has a dead letter tried anew. Errors: also not_found: there is none of that project.
    virtual task<result<void>> replay(std::int64_t seq, std::string project, std::string who) = 0;
};

}  // namespace falconer::alerts
