// From the bytes of a request to an event, or to the reason why not.
#pragma once

#include "falconer/event.hpp"
#include "falconer/ids.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace falconer::ingest {

/// More than that is not read: 413. Whoever takes in the bytes measures them.
inline constexpr std::size_t max_body_bytes = 1024 * 1024;

/// The event schema's limits.
/// Source: docs/operations.md; what Falco and Falcosidekick send stays far below.
inline constexpr std::size_t        max_rule_characters     = 256;
inline constexpr std::size_t        max_hostname_characters = 253;
inline constexpr std::size_t        max_output_bytes        = 64 * 1024;
inline constexpr std::size_t        max_tags                = 64;
inline constexpr std::size_t        max_depth               = 32;  // the event itself is level 1
inline constexpr std::chrono::hours future_tolerance{24};

/// What is to happen to a body.
struct event_verdict {
    enum class kind {
        store,       // `event`, complete but for `from`; `received` is the `now` handed in
        quarantine,  // one JSON object that breaks the schema: `about` and `reason`
        reject400,   // not one JSON object, or another cluster's: `reason`
    };
    kind        what = kind::reject400;
    falco_event event{};
    std::string about{};   // the key at fault; number, depth; nul, surrogate in such a key
    std::string reason{};  // one line of printable ASCII, for people
};
/// "store", "quarantine", "reject400"
std::string_view name_of(event_verdict::kind kind) noexcept;

/// Reads a body that a cluster sent. The first of reject400, quarantine and store that applies
/// counts, so the body is always read to its end. `body` is not changed; an event in which
/// characters had to be replaced keeps a copy.
event_verdict check_event(std::string_view body, const cluster_identity& from, utc_time now);

/// The same for a body of which nobody knows the sender: any output_fields.cluster_id that is a
/// string will do. A minted uuid is that of the cluster_id's cluster, or of a cluster without name.
event_verdict check_event_of_any_cluster(std::string_view body, utc_time now);

}  // namespace falconer::ingest
