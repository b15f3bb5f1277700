// What the read API of Gardener's falco-event-provider asks of stored events.
#pragma once

#include "falconer/ports/event_queries.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace falconer {

/// Events are in the order of the sender's clock there, and have a number: the first 48 bits of
/// their UUID, which a JavaScript program reads exactly.
struct provider_event {
    std::int64_t number = 0;
    found_event  event{};
};
constexpr std::int64_t provider_number_of(const uuid& id) noexcept {
    std::int64_t number = 0;
    for (std::size_t i = 0; i < 6; ++i) number = number << 8 | id.bytes[i];
    return number;
}

struct provider_search {
    event_search     search{};  // its `what`: of clusters alone
    filter::node_ptr more{};    // what else an event must be; null: nothing
    bool             oldest_first = false;
    /// By the sender's clock, both ends included.
    std::optional<utc_time> from{}, to{};
    /// Where to go on, itself included: its time is `to`, or `from` of the oldest first.
    std::optional<std::int64_t> number{};
    std::vector<std::int64_t>   numbers{};  // none: any
    std::size_t                 limit = 1000;
    std::size_t                 bytes = 16 * 1024 * 1024;  // of events, about; one there is always
};
struct provider_page {
    std::vector<provider_event> events{};
    bool                        cut = false;  // there are more, but they would be too much at once
};

/// Events that differ in nothing of this.
struct provider_group {
    using key = std::tuple<
        std::string, std::string, std::optional<std::string>, std::optional<std::string>,
        std::optional<std::string>, std::optional<std::string>>;
    /// Cluster (the shoot's name), rule, evt.type, proc.name, proc.cmdline, container.name.
    key                       of{};
    std::uint64_t             count = 0;
    std::vector<std::int64_t> numbers{};  // of the newest, not all
};
struct provider_groups {
    std::vector<provider_group> groups{};
    bool                        complete = true;  // else as far back as there was time and room
};

struct provider_count {
    std::string   project{}, cluster{};
    priority      level = priority::debug;
    std::uint64_t count = 0;
};

/// Errors and cancelling as of event_queries.
class provider_queries {
public:
    virtual ~provider_queries() = default;

    virtual task<result<provider_page>> provider_events(provider_search what) = 0;
    /// `what` asks for clusters alone.
    virtual task<result<provider_groups>> provider_groups_of(event_search what) = 0;
    /// Of all shoots of a landscape, as far back as there are roll-ups; projects from Z to A.
    virtual task<result<std::vector<provider_count>>> provider_counts(std::string landscape) = 0;
};

}  // namespace falconer
