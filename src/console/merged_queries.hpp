// Several stores as one.
#pragma once

#include "falconer/ports/event_queries.hpp"

#include <vector>

namespace falconer::console {

/// Behind all that a page has shown or passed over.
event_position behind(const event_slice& page);

/// Asks one store after the other; a store that fails fails the question: an answer that leaves
/// events out unsaid would be worse than none. Borrows the stores. Not one: undefined.
class merged_queries final : public event_queries {
public:
    explicit merged_queries(std::vector<event_queries*> stores) : stores_(std::move(stores)) {}

    task<result<event_slice>>              page(page_search what) override;
    task<result<std::vector<found_event>>> find(
        uuid id, std::optional<event_position> at, readable_clusters who
    ) override;
    task<result<std::optional<std::string>>> raw(event_position at) override;
    task<result<std::vector<facet>>>         facets(facet_search what) override;
    task<result<time_histogram>>             histogram(histogram_search what) override;
    task<result<std::vector<std::string>>>   field_names(readable_clusters who) override;
    task<result<utc_time>>                   oldest() override;
    task<result<std::vector<cluster_state>>> clusters(cluster_search what) override;
    /// Of the first store: numbers of bodies mean nothing in another one.
    task<result<std::vector<aside_body>>> aside(aside_search what) override;
    task<result<aside_body>>  aside_one(std::int64_t id, readable_clusters who) override;
    task<result<std::string>> position() override;
    task<result<news>> follow(std::string position, std::optional<std::string> until) override;

private:
    std::vector<event_queries*> stores_;
};

}  // namespace falconer::console
