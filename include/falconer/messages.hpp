// Everything actors tell each other. A message is a line here, and its receiver does not compile
// until it handles it.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/time_source.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace falconer {

/// To a cluster: tokens issued before then are refused, whatever their signature says.
struct tokens_revoked {
    std::optional<utc_time> issued_before{};  // nothing: the revocation is lifted
};

/// To a cluster: its own daily budget. Source: the store's table of policies.
struct budget_changed {
    std::optional<std::uint64_t> events_per_day{};  // nothing: the landscape's default
};

/// To a cluster: what is left of its budget after all replicas have settled.
struct quota_settled {
    double        ordinary_left  = 0;  // events; below zero: overdrawn
    double        urgent_left    = 0;
    std::uint64_t ordinary_spent = 0;  // of ours, as reported to the settlement
    std::uint64_t urgent_spent   = 0;
};

/// Facts overwrite: of each kind only the newest counts.
using cluster_message = std::variant<tokens_revoked, budget_changed, quota_settled>;

/// Carries messages to actors by name. In one process that is a function call on the loop.
class post_office {
public:
    virtual ~post_office() = default;

    /// Never suspends. To a cluster nobody has heard of: kept where it is a standing order
    /// (revocation, budget), dropped otherwise.
    virtual void tell(const cluster_identity& to, const cluster_message& what) = 0;
};

}  // namespace falconer
