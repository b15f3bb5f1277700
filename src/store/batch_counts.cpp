#include "batch_counts.hpp"

#include "pg_array.hpp"

#include <algorithm>

namespace falconer::store {

namespace {

/// The columns, an element each per place.
struct columns {
    pg_array minutes{}, clusters{}, rules{}, levels{}, counts{};

    explicit columns(std::vector<event_place>& places) {
        std::ranges::sort(places);
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
    }
};

}  // namespace

std::string columns_of_counts(std::vector<event_place>& places) {
    const columns all(places);
    return '\'' + all.minutes.text() + "', '" + all.clusters.text() + "', '" + all.rules.text() +
           "', '" + all.levels.text() + "', '" + all.counts.text() + '\'';
}

std::string rows_of_counts(std::vector<event_place>& places) {
    const columns all(places);
    return "unnest('" + all.minutes.text() + "'::int4[], '" + all.clusters.text() + "'::int4[], '" +
           all.rules.text() + "'::int4[], '" + all.levels.text() + "'::int2[], '" +
           all.counts.text() + "'::int4[])";
}

}  // namespace falconer::store
