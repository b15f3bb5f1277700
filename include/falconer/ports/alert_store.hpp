// What evaluating alerts asks of the store, and leaves in it.
#pragma once

#include "falconer/alerts/notification.hpp"
#include "falconer/alerts/silence.hpp"
#include "falconer/async.hpp"
#include "falconer/sight.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::alerts {

/// Events of one cluster, Falco's rule and priority, by the store's numbers.
struct event_cell {
    std::int32_t cluster = 0, rule = 0;
    priority     level = priority::debug;

    friend auto operator<=>(const event_cell&, const event_cell&) = default;
};
struct event_cell_hash {
    std::size_t operator()(const event_cell& cell) const noexcept {
        const auto both = static_cast<std::uint64_t>(static_cast<std::uint32_t>(cell.cluster))
                              << 32 |
                          static_cast<std::uint32_t>(cell.rule);
        return static_cast<std::size_t>(
            (both ^ static_cast<std::uint64_t>(cell.level) << 29) * 0x9E37'79B9'7F4A'7C15U >> 7
        );
    }
};

/// Where evaluation stands: all batches before (xid, within) are done.
struct alert_progress {
    std::string  xid{"0"};
    std::int64_t within = 0;
    std::int64_t step   = 0;  // how often something was put down

    friend bool operator==(const alert_progress&, const alert_progress&) = default;
};

/// The right to evaluate a shard, for a while.
struct alert_hold {
    bool           ours = false;
    alert_progress progress{};
    std::int64_t   edition = 0;      // of rules and silences: another number, something has changed
    bool           lost    = false;  // it was another server's: what came meanwhile is passed over
};

/// Batches that came since, with what is in them.
struct new_batches {
    alert_progress            till{};  // step as it was
    std::vector<event_cell>   cells{};
    std::vector<std::int64_t> seqs{};
    utc_time                  since{}, until{};  // of receipt, all of their events
    std::uint64_t             events = 0;
    bool                      more   = false;  // there are further ones
    std::chrono::seconds      behind{};        // since the oldest of them was stored
};

/// Where an event stands among those of some batches.
struct event_mark {
    utc_time     received{};
    uuid         id{};
    std::int32_t cluster = 0;
};
struct cell_event {
    event_cell  cell{};
    found_event event{};
};
struct event_portion {
    std::vector<cell_event>   events{};
    std::optional<event_mark> next{};  // behind which there are more; nothing: that was all
};

/// What a cell's numbers mean.
struct cell_name {
    event_cell   cell{};
    cluster_name cluster{};
    std::string  rule{};
};

/// Clusters as they were seen last, those of which something is wrong; see falconer/sight.hpp.
struct seen_cluster {
    cluster_name cluster{};
    sight        seen{};
};
struct seen_clusters {
    std::vector<seen_cluster>   unwell{};
    std::optional<sight_outage> outage{};
};

/// What must be kept, by its kind: alerts, windows, bundles of notifications.
struct alert_row {
    enum class kind : std::uint8_t { alert = 0, window = 1, bundle = 2 };

    kind                       is = kind::alert;
    uuid                       id{};
    uuid                       rule{};
    std::optional<std::string> body{};  // JSON; nothing: it is gone
};

/// Errors of all: those of the store. Cancel: what was to be done is done or not.
class alert_store {
public:
    virtual ~alert_store() = default;

    /// Takes the shard where nobody has it, or keeps it, for so long from now. `me`: this process.
    virtual task<result<alert_hold>> hold(int shard, uuid me, std::chrono::milliseconds lease) = 0;
    /// Others need not wait for the lease's end.
    virtual task<result<void>> release(int shard, uuid me) = 0;

    virtual task<result<std::vector<alert_rule>>> rules()         = 0;  // the projects'
    virtual task<result<std::vector<silence>>>    silences()      = 0;  // in force, or to come
    virtual task<result<std::vector<alert_row>>>  rows(int shard) = 0;
    virtual task<result<seen_clusters>>           clusters()      = 0;

    virtual task<result<new_batches>> look(alert_progress from, std::size_t events) = 0;
    /// The same where nobody asks what is in them: as far as one can get, without looking.
    virtual task<result<new_batches>>            pass_over(alert_progress from)    = 0;
    virtual task<result<std::vector<cell_name>>> names(std::vector<event_cell> of) = 0;
    /// The events of these cells in these batches, in the order of receipt, behind one of them or
    /// from the first on. Those that have gone meanwhile are not among them.
    virtual task<result<event_portion>> events(
        new_batches in, std::vector<event_cell> of, std::optional<event_mark> after
    ) = 0;

    /// All of it or nothing, and only while the shard is ours and stands at `from`. False: it is
    /// not, and nothing was done.
    virtual task<result<bool>> put(
        int shard, uuid me, alert_progress from, alert_progress till, std::vector<alert_row> rows,
        std::vector<notification> tell
    ) = 0;

    /// Returns when something may have come, at the latest after so long.
    virtual task<result<void>> wait(std::chrono::milliseconds most) = 0;
};

}  // namespace falconer::alerts
