// How it is with a cluster's Falco, as gardenlet may read it: facts in, conditions out. Source:
// contract §3; gardener/gardener, pkg/gardenlet/controller/shoot/care/health.go.
#pragma once

#include "falconer/falco/managed_resource.hpp"
#include "falconer/falco/pod_troubles.hpp"
#include "falconer/sight.hpp"
#include "falconer/time_source.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// Falco itself: its pods, its rules, what it refers to.
inline constexpr std::string_view system_condition = "SystemComponentsHealthy";
/// What becomes of its events: Falcosidekick, destinations, heartbeat, quota.
inline constexpr std::string_view observability_condition = "ObservabilityComponentsHealthy";

struct health_condition {
    std::string              type{};
    std::string              status = "True";  // or False, Progressing, Unknown
    std::string              reason{}, message{};
    std::vector<std::string> codes{};  // ERR_…

    friend bool operator==(const health_condition&, const health_condition&) = default;
};

/// What is known of one cluster at a moment.
struct health_facts {
    bool hibernated = false;
    /// What the resource manager says of what was delivered; nothing: it is not there.
    std::optional<managed_resource_state> target{};
    std::optional<managed_resource_state> beside{};  // on the seed; not there: none is needed
    /// Of the pods; nothing: nobody has looked, because nothing seemed wrong.
    std::vector<pod_trouble> pods{};
    std::string              not_looked_at{};  // why nobody could look
    /// Why the last round could not do its work; empty: it did.
    std::string              trouble{};
    std::vector<std::string> trouble_codes{};
    std::vector<std::string> left_out{};  // of what was asked for, a sentence each
    /// Why custom rules are not delivered as they are asked for, each with its file and line.
    std::vector<std::string> broken_rules{};
    /// Its heartbeat is expected and has not been heard since; nothing: it has.
    std::optional<utc_time> silent_since{};
    bool                    over_quota = false;
    /// What else is wrong with how its events are seen, if anything.
    std::optional<sight> seen{};
    std::string          version_notice{};  // it has to leave its version; nothing is wrong yet
};

/// Both conditions. Each cause has its own fixed reason; of several the gravest names the reason,
/// and the message names all.
std::vector<health_condition> judge(const health_facts& facts);

/// The conditions of these types as they stand in an Extension.
std::vector<health_condition> conditions_in(const value& extension);

/// A merge patch of `/status` with the resourceVersion: the whole list, others' conditions as they
/// are. Nothing: it says so already.
std::optional<value> conditions_patch(
    const value& extension, const std::vector<health_condition>& are, utc_time now
);

}  // namespace falconer::falco
