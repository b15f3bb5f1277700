#include "merged_provider.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

namespace falconer::console {
namespace {

auto place_of(const provider_event& is) {
    return std::tuple(is.event.time.seconds, is.event.time.nanos / 1000, is.number);
}

}  // namespace

/// Where a store's page is cut, nothing behind its last event may be told: others of it are
/// missing.
task<result<provider_page>> merged_provider::provider_events(provider_search what) {
    const auto before = [&](const provider_event& a, const provider_event& b) {
        return what.oldest_first ? place_of(a) < place_of(b) : place_of(b) < place_of(a);
    };
    provider_page                 all;
    std::optional<provider_event> last;
    for (auto* store : stores_) {
        auto mine = co_await store->provider_events(what);
        if (!mine) co_return mine;
        const bool ends = mine->cut || mine->events.size() >= what.limit;
        if (ends && !mine->events.empty() && (!last || before(mine->events.back(), *last)))
            last = mine->events.back();
        all.cut = all.cut || mine->cut;
        for (auto& each : mine->events) all.events.push_back(std::move(each));
    }
    std::ranges::stable_sort(all.events, before);
    if (last &&
        std::erase_if(all.events, [&](const auto& each) { return before(*last, each); }) > 0)
        all.cut = true;
    if (all.events.size() > what.limit) {
        all.events.resize(what.limit);
        all.cut = true;
    }
    co_return all;
}

task<result<provider_groups>> merged_provider::provider_groups_of(event_search what) {
    std::map<provider_group::key, provider_group> all;
    provider_groups                               found;
    for (auto* store : stores_) {
        auto mine = co_await store->provider_groups_of(what);
        if (!mine) co_return mine;
        found.complete = found.complete && mine->complete;
        for (auto& each : mine->groups) {
            auto& had  = all[each.of];
            had.of     = each.of;
            had.count += each.count;
            had.numbers.insert(had.numbers.end(), each.numbers.begin(), each.numbers.end());
        }
    }
    for (auto& [key, group] : all) found.groups.push_back(std::move(group));
    co_return found;
}

task<result<std::vector<provider_count>>> merged_provider::provider_counts(std::string landscape) {
    using key = std::tuple<std::string, std::string, priority>;
    std::map<key, std::uint64_t> all;
    for (auto* store : stores_) {
        auto mine = co_await store->provider_counts(landscape);
        if (!mine) co_return mine;
        for (const auto& each : *mine) all[{each.project, each.cluster, each.level}] += each.count;
    }
    std::vector<provider_count> sorted;
    for (const auto& [of, count] : all) {
        const auto& [project, cluster, level] = of;
        sorted.push_back({.project = project, .cluster = cluster, .level = level, .count = count});
    }
    std::ranges::stable_sort(sorted, std::greater{}, &provider_count::project);
    co_return sorted;
}

}  // namespace falconer::console
