#include "merged_landscape.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

template <class T>
std::optional<T> earlier(std::optional<T> a, std::optional<T> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

void add(landscape_counts& into, landscape_counts&& more) {
    for (const auto& [day, levels] : more.days)
        for (std::size_t level = 0; level < levels.size(); ++level)
            into.days[day].at(level) += levels.at(level);
    for (const auto& [name, rule] : more.rules) {
        const auto [at, fresh] = into.rules.try_emplace(name, rule);
        if (fresh) continue;
        at->second.count += rule.count;
        at->second.level  = std::min(at->second.level, rule.level);
        at->second.first  = std::min(at->second.first, rule.first);
    }
    for (auto& [identity, cluster] : more.clusters) {
        const auto [at, fresh] = into.clusters.try_emplace(identity, cluster);
        if (fresh) continue;
        at->second.count += cluster.count;
        for (const auto& [rule, count] : cluster.by_rule) at->second.by_rule[rule] += count;
    }
    for (const auto& [name, project] : more.projects) {
        into.projects[name].clusters += project.clusters;
        into.projects[name].count    += project.count;
    }
    into.total                += more.total;
    into.clusters_with_events += more.clusters_with_events;
    into.days_missing          = std::max(into.days_missing, more.days_missing);
    into.oldest                = earlier(into.oldest, more.oldest);
    into.counted               = earlier(into.counted, more.counted);
    into.hidden_exact          = into.hidden_exact && more.hidden_exact;
    if (more.reached) into.reached = std::max(into.reached.value_or(*more.reached), *more.reached);
}

}  // namespace

task<result<landscape_counts>> merged_landscape::landscape(landscape_search what) {
    auto all = co_await stores_.front()->landscape(what);
    if (!all) co_return std::move(all).error();
    for (std::size_t i = 1; i < stores_.size(); ++i) {
        auto mine = co_await stores_[i]->landscape(what);
        if (!mine) co_return std::move(mine).error();
        add(*all, std::move(*mine));
    }
    co_return std::move(*all);
}

}  // namespace falconer::console
