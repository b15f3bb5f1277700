// The filter of falco-event-provider's read API. Pure.
#pragma once

#include "falconer/ports/provider_queries.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::console {

/// Source: gardener/falco-event-provider d492b36, its README and the JSON of its answers.
struct provider_filter {
    utc_time                 start{};  // not given: now
    std::optional<utc_time>  end{};    // nothing: the beginning of time
    std::int64_t             limit     = std::numeric_limits<std::int64_t>::max();
    std::int64_t             offset_id = 0;  // 0: from the beginning
    std::optional<utc_time>  offset_time{};
    std::vector<std::string> hostnames{}, priorities{}, rules{}, ids{};

    bool oldest_first() const { return end && start < *end; }
};
/// An empty text asks for the newest. Nothing: it cannot be read.
std::optional<provider_filter> provider_filter_of(std::string_view text, utc_time now);

/// As RFC 3339, to the microsecond and without zeros at its end.
std::string provider_time(utc_time t);

/// What an answer says to go on from: the filter, with another offset and fewer events to come.
std::string continued(
    const provider_filter& from, std::int64_t id, utc_time time, std::size_t told
);

/// What it asks for of the clusters that `search` is about, a page and one more event.
provider_search search_of(const provider_filter& what, event_search search, std::size_t page);

}  // namespace falconer::console
