// The numbers of several stores as those of one.
#pragma once

#include "falconer/ports/landscape_queries.hpp"

#include <vector>

namespace falconer::console {

/// Asks one store after the other; one that fails fails the question. A cluster lies in one store,
/// or in two while it moves: then its counts belong together. Borrows the stores. Not one:
/// undefined.
class merged_landscape final : public landscape_queries {
public:
    explicit merged_landscape(std::vector<landscape_queries*> stores)
        : stores_(std::move(stores)) {}

    task<result<landscape_counts>> landscape(landscape_search what) override;

private:
    std::vector<landscape_queries*> stores_;
};

}  // namespace falconer::console
