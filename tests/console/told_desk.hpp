// A desk of triage that keeps all in memory, and what it was asked.
#pragma once

#include "falconer/ports/triage_desk.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace falconer::console::test {

class told_desk final : public triage_desk {
public:
    assessments                 stand{};
    std::vector<event_position> known{};  // that visible() and places() tell
    std::vector<assess_order>   orders{};
    std::vector<event_search>   searches{};
    std::vector<triage_action>  done{};
    std::vector<suppression>    all{};
    std::vector<std::string>    undone{};  // by whom
    std::optional<failure>      fails{};
    cluster_counts              counts{};
    std::vector<action_search>  asked{};
    bool                        is_theirs = false;  // what was done, whoever asks
    /// Of events that others than those who see everything may see.
    std::map<event_position, cluster_name> whose{};

    task<result<assessments>> standing(std::vector<event_position> of) override {
        assessments some;
        for (const auto& each : of)
            if (stand.contains(each)) some.emplace(each, stand.at(each));
        co_return some;
    }
    task<result<std::vector<event_position>>> visible(
        std::vector<event_position> of, readable_clusters who
    ) override {
        std::vector<event_position> some;
        for (const auto& each : of)
            if (std::ranges::find(known, each) != known.end() && is_seen(each, who))
                some.push_back(each);
        co_return some;
    }
    task<result<found_places>> places(event_search what, std::size_t limit) override {
        searches.push_back(what);
        found_places some{};
        for (const auto& each : known)
            if (whose.empty() || is_seen(each, what.who)) some.places.push_back(each);
        some.more = some.places.size() > limit;
        some.places.resize(std::min(some.places.size(), limit));
        co_return some;
    }
    task<result<cluster_counts>> count(event_search what) override {
        searches.push_back(what);
        co_return counts;
    }
    task<result<triage_outcome>> assess(assess_order what) override {
        if (fails) co_return *fails;
        orders.push_back(what);
        co_return triage_outcome{.events = what.events.size()};
    }
    task<result<triage_outcome>> undo(uuid, uuid, std::string who, std::string) override {
        undone.push_back(std::move(who));
        co_return triage_outcome{.events = 3, .passed = 1};
    }
    task<result<std::vector<triage_action>>> history(event_position) override { co_return done; }
    task<result<std::vector<triage_action>>> actions(action_search what) override {
        asked.push_back(what);
        std::vector<triage_action> some;
        for (const auto& each : done)
            if ((what.who.everything || is_theirs) && (!what.id || each.id == *what.id))
                some.push_back(each);
        co_return some;
    }
    task<result<std::vector<suppression>>> suppressions(std::optional<utc_time> holding) override {
        std::vector<suppression> some;
        for (const auto& each : all)
            if (!holding || each.holds_at(*holding)) some.push_back(each);
        co_return some;
    }
    task<result<void>> suppress(suppression what, uuid, std::string) override {
        for (const auto& each : all)
            if (each.id == what.id) co_return failure{errc::already_exists, "it is there"};
        all.push_back(std::move(what));
        co_return result<void>{};
    }
    task<result<void>> change(suppression_change what) override {
        for (auto& each : all) {
            if (each.id != what.id || each.lifted) continue;
            if (what.expires) each.expires = *what.expires;
            if (what.owner) each.owner = *what.owner;
            if (what.reason) each.reason = *what.reason;
            if (what.lift) each.lifted = each.expires;
            co_return result<void>{};
        }
        co_return failure{errc::not_found, "no such suppression"};
    }

private:
    bool is_seen(const event_position& at, const readable_clusters& who) const {
        const auto found = whose.find(at);
        return who.everything || (found != whose.end() && may_see(who, found->second));
    }
};

}  // namespace falconer::console::test
