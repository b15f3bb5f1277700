#include "merged_triage.hpp"

#include <algorithm>
#include <functional>

namespace falconer::console {

task<result<assessments>> merged_triage::standing(std::vector<event_position> of) {
    assessments all;
    for (auto* desk : desks_) {
        auto mine = co_await desk->standing(of);
        if (!mine) co_return mine;
        all.merge(*mine);
    }
    co_return all;
}

task<result<std::vector<event_position>>> merged_triage::visible(
    std::vector<event_position> of, readable_clusters who
) {
    std::vector<event_position> all;
    for (auto* desk : desks_) {
        auto mine = co_await desk->visible(of, who);
        if (!mine) co_return mine;
        all.insert(all.end(), mine->begin(), mine->end());
    }
    co_return all;
}

task<result<found_places>> merged_triage::places(event_search what, std::size_t limit) {
    found_places all;
    for (auto* desk : desks_) {
        auto mine = co_await desk->places(what, limit);
        if (!mine) co_return mine;
        all.places.insert(all.places.end(), mine->places.begin(), mine->places.end());
        all.more     = all.more || mine->more;
        all.complete = all.complete && mine->complete;
    }
    std::ranges::sort(all.places, std::greater{});
    all.more = all.more || all.places.size() > limit;
    all.places.resize(std::min(all.places.size(), limit));
    co_return all;
}

task<result<cluster_counts>> merged_triage::count(event_search what) {
    cluster_counts all;
    for (auto* desk : desks_) {
        auto mine = co_await desk->count(what);
        if (!mine) co_return mine;
        for (const auto& [cluster, count] : mine->by_cluster) all.by_cluster[cluster] += count;
        all.exact = all.exact && mine->exact;
        if (mine->reached)
            all.reached = std::max(all.reached.value_or(*mine->reached), *mine->reached);
    }
    co_return all;
}

/// Of several stores one that says no would come too late for those before it: they are all looked
/// at first.
task<result<triage_outcome>> merged_triage::assess(assess_order what) {
    if (desks_.size() > 1) {
        std::vector<event_position> those;
        for (const auto& each : what.events)
            if (each.seen) those.push_back(each.at);
        auto stand = co_await standing(std::move(those));
        if (!stand) co_return std::move(stand).error();
        for (const auto& each : what.events) {
            const auto is = stand->find(each.at);
            if (each.seen && is != stand->end() && is->second.action != *each.seen)
                co_return failure{errc::conflict, "others have assessed some of them meanwhile"};
        }
    }
    triage_outcome all;
    for (auto* desk : desks_) {
        auto mine = co_await desk->assess(what);
        if (!mine) co_return mine;
        all.events += mine->events;
    }
    co_return all;
}

task<result<triage_outcome>> merged_triage::undo(
    uuid action, uuid of, std::string who, std::string why
) {
    triage_outcome         all;
    bool                   found = false;
    result<triage_outcome> last{triage_outcome{}};
    for (auto* desk : desks_) {
        last = co_await desk->undo(action, of, who, why);
        if (!last && last.error().code == make_error_code(errc::not_found)) continue;
        if (!last) co_return last;
        found       = true;
        all.events += last->events;
        all.passed += last->passed;
    }
    if (!found) co_return last;
    co_return all;
}

task<result<std::vector<triage_action>>> merged_triage::history(event_position of) {
    std::vector<triage_action> all;
    for (auto* desk : desks_) {
        auto mine = co_await desk->history(of);
        if (!mine) co_return mine;
        for (auto& each : *mine) all.push_back(std::move(each));
    }
    std::ranges::stable_sort(all, {}, &triage_action::at);
    co_return all;
}

/// What was one action is told as one.
task<result<std::vector<triage_action>>> merged_triage::actions(action_search what) {
    std::vector<triage_action> all;
    for (auto* desk : desks_) {
        auto mine = co_await desk->actions(what);
        if (!mine) co_return mine;
        // One that is theirs here and not there is not theirs: it is undone everywhere at once.
        if (what.id && !what.who.everything && mine->empty()) {
            action_search anybodys{.id = what.id};
            anybodys.who.everything = true;
            auto there              = co_await desk->actions(std::move(anybodys));
            if (!there) co_return there;
            if (!there->empty()) {
                all.clear();
                co_return all;
            }
        }
        for (auto& each : *mine) {
            const auto same = std::ranges::find(all, each.id, &triage_action::id);
            if (same == all.end())
                all.push_back(std::move(each));
            else
                same->events += each.events;
        }
    }
    std::ranges::stable_sort(all, std::greater{}, &triage_action::at);
    all.resize(std::min(all.size(), what.limit));
    co_return all;
}

task<result<std::vector<suppression>>> merged_triage::suppressions(std::optional<utc_time> holding
) {
    co_return co_await desks_.front()->suppressions(holding);
}

task<result<void>> merged_triage::suppress(suppression what, uuid action, std::string comment) {
    co_return co_await desks_.front()->suppress(std::move(what), action, std::move(comment));
}

task<result<void>> merged_triage::change(suppression_change what) {
    co_return co_await desks_.front()->change(std::move(what));
}

}  // namespace falconer::console
