// Whether we see a cluster: healthy, late, silent or blind, why, and since when. Signs in, a
// verdict out; pure.
#pragma once

#include "falconer/time_source.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace falconer {

/// late: something is overdue, or one cause explains it for all. silent: nothing comes that should.
/// blind: what Falco would have to tell does not reach us. The numbers are what the store keeps.
enum class sight_state : std::uint8_t { healthy = 0, late = 1, silent = 2, blind = 3 };

/// Each cause has a state of its own, see state_of(). The numbers are what the store keeps.
enum class sight_reason : std::uint8_t {
    well       = 0,
    hibernated = 1,  // sleeps, so nothing is missed
    gone       = 2,  // deleted, or on its way to another seed; or nothing has come for a month
    no_rhythm  = 3,  // too new, or sends too rarely, to say that something is missing

    heartbeat_late = 10,
    events_late    = 11,  // by its own usual rhythm
    nodes_missing  = 12,  // fewer nodes beat than it has at least
    ingest_outage  = 13,  // most clusters have fallen silent at once: told once for all of them

    heartbeat_silent = 20,
    events_silent    = 21,

    tokens_refused = 30,  // expired or revoked ones: what they came with is lost
    only_rubbish   = 31,  // all it sends ends in quarantine
    falco_drops    = 32,  // Falco says that it misses system calls
    over_quota     = 33,  // of the most events only a sample is kept
};

sight_state                 state_of(sight_reason why) noexcept;
std::string_view            name_of(sight_state is) noexcept;    // "healthy"
std::string_view            name_of(sight_reason why) noexcept;  // "HeartbeatSilent"
std::string_view            sentence_of(sight_reason why) noexcept;
std::optional<sight_state>  sight_state_of(std::string_view name) noexcept;
std::optional<sight_reason> sight_reason_of(int number) noexcept;

struct sight {
    sight_reason why = sight_reason::well;
    utc_time     since{};

    sight_state is() const noexcept { return state_of(why); }

    friend bool operator==(const sight&, const sight&) = default;
};

/// What goes wrong minute by minute, within sight_limits::window before now.
struct trouble_trail {
    unsigned                minutes = 0;  // in which it did
    std::optional<utc_time> first{}, last{};
};

/// What is known of one cluster at a moment, of it alone.
struct cluster_signs {
    enum class rest_kind : std::uint8_t { none = 0, hibernated = 1, gone = 2 };

    rest_kind rests = rest_kind::none;
    utc_time  rests_since{};
    utc_time  awake_since{};  // since when something can be expected of it

    bool                    beats_expected = false;
    std::optional<utc_time> beat{};              // the last heartbeat that proved itself
    std::size_t             nodes_expected = 0;  // that beat, at least; 0: not known
    std::size_t             nodes_beating  = 0;  // within sight_limits::silence

    std::optional<utc_time>             event{};  // received, and stored
    std::optional<std::chrono::seconds> gap{};    // that it usually leaves between two, at most

    trouble_trail refused{}, rubbish{}, drops{}, quota{};
};

struct sight_limits {
    /// Nodes beat on the hour: one beat missed is late, two in a row are a silence.
    std::chrono::minutes beat_late{75}, silence{135};
    /// So many usual gaps, but no sooner than that.
    int                  late_gaps = 2, silent_gaps = 3;
    std::chrono::minutes soonest_late{30}, soonest_silent{60};
    std::chrono::hours   longest_gap{12};  // who leaves longer ones has no rhythm
    /// A trouble of fewer minutes within the window is none.
    unsigned             trouble_minutes = 3;
    std::chrono::minutes window{30};
    /// Whoever wakes has old tokens for a moment.
    std::chrono::minutes waking{15};
    /// Events so long after the farewell, and it has not gone.
    std::chrono::minutes farewell{60};
    std::chrono::days    given_up{30};  // a silence so long is nobody's any more
    /// An outage is one of so many clusters at least.
    std::size_t outage_clusters = 3;
};

/// `watched_since`: before then nobody has looked without interruption, so that nothing counts as
/// missed. `before`: the last verdict; what has not changed keeps its time.
sight judge_sight(
    const cluster_signs& signs, const std::optional<sight>& before, utc_time watched_since,
    utc_time now, const sight_limits& by = {}
);

/// Most clusters have fallen silent together: it is we who do not hear.
struct sight_outage {
    utc_time    since{};       // the last of them was heard
    std::size_t clusters = 0;  // that are quiet

    friend bool operator==(const sight_outage&, const sight_outage&) = default;
};

struct watched_cluster {
    cluster_signs        signs{};
    std::optional<sight> before{};
};

struct landscape_sight {
    std::vector<sight>          clusters{};  // in the order they were given
    std::optional<sight_outage> outage{};
    utc_time watched_since{};  // later than before where an outage has just ended
};

/// All clusters at a moment. Where at least as many as are still heard, and at least
/// sight_limits::outage_clusters, have fallen quiet, each of these is only late, by
/// sight_reason::ingest_outage, until that is over; then it has time again.
landscape_sight judge_landscape(
    std::span<const watched_cluster> clusters, const std::optional<sight_outage>& before,
    utc_time watched_since, utc_time now, const sight_limits& by = {}
);

}  // namespace falconer
