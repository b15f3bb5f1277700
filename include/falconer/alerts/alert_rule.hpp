// Alert rules: what somebody wants to hear of, when, and how often.
#pragma once

#include "falconer/event.hpp"
#include "falconer/filter.hpp"
#include "falconer/ids.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

/// Source: severities of PagerDuty's Events API v2, the finest of the channels'.
enum class severity : std::uint8_t { critical, error, warning, info };
std::string_view        name_of(severity s) noexcept;  // "critical" … "info"
std::optional<severity> severity_of(std::string_view name) noexcept;

/// How a cluster fares, as far as its events tell.
enum class cluster_health : std::uint8_t { healthy, late, silent, blind };
std::string_view              name_of(cluster_health h) noexcept;  // "healthy" … "blind"
std::optional<cluster_health> cluster_health_of(std::string_view name) noexcept;

/// When matching events make an alert.
struct threshold {
    enum class kind : std::uint8_t {
        each,        // every one does
        count,       // `at_least` of them within `window`
        distinct,    // `at_least` different values of `of` within `window`
        first_seen,  // a value of `of` that did not come within `window`
    };

    kind                 how      = kind::each;
    std::uint64_t        at_least = 1;
    filter::field        of{};
    std::chrono::seconds window{};

    friend bool operator==(const threshold&, const threshold&) = default;
};

/// A part of the week by the clock of the calendar's zone: on `days`, from, and before. Where
/// `till` is not after `from` it goes on into the next day.
struct week_span {
    std::uint8_t         days = 0x7F;  // bit n: n days after Monday
    std::chrono::minutes from{0}, till{24 * 60};

    friend bool operator==(const week_span&, const week_span&) = default;
};

/// When alerts are told. What is muted is told when the mute ends, if it goes on then.
struct calendar {
    std::string             zone = "UTC";  // a name of the IANA's time zone data base
    std::vector<week_span>  only{};        // none: always
    std::vector<week_span>  mute{};
    std::optional<priority> unless{};  // alerts of events so urgent, or more, are told at any time

    friend bool operator==(const calendar&, const calendar&) = default;
};

/// While an alert of one of these rules is active that has the same values of `equal`, ours is not
/// told. Rules of the same owner, by their names.
struct inhibition {
    std::vector<std::string> rules{};
    std::vector<std::string> equal{};  // label names

    friend bool operator==(const inhibition&, const inhibition&) = default;
};

/// One rule as it was written. Texts are plain.
struct alert_rule {
    uuid         id{};
    std::string  project{};    // whose it is; empty: the landscape's operators'
    std::string  name{};       // of its owner's rules; 1 to 128 characters
    std::int64_t version = 1;  // of its text, from 1 on; 0: of the configuration file
    bool         enabled = true;
    std::string  description{};
    std::string  owner{};    // for people: a team, an address
    std::string  runbook{};  // an http or https address

    /// Either events, or clusters' health (then `what` finds clusters: cluster, project, shoot,
    /// landscape).
    std::string                 what{};             // in the filter language
    std::vector<cluster_health> states{};           // some: a rule of clusters' health
    std::chrono::seconds        lasting{};          // … that has been so for so long
    bool                        tests_too = false;  // also test events and heartbeats

    threshold                when{};
    std::vector<std::string> group_by{};   // fields whose values tell alerts apart: their labels
    std::vector<std::string> bundle_by{};  // of these labels, those that tell notifications apart
    severity                 level = severity::warning;

    std::vector<std::string> receivers{};  // names, of its owner's or the operators'
    std::chrono::seconds     wait{10};     // before the first notification of a group
    std::chrono::seconds     interval{std::chrono::minutes{5}};  // before one of what is new in it
    std::chrono::seconds     repeat{std::chrono::hours{4}};      // before the same again
    /// An alert ends when nothing has matched for so long; of `count` and `distinct`: when there is
    /// too little within their window.
    std::chrono::seconds    quiet{std::chrono::minutes{15}};
    bool                    tell_resolved = false;
    calendar                times{};
    std::vector<inhibition> inhibited_by{};

    bool is_of_events() const noexcept { return states.empty(); }

    friend bool operator==(const alert_rule&, const alert_rule&) = default;
};

inline constexpr std::size_t longest_rule_name  = 128;  // characters
inline constexpr std::size_t most_group_fields  = 8;
inline constexpr std::size_t most_receivers     = 8;  // of one rule
inline constexpr auto        longest_window     = std::chrono::days{1};
inline constexpr auto        longest_first_seen = std::chrono::days{90};
inline constexpr std::size_t longest_label      = 256;  // bytes of a value; longer ones are cut

}  // namespace falconer::alerts
