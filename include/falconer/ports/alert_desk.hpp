// Alert rules and silences as people keep them, and the alerts there are.
#pragma once

#include "falconer/alerts/notification.hpp"
#include "falconer/alerts/silence.hpp"
#include "falconer/async.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace falconer::alerts {

/// A project's rule, and who wrote it last.
struct kept_rule {
    alert_rule  rule{};
    std::string changed_by{};
    utc_time    changed_at{};
    std::string problem{};  // it is not understood by this program, and tells nobody
};

struct rule_order {
    uuid         action{};  // told twice, it is done once
    std::string  who{};
    alert_rule   rule{};
    std::int64_t seen = 0;  // the version that is changed; 0: it is new
};

/// What was done to a rule or a silence, which nobody can change afterwards.
struct alert_change {
    uuid         id{}, subject{};
    utc_time     at{};
    std::int64_t version = 0;  // of a rule
    std::string  who{};
    std::string  what{};  // create, change, delete, silence, unsilence
    std::string  project{};
    std::string  body{};  // what it was from then on, as JSON
};

struct standing_alert {
    told_alert  alert{};
    std::string project{};  // of its rule; empty: the operators'
};

/// Errors of all : those of event_queries
/// Cancel        : stops waiting; what was to be done is done or not
class alert_desk {
public:
    virtual ~alert_desk() = default;

    /// The projects', by project and name.
    virtual task<result<std::vector<kept_rule>>> rules() = 0;
    /// Yields the version that it has now.
    /// Errors : conflict    it is not what was seen, or its project has one of that name
    ///          overloaded  its project has as many as it may
    virtual task<result<std::int64_t>> write(rule_order order) = 0;
    /// Errors : conflict  it is not what was seen, or not there
    virtual task<result<void>> drop(rule_order order) = 0;

    /// Those that are over, too, of the last thirty days; the newest first.
    virtual task<result<std::vector<silence>>> silences() = 0;
    /// `what.who` has made it.
    virtual task<result<void>> hush(uuid action, silence what) = 0;
    /// Errors : not_found  it is not there, not of that project, or over
    virtual task<result<void>> unhush(
        uuid action, std::string who, uuid silence, std::string project
    ) = 0;

    /// The latest first, at most 200.
    virtual task<result<std::vector<alert_change>>> story(uuid subject) = 0;

    virtual task<result<std::vector<standing_alert>>> standing() = 0;
};

}  // namespace falconer::alerts
