#include "batch_counts.hpp"

#include "pg_array.hpp"

#include <algorithm>

namespace falconer::store {

std::string columns_of_counts(std::vector<event_place>& places) {
    std::ranges::sort(places);
    pg_array minutes, clusters, rules, levels, counts;
    for (auto first = places.begin(); first != places.end();) {
        const auto behind =
            std::find_if(first, places.end(), [&](const auto& each) { return each != *first; });
        minutes.add(first->minute);
        clusters.add(first->cluster);
        rules.add(first->rule);
        levels.add(first->level);
        counts.add(behind - first);
        first = behind;
    }
    return '\'' + minutes.text() + "', '" + clusters.text() + "', '" + rules.text() + "', '" +
           levels.text() + "', '" + counts.text() + '\'';
}

}  // namespace falconer::store
