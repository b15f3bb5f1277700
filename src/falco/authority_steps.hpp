// The state machine of one authority and its leaf: which step is next, as a pure function.
#pragma once

#include "falconer/falco/certificate_plan.hpp"

#include <optional>

namespace falconer::falco {

/// One of the two authorities of a cluster as its Secret holds it. Of a previous one only the
/// certificate is kept: nobody can sign with it any more.
struct authority_state {
    key_pair                authority{};
    key_pair                leaf{};
    std::optional<key_pair> next{};
    std::string             previous{};
};

/// What there is to know of it at a moment.
struct authority_view {
    certificate_check                authority{};
    certificate_check                leaf{};
    std::optional<certificate_check> next{};
    std::optional<certificate_check> previous{};
};

authority_view view_of(
    const authority_state& state, leaf_usage usage, const std::vector<std::string>& names,
    utc_time now
);

/// It may still be of use to trust it.
bool is_worth_trusting(const certificate_check& authority) noexcept;

struct authority_question {
    const certificate_policy& policy;
    utc_time                  now{};
    std::chrono::seconds      soon{0};
    std::optional<utc_time>   rotation_asked{};
    /// Every pod of both workloads runs with exactly what the Secret holds.
    bool all_moved = false;
};

/// `by_age`: nothing is wrong, it is merely time; then the other authority of the cluster may join,
/// so that pods roll once for both.
struct next_step {
    certificate_change change{};
    bool               by_age = false;
};

next_step step_for(const authority_view& has, const authority_question& asked);

/// Whether this one, at rest, goes along with the other's renewal: it is past half its life.
bool joins(const authority_view& has, certificate_step other, const authority_question& asked);

/// The first moment after now at which step_for() may answer differently.
utc_time next_look(const authority_view& has, const authority_question& asked);

}  // namespace falconer::falco
