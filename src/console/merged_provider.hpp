// Several stores as one, for falco-event-provider's read API.
#pragma once

#include "falconer/ports/provider_queries.hpp"

#include <utility>
#include <vector>

namespace falconer::console {

/// Asks one store after the other; one that fails fails the question. Borrows the stores. Not one:
/// undefined.
class merged_provider final : public provider_queries {
public:
    explicit merged_provider(std::vector<provider_queries*> stores) : stores_(std::move(stores)) {}

    task<result<provider_page>>               provider_events(provider_search what) override;
    task<result<provider_groups>>             provider_groups_of(event_search what) override;
    task<result<std::vector<provider_count>>> provider_counts(std::string landscape) override;

private:
    std::vector<provider_queries*> stores_;
};

}  // namespace falconer::console
