// What is told to a receiver: alerts that belong together, with the key that tells one telling from
// another.
#pragma once

#include "falconer/alerts/alert_rule.hpp"
#include "falconer/ports/event_queries.hpp"
#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

/// Field or property → value.
using label_set = std::map<std::string, std::string, std::less<>>;

/// An event that an alert is about, as much of it as a message needs. `at` is its key: console and
/// API find it by that.
struct alert_event {
    event_position at{};
    event_time     time{};
    priority       level = priority::debug;
    cluster_name   cluster{};
    std::string    rule{};        // Falco's
    std::string    output{};      // its first 512 bytes
    bool           late = false;  // received more than five minutes after it happened
};

/// One alert as it stands when it is told.
struct told_alert {
    uuid                     id{};    // of the same rule and labels always the same
    std::string              rule{};  // the alert rule's name
    uuid                     rule_id{};
    severity                 level = severity::warning;
    label_set                labels{};
    std::string              summary{};  // one line
    std::string              runbook{};
    utc_time                 started{};
    std::optional<utc_time>  ended{};        // said: it is resolved
    utc_time                 last{};         // receipt of the latest event
    std::uint64_t            count = 0;      // matching events since it started
    std::optional<priority>  most_urgent{};  // of events
    std::vector<alert_event> events{};       // the latest ones, at most `most_told_events`
};

/// One telling to one receiver. Everything a channel says comes from here; texts may be anybody's,
/// also an attacker's, and are not escaped.
struct notification {
    /// The same telling has the same key, however often it is tried, by whichever process. Another
    /// one has another.
    uuid                    key{};
    uuid                    group{};     // tellings about the same things to the same receiver
    std::int64_t            number = 1;  // … counted from 1 on
    std::string             receiver{};
    std::string             project{};  // of its rule; empty: the operators'
    label_set               labels{};   // that all its alerts share by `bundle_by`
    severity                level    = severity::warning;  // the worst of its alerts
    bool                    resolved = false;              // all of them are
    bool                    repeated = false;  // nothing is new since the telling before
    bool                    test     = false;  // somebody tries the receiver
    std::string             title{};           // one line
    utc_time                made{};
    std::vector<told_alert> alerts{};      // the newest first, at most `most_told_alerts`
    std::uint64_t           left_out = 0;  // so many more there are
};

inline constexpr std::size_t most_told_events = 5;
inline constexpr std::size_t most_told_alerts = 50;
inline constexpr std::size_t told_output      = 512;  // bytes of an event's output

value      value_of(const told_alert& alert);
told_alert told_alert_of(const value& is);  // what is missing stays as by default

/// As the store keeps it and a signed webhook says it; `version` 1 within. Pure.
std::string json_of(const notification& what);
/// Errors: malformed.
result<notification> notification_of(std::string_view json);

}  // namespace falconer::alerts
