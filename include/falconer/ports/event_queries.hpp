// What the console asks of stored events, whichever store they lie in.
#pragma once

#include "falconer/async.hpp"
#include "falconer/event.hpp"
#include "falconer/filter.hpp"
#include "falconer/sight.hpp"
#include "falconer/triage.hpp"
#include "falconer/value.hpp"

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace falconer {

/// Whose events somebody may see. Nothing said: nobody's.
struct readable_clusters {
    bool                     everything = false;  // also those that are no shoots
    std::vector<std::string> projects{};          // else only these projects' shoots
    /// When they began, where that is known. A cluster's identity has its shoot's UID in it, so one
    /// that was heard of before then was of another project of that name.
    std::map<std::string, utc_time, std::less<>> begun{};
    std::string landscape{};  // whose projects these are; empty: of any

    friend bool operator==(const readable_clusters&, const readable_clusters&) = default;
};

inline bool is_nobodys(const readable_clusters& these) {
    return !these.everything && these.projects.empty();
}

struct cluster_name {
    std::string                identity{};
    std::optional<std::string> landscape{}, project{}, name{};  // where it looks like a shoot's
    std::optional<utc_time>    first_seen{};                    // by its store
};
/// Whether somebody may see a cluster's events. The same verdict as the store's.
bool may_see(const readable_clusters& who, const cluster_name& what);

/// Where an event stands among all events of all stores, the newest first; and what it is called.
struct event_position {
    utc_time    received{};  // to the microsecond
    uuid        id{};
    std::string cluster{};  // the first 8 bytes of SHA-256 of its identity, in hex

    /// "UUID.MICROSECONDS.CLUSTER".
    std::string                          text() const;
    static std::optional<event_position> parse(std::string_view text);

    friend auto operator<=>(const event_position&, const event_position&) = default;
};

/// An event as the store gives it back. tags: a JSON array, or empty; the output fields and `extra`
/// as JSON objects.
struct found_event {
    event_position             at{};
    event_time                 time{};
    priority                   level = priority::debug;
    std::uint16_t              flags = 0;
    cluster_name               cluster{};
    std::string                rule{};
    std::optional<std::string> source{}, hostname{}, output{};
    std::string                tags{};
    std::string                output_fields{};
    std::string                extra{};
    std::string                store{};  // which one it lies in

    bool has(event_flag f) const noexcept { return (flags & static_cast<std::uint16_t>(f)) != 0; }
};

/// A found event taken apart, for whoever looks into it here. Borrows the event.
class event_contents {
public:
    explicit event_contents(const found_event& of);
    event_contents(const event_contents&)            = delete;
    event_contents& operator=(const event_contents&) = delete;

    const filter::subject&          subject() const { return subject_; }
    const std::vector<std::string>& tags() const { return tags_; }
    const value&                    fields() const { return fields_; }

private:
    value                    fields_{};
    std::vector<std::string> tags_{};
    filter::subject          subject_{};
};

/// Receipt from, and before.
struct receipt_span {
    std::optional<utc_time> since{}, until{};
};

struct event_search {
    filter::node_ptr          what{};  // null: everything
    readable_clusters         who{};
    receipt_span              when{};
    std::chrono::milliseconds patience{3000};  // then: as far as one got
    triage_view               triage{};
};

struct page_search {
    event_search                  search{};
    std::optional<event_position> before{};  // older than that
    std::size_t                   limit = 50;
    std::size_t                   bytes = 4 * 1024 * 1024;  // of events, about; one there is always
    bool                          whole_output = true;      // else its first 1024 characters
};

struct event_slice {
    std::vector<found_event> events{};     // the newest first
    bool                     end = false;  // there is nothing older
    /// Nothing newer than this is left out; of an end: the beginning of time.
    utc_time reached{};
};

/// How often each value of a field comes.
struct facet {
    std::string                                        field{};
    std::vector<std::pair<std::string, std::uint64_t>> values{};  // the most frequent first
    bool                                               more  = false;
    bool                                               exact = true;
};
struct facet_search {
    event_search             search{};
    std::vector<std::string> fields{};
    std::size_t              limit = 10;
    std::string              prefix{};  // of values, any case
};

struct histogram_search {
    event_search         search{};
    std::chrono::seconds step{60};
};
struct time_histogram {
    struct bucket {
        std::array<std::uint64_t, 8> by_priority{};
    };
    std::map<std::int64_t, bucket> buckets{};  // by the seconds since 1970 they begin at
    bool                           exact = true;
    std::optional<utc_time>        reached{};  // all newer are counted; nothing: all are
};

/// How a cluster fares.
struct cluster_state {
    cluster_name                 name{};
    utc_time                     first_seen{};
    std::optional<utc_time>      last_event{};  // by the minute
    std::uint64_t                events_24h = 0;
    std::optional<std::int64_t>  daily_events{};  // of its own policy
    std::optional<double>        quota_left{};
    bool                         over_quota  = false;  // in the last hour
    std::uint64_t                quarantined = 0;
    std::array<std::uint64_t, 4> lost{};  // by event_tally::cause, in 24 h
    std::optional<sight>         seen{};  // nothing: nobody has judged it yet
};
/// The one heard of last first; never heard of: the beginning of time.
struct cluster_position {
    utc_time    last{};
    std::string identity{};

    friend auto operator<=>(const cluster_position&, const cluster_position&) = default;
};
struct cluster_search {
    readable_clusters               who{};
    std::string                     text{};    // part of the identity, any case
    std::optional<cluster_position> before{};  // heard of earlier
    std::size_t                     limit = 200;
};

struct aside_body {
    std::int64_t            id = 0;
    utc_time                received{};
    cluster_name            cluster{};
    std::string             digest{};  // of the cluster, as in event_position
    std::string             about{}, reason{};
    std::uint64_t           size = 0;
    std::optional<utc_time> replayed{};
    std::string             body{};  // only of one that was asked for by its id
};
struct aside_search {
    readable_clusters           who{};
    std::string                 cluster{};  // an identity; empty: all
    std::optional<utc_time>     since{};
    bool                        replayed_too = false;
    std::optional<std::int64_t> before{};  // ids below that
    std::size_t                 limit = 50;
};

/// What came in since some moment, for who follows the store.
struct news {
    std::string              position{};   // where to go on
    std::vector<found_event> events{};     // the oldest first; of every cluster
    std::uint64_t            skipped = 0;  // so many more there were, too many to be told
};

/// Every question has a limit of time and gives its connection back when it is cancelled; the
/// database stops working on it within a second.
///
/// Errors of all : unavailable, timed_out, denied, overloaded (too many ask at once), broken.
class event_queries {
public:
    virtual ~event_queries() = default;

    virtual task<result<event_slice>> page(page_search what) = 0;

    /// Every event of that id and, if said, of that place; the one received last first.
    virtual task<result<std::vector<found_event>>> find(
        uuid id, std::optional<event_position> at, readable_clusters who
    ) = 0;
    /// The exact bytes of an event, where they are kept.
    virtual task<result<std::optional<std::string>>> raw(event_position at) = 0;

    virtual task<result<std::vector<facet>>> facets(facet_search what)        = 0;
    virtual task<result<time_histogram>>     histogram(histogram_search what) = 0;
    /// Names of output fields, of the newest events.
    virtual task<result<std::vector<std::string>>> field_names(readable_clusters who) = 0;

    /// The day before which there is nothing.
    virtual task<result<utc_time>> oldest() = 0;

    virtual task<result<std::vector<cluster_state>>> clusters(cluster_search what) = 0;

    virtual task<result<std::vector<aside_body>>> aside(aside_search what) = 0;
    /// Errors : not_found, also where it is not theirs
    virtual task<result<aside_body>> aside_one(std::int64_t id, readable_clusters who) = 0;

    /// What is committed up to now, for follow().
    virtual task<result<std::string>> position() = 0;
    /// What was committed since, and before `until`, another place; nothing: up to now. Its
    /// position is `until`, or where one was already if that is later. Errors: expired, where that
    /// is no longer known; malformed.
    virtual task<result<news>> follow(std::string position, std::optional<std::string> until) = 0;
};

}  // namespace falconer
