#include "merged_queries.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace falconer::console {
namespace {

constexpr char between = '~';  // positions of several stores

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> all;
    for (;;) {
        const auto end = text.find(between);
        all.emplace_back(text.substr(0, end));
        if (end == text.npos) return all;
        text.remove_prefix(end + 1);
    }
}

void add(facet& into, facet&& more) {
    for (auto& [value, count] : more.values) {
        const auto there =
            std::ranges::find(into.values, value, &std::pair<std::string, std::uint64_t>::first);
        if (there == into.values.end())
            into.values.emplace_back(std::move(value), count);
        else
            there->second += count;
    }
    into.more  = into.more || more.more;
    into.exact = into.exact && more.exact;
}

void add(time_histogram& into, const time_histogram& more) {
    for (const auto& [begin, bucket] : more.buckets)
        for (std::size_t level = 0; level < bucket.by_priority.size(); ++level)
            into.buckets[begin].by_priority[level] += bucket.by_priority[level];
    into.exact = into.exact && more.exact;
    if (more.reached) into.reached = std::max(into.reached.value_or(*more.reached), *more.reached);
}

cluster_position position_of(const cluster_state& of) {
    return {of.last_event.value_or(utc_time{}), of.name.identity};
}

}  // namespace

event_position behind(const event_slice& page) {
    if (!page.events.empty() && page.events.back().at.received <= page.reached)
        return page.events.back().at;
    // Everything that was received at `reached` or later has been passed over.
    return {page.reached, {}, std::string(16, '0')};
}

task<result<event_slice>> merged_queries::page(page_search what) {
    event_slice    all{.end = true};
    event_position known{};  // of every store all that is newer
    for (auto* store : stores_) {
        auto mine = co_await store->page(what);
        if (!mine) co_return std::move(mine).error();
        // Older ones of this store are not known yet, and may stand before those of another.
        if (!mine->end) {
            known       = std::max(known, behind(*mine));
            all.reached = std::max(all.reached, mine->reached);
        }
        all.end = all.end && mine->end;
        for (auto& each : mine->events) all.events.push_back(std::move(each));
    }
    std::ranges::sort(all.events, std::greater{}, &found_event::at);
    if (!all.end) std::erase_if(all.events, [&](const auto& each) { return each.at < known; });
    if (all.events.size() > what.limit) {
        all.events.resize(what.limit);
        all.reached = all.events.back().at.received;
        all.end     = false;
    }
    co_return all;
}

task<result<std::vector<found_event>>> merged_queries::find(
    uuid id, std::optional<event_position> at, readable_clusters who
) {
    std::vector<found_event> all;
    for (auto* store : stores_) {
        auto mine = co_await store->find(id, at, who);
        if (!mine) co_return std::move(mine).error();
        for (auto& each : *mine) all.push_back(std::move(each));
    }
    std::ranges::sort(all, std::greater{}, &found_event::at);
    co_return all;
}

task<result<std::optional<std::string>>> merged_queries::raw(event_position at) {
    std::optional<std::string> body;
    for (auto* store : stores_) {
        auto mine = co_await store->raw(at);
        if (!mine) co_return std::move(mine).error();
        if (*mine) body = std::move(*mine);
    }
    co_return body;
}

task<result<std::vector<facet>>> merged_queries::facets(facet_search what) {
    auto all = co_await stores_.front()->facets(what);
    if (!all) co_return std::move(all).error();
    for (std::size_t i = 1; i < stores_.size(); ++i) {
        auto mine = co_await stores_[i]->facets(what);
        if (!mine) co_return std::move(mine).error();
        for (std::size_t f = 0; f < all->size(); ++f) add((*all)[f], std::move((*mine)[f]));
    }
    for (auto& each : *all) {
        std::ranges::stable_sort(
            each.values, std::greater{}, &std::pair<std::string, std::uint64_t>::second
        );
        each.more = each.more || each.values.size() > what.limit;
        each.values.resize(std::min(each.values.size(), what.limit));
    }
    co_return std::move(*all);
}

task<result<time_histogram>> merged_queries::histogram(histogram_search what) {
    time_histogram all;
    for (auto* store : stores_) {
        auto mine = co_await store->histogram(what);
        if (!mine) co_return std::move(mine).error();
        add(all, *mine);
    }
    if (all.reached)
        std::erase_if(all.buckets, [&](const auto& each) {
            return utc_time{std::chrono::seconds{each.first}} + what.step <= *all.reached;
        });
    co_return all;
}

task<result<std::vector<std::string>>> merged_queries::field_names(readable_clusters who) {
    std::set<std::string> all;
    for (auto* store : stores_) {
        auto mine = co_await store->field_names(who);
        if (!mine) co_return std::move(mine).error();
        all.insert(mine->begin(), mine->end());
    }
    co_return std::vector<std::string>(all.begin(), all.end());
}

task<result<utc_time>> merged_queries::oldest() {
    auto all = co_await stores_.front()->oldest();
    for (std::size_t i = 1; all && i < stores_.size(); ++i) {
        auto mine = co_await stores_[i]->oldest();
        if (!mine) co_return std::move(mine).error();
        *all = std::min(*all, *mine);
    }
    co_return all;
}

/// A cluster that has moved lies in two stores for a while; its counts belong together.
task<result<std::vector<cluster_state>>> merged_queries::clusters(cluster_search what) {
    std::map<std::string, cluster_state> by_name;
    for (auto* store : stores_) {
        auto mine = co_await store->clusters(what);
        if (!mine) co_return std::move(mine).error();
        for (auto& each : *mine) {
            const auto [at, fresh] = by_name.try_emplace(each.name.identity, each);
            if (fresh) continue;
            auto& had        = at->second;
            had.first_seen   = std::min(had.first_seen, each.first_seen);
            had.last_event   = std::max(had.last_event, each.last_event);
            had.events_24h  += each.events_24h;
            had.over_quota   = had.over_quota || each.over_quota;
            had.quarantined += each.quarantined;
            for (std::size_t i = 0; i < had.lost.size(); ++i) had.lost[i] += each.lost[i];
            // Where it sends no longer it is silent; it is seen where it sends now.
            if (!had.seen || (each.seen && each.seen->is() < had.seen->is())) had.seen = each.seen;
        }
    }
    std::vector<cluster_state> all;
    for (auto& [name, state] : by_name) all.push_back(std::move(state));
    std::ranges::sort(all, std::greater{}, position_of);
    if (all.size() > what.limit) all.resize(what.limit);
    co_return all;
}

task<result<std::vector<aside_body>>> merged_queries::aside(aside_search what) {
    co_return co_await stores_.front()->aside(std::move(what));
}

task<result<aside_body>> merged_queries::aside_one(std::int64_t id, readable_clusters who) {
    co_return co_await stores_.front()->aside_one(id, std::move(who));
}

task<result<std::string>> merged_queries::position() {
    std::string all;
    for (auto* store : stores_) {
        auto mine = co_await store->position();
        if (!mine) co_return mine;
        if (!all.empty()) all += between;
        all += *mine;
    }
    co_return all;
}

task<result<news>> merged_queries::follow(std::string position, std::optional<std::string> until) {
    const auto places = parts_of(position);
    const auto ends   = until ? parts_of(*until) : std::vector<std::string>();
    if (places.size() != stores_.size() || (until && ends.size() != stores_.size()))
        co_return failure{errc::expired, "the stores are others now"};
    news all;
    for (std::size_t i = 0; i < stores_.size(); ++i) {
        std::optional<std::string> end;
        if (until) end = ends[i];
        auto mine = co_await stores_[i]->follow(places[i], std::move(end));
        if (!mine) co_return std::move(mine).error();
        if (i > 0) all.position += between;
        all.position += mine->position;
        all.skipped  += mine->skipped;
        for (auto& each : mine->events) all.events.push_back(std::move(each));
    }
    std::ranges::stable_sort(all.events, {}, &found_event::at);
    co_return all;
}

}  // namespace falconer::console
