// Where it is kept what people think of events: assessments, suppressions, and who did what.
#pragma once

#include "falconer/ports/event_queries.hpp"
#include "falconer/triage.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer {

/// How an event stands, and who said so.
struct assessment {
    std::int64_t               action = 0;  // the latest; of its store
    triage_state               state  = triage_state::fresh;
    std::optional<std::string> assignee{};
    std::optional<utc_time>    expires{};
    std::string                who{}, reason{}, comment{};  // of what gave it its state
    std::optional<utc_time>    at{};

    /// What has expired is new again.
    triage_state state_at(utc_time now) const {
        return expires && *expires <= now ? triage_state::fresh : state;
    }
};
using assessments = std::map<event_position, assessment>;

/// The newest of a search, by their places.
struct found_places {
    std::vector<event_position> places{};
    bool                        more = false;  // there are others, older ones
    bool complete = true;  // else it took too long, and older ones were not looked for
};

struct assess_order {
    struct one {
        event_position              at{};
        std::optional<std::int64_t> seen{};  // the action that was the latest; 0: none had been
    };
    uuid                        id{};  // of the action: told twice, it is done once
    std::string                 who{};
    std::vector<one>            events{};
    std::optional<triage_state> state{};     // nothing: as it stands
    std::optional<std::string>  assignee{};  // nothing: as it is; empty: nobody
    std::optional<utc_time>     expires{};   // of the state
    std::string                 reason{}, comment{};
    std::string                 filter{};  // by which they were found; empty: one by one
    utc_time                    now{};
};

/// What became of it.
struct triage_outcome {
    std::uint64_t events = 0;
    std::uint64_t passed = 0;  // an undo: others have assessed them since
};

struct triage_action {
    enum class kind : std::uint8_t { assess, undo, suppress, change, lift, incident, reopen };

    std::int64_t                seq = 0;  // of its store
    uuid                        id{};
    utc_time                    at{};
    std::string                 who{};
    kind                        what = kind::assess;
    std::optional<triage_state> state{};
    std::optional<std::string>  assignee{};
    std::optional<utc_time>     expires{};
    std::string                 reason{}, comment{}, filter{};
    std::uint64_t               events = 0;
    std::optional<uuid>         undoes{}, undone_by{}, suppression{};
    /// What incidents were made, if it was about these.
    std::optional<incident_state> incidents{};
};
/// By their numbers; the store keeps these names.
inline constexpr std::array<std::string_view, 7> triage_action_names{
    "assess", "undo", "suppress", "change", "lift", "incident", "reopen"
};
constexpr std::string_view name_of(triage_action::kind is) {
    return triage_action_names.at(static_cast<std::size_t>(is));
}

/// The newest first.
struct action_search {
    readable_clusters       who{};  // who sees all projects that it is about
    std::optional<uuid>     id{};
    std::optional<uuid>     suppression{};
    std::optional<utc_time> before{};  // older than that
    std::size_t             limit = 50;
};

struct suppression {
    uuid                     id{};
    std::string              filter{};
    std::string              project{};   // its scope; empty: the clusters
    std::vector<std::string> clusters{};  // identities; none and no project: everywhere
    std::string              reason{}, owner{}, made_by{};
    utc_time                 made{}, expires{};
    std::optional<utc_time>  lifted{};

    bool holds_at(utc_time now) const { return !lifted && expires > now; }
};
struct suppression_change {
    uuid                       id{}, action{};
    std::string                who{}, why{};
    std::optional<std::string> owner{}, reason{};
    std::optional<utc_time>    expires{};
    bool                       lift = false;
};

/// How much of each cluster a search finds.
struct cluster_counts {
    std::map<std::string, std::uint64_t> by_cluster{};  // by identity
    bool                                 exact = true;
    std::optional<utc_time>              reached{};  // all newer are counted; nothing: all are
};

/// Events themselves never change. Every action leaves who, when, what and why, which nobody can
/// change afterwards.
///
/// Errors of all : those of event_queries
/// Cancel        : stops waiting; what was to be done is done or not
class triage_desk {
public:
    virtual ~triage_desk() = default;

    /// Of those that were ever assessed.
    virtual task<result<assessments>> standing(std::vector<event_position> of) = 0;
    /// Of these, those that are there and somebody's to see.
    virtual task<result<std::vector<event_position>>> visible(
        std::vector<event_position> of, readable_clusters who
    )                                                                                 = 0;
    virtual task<result<found_places>>   places(event_search what, std::size_t limit) = 0;
    virtual task<result<cluster_counts>> count(event_search what)                     = 0;

    /// Errors : conflict  others have assessed one of them since it was seen; nothing was done
    virtual task<result<triage_outcome>> assess(assess_order what) = 0;
    /// Each of its events stands again as before, unless somebody has assessed it since.
    /// Errors : not_found
    virtual task<result<triage_outcome>> undo(
        uuid action, uuid of, std::string who, std::string why
    ) = 0;

    /// What was done to an event, the latest last; each with the state that it then had.
    virtual task<result<std::vector<triage_action>>> history(event_position of)  = 0;
    virtual task<result<std::vector<triage_action>>> actions(action_search what) = 0;

    /// The newest first. `holding`: only those that hold at that time.
    virtual task<result<std::vector<suppression>>> suppressions(std::optional<utc_time> holding
    ) = 0;
    /// Errors : already_exists
    virtual task<result<void>> suppress(suppression what, uuid action, std::string comment) = 0;
    /// Errors : not_found  there is none, or it was lifted
    virtual task<result<void>> change(suppression_change what) = 0;
};

}  // namespace falconer
