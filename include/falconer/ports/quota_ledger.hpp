// Where all replicas keep the clusters' quotas together.
#pragma once

#include "falconer/async.hpp"
#include "falconer/ids.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace falconer {

/// What one replica let a cluster spend since its last settlement, and the limits it went by. Two
/// budgets: the ordinary one, and the one of Emergency to Critical. Events; refilled evenly over a
/// day. And samples, stored beyond the budget.
struct quota_usage {
    struct budget {
        std::uint64_t spent   = 0;
        double        per_day = 0;
        double        burst   = 0;
    };
    cluster_ref   cluster{};
    budget        ordinary{};
    budget        urgent{};
    std::uint64_t samples = 0;
};

/// What is left of a cluster's budgets after all replicas' spending; below zero: overdrawn.
struct quota_left {
    double        ordinary = 0;
    double        urgent   = 0;
    std::uint64_t samples  = 0;  // not left, but stored today (UTC, by the store's clock)
};

class quota_ledger {
public:
    virtual ~quota_ledger() = default;

    /// Books all usages or none; yields what is left, in the same order. One call at a time. What
    /// has been booked under an id is not booked again: after an unclear end the same call is
    /// repeated, before any other.
    ///
    /// Errors : malformed, too_large, conflict  one of them cannot be booked; nothing was
    ///          any other                       unclear whether they were booked
    virtual task<result<std::vector<quota_left>>> settle(
        const uuid& id, std::span<const quota_usage> usages
    ) = 0;
};

}  // namespace falconer
