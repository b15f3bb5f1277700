// Incidents: what a rule has found in a workload of a cluster, as one thing, however often it
// happens.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "falconer/ports/triage_desk.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer {

/// Where it happens. The store keeps these numbers.
struct incident_place {
    enum class kind : std::uint8_t {
        node      = 0,  // itself
        pod       = 1,  // `name`: of the workload, see filter::workload_of()
        container = 2,  // of no pod; `name` may be empty
        others    = 3,  // all workloads for which the cluster has no room any more
    };

    kind        is = kind::node;
    std::string space{};  // of a pod: its namespace
    std::string name{};
};

struct incident {
    uuid                       id{};  // of the same cluster, rule and place always the same
    cluster_name               cluster{};
    std::string                rule{};
    incident_place             place{};
    priority                   level = priority::debug;  // the most urgent
    std::uint64_t              count = 0;                // also of events that are gone by now
    utc_time                   first{}, last{};          // of receipt
    incident_state             state  = incident_state::open;
    std::int64_t               action = 0;  // the latest; 0: there was none
    std::optional<std::string> assignee{};
    bool                       reopened = false;  // it was resolved, and has happened again
    /// Events by hours since 1970, the oldest first; of as many hours as were asked for.
    std::vector<std::pair<std::int64_t, std::uint64_t>> hours{};
};

/// Where an incident stands among all, the one that happened last first.
struct incident_position {
    utc_time last{};
    uuid     id{};

    /// "UUID.MICROSECONDS".
    std::string                             text() const;
    static std::optional<incident_position> parse(std::string_view text);

    friend auto operator<=>(const incident_position&, const incident_position&) = default;
};

/// What is wanted of a filter's fields, see is_of_incidents().
struct incident_search {
    readable_clusters                who{};
    filter::node_ptr                 what{};
    std::optional<utc_time>          since{};     // happened last then or later
    std::uint8_t                     states = 0;  // bit n: state n; 0: any
    std::optional<std::string>       assignee{};
    std::optional<incident_position> before{};  // older than that
    std::optional<uuid>              but{};     // not this one
    std::size_t                      limit = 50;
    utc_time                         hours_from{};  // of `hours`
};

/// Whether incidents can be searched by it: it asks for nothing but words, rule, priority, cluster,
/// project, shoot, landscape, workload, k8s.ns.name and container.name. Else the name of what it
/// asks for. Pure.
std::optional<std::string> not_of_incidents(const filter::node& what);

struct incident_order {
    struct one {
        uuid                        id{};
        std::optional<std::int64_t> seen{};  // the action that was the latest; 0: none had been
    };
    uuid                          id{};  // of the action: told twice, it is done once
    std::string                   who{};
    std::vector<one>              incidents{};
    std::optional<incident_state> state{};     // nothing: as it stands
    std::optional<std::string>    assignee{};  // nothing: as it is; empty: nobody
    std::string                   reason{}, comment{};
};

/// Which images have done what a rule is about, as far as somebody may see.
struct image_history {
    struct sighting {
        cluster_name  cluster{};
        utc_time      first{}, last{};
        std::uint64_t count = 0;
    };
    std::optional<sighting> here{};      // in the cluster that was asked for
    std::optional<sighting> earliest{};  // in any
    std::uint64_t           clusters = 0;
    utc_time                since{};  // of what was received before it knows nothing
};

/// They come about some seconds after their events were stored. What people make of them leaves
/// who, when, what and why, which nobody can change afterwards.
///
/// Errors of all : those of event_queries
/// Cancel        : stops waiting; what was to be done is done or not
class incident_desk {
public:
    virtual ~incident_desk() = default;

    /// The one that happened last first.
    virtual task<result<std::vector<incident>>> incidents(incident_search what) = 0;
    /// Those of them that are there and somebody's to see.
    virtual task<result<std::vector<incident>>> find(
        std::vector<uuid> ids, readable_clusters who, utc_time hours_from
    ) = 0;
    /// What was done to it, the latest last.
    virtual task<result<std::vector<triage_action>>> story(uuid id) = 0;

    /// Yields how many. Errors : conflict  others have changed one of them since it was seen;
    /// nothing was done
    virtual task<result<std::uint64_t>> act(incident_order what) = 0;

    /// `image`: without its tag; empty: none, the node itself. `cluster`: an identity.
    virtual task<result<image_history>> first_seen(
        std::string rule, std::string image, std::string cluster, readable_clusters who
    ) = 0;
};

/// What of an event tells its incident's place.
incident_place incident_place_of(const value& output_fields);
/// The same id as the store's.
uuid incident_id(std::string_view identity, std::string_view rule, const incident_place& place);

}  // namespace falconer
