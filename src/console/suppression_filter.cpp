#include "suppression_filter.hpp"

#include "falconer/log.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace falconer::console {
namespace {

using filter::node;
using filter::node_ptr;

template <class Part>
node_ptr made(Part part) {
    return std::make_shared<const node>(node{std::move(part)});
}

node_ptr is(filter::field_kind which, std::string_view text) {
    return made(
        filter::text_test{{which, {}}, {filter::text_pattern::kind::equal, filter::lowered(text)}}
    );
}

struct asks_when {
    bool operator()(const filter::all_of& all) const { return any(all.of); }
    bool operator()(const filter::any_of& some) const { return any(some.of); }
    bool operator()(const filter::none_of& none) const { return std::visit(*this, none.of->is); }
    bool operator()(const filter::time_test&) const { return true; }
    template <class Other>
    bool operator()(const Other&) const {
        return false;
    }
    bool any(const std::vector<node_ptr>& of) const {
        return std::ranges::any_of(of, [&](const auto& each) {
            return std::visit(*this, each->is);
        });
    }
};

bool finds_everything(const node& what) {
    const auto* all = std::get_if<filter::all_of>(&what.is);
    return all != nullptr && all->of.empty();
}

/// A project of the same name that was there before is another one: what was `made` for it is none
/// of theirs.
bool sees(const readable_clusters& who, const std::string& project, utc_time made) {
    if (std::ranges::find(who.projects, project) == who.projects.end()) return false;
    const auto begun = who.begun.find(project);
    return begun == who.begun.end() || made >= begun->second;
}

bool sees_cluster(const readable_clusters& who, const std::string& identity, utc_time made) {
    const auto shoot = cluster_identity{identity}.shoot();
    if (!shoot || (!who.landscape.empty() && shoot->landscape != who.landscape)) return false;
    return sees(who, shoot->project, made);
}

/// The landscape that a filter asks for in any case. Nothing: it may be any.
std::optional<std::string> landscape_in(const suppression& what, utc_time now) {
    const auto parsed = filter::parse(what.filter, now);
    const auto found  = [](const node& one) -> std::optional<std::string> {
        const auto* test = std::get_if<filter::text_test>(&one.is);
        const bool  asks = test != nullptr && test->where.which == filter::field_kind::landscape &&
                          test->what.how == filter::text_pattern::kind::equal;
        if (!asks) return std::nullopt;
        return test->what.text;
    };
    const auto* read = std::get_if<node_ptr>(&parsed);
    if (read == nullptr || !*read) return std::nullopt;
    const auto* all = std::get_if<filter::all_of>(&(*read)->is);
    if (all == nullptr) return found(**read);
    for (const auto& each : all->of)
        if (auto name = found(*each)) return name;
    return std::nullopt;
}

}  // namespace

std::variant<node_ptr, filter::mistake> suppression_filter(std::string_view text, utc_time now) {
    auto parsed = filter::parse(text, now);
    if (std::holds_alternative<filter::mistake>(parsed)) return parsed;
    const auto& what = *std::get<node_ptr>(parsed);
    if (finds_everything(what))
        return filter::mistake{
            1, 0, "a suppression needs a filter: this one would hide everything"
        };
    if (std::visit(asks_when{}, what.is))
        return filter::mistake{
            1, text.size(), "a suppression cannot ask for times: it holds until it expires"
        };
    return parsed;
}

node_ptr node_of(const suppression& what, utc_time now) {
    auto parsed = filter::parse(what.filter, now);
    if (const auto* wrong = std::get_if<filter::mistake>(&parsed)) {
        log_of("console").warn(
            "a suppression cannot be read and hides nothing id={} why=\"{}\"", what.id.text(),
            wrong->what
        );
        return nullptr;
    }
    filter::all_of all{{std::move(std::get<node_ptr>(parsed))}};
    if (!what.project.empty()) all.of.push_back(is(filter::field_kind::project, what.project));
    if (!what.clusters.empty()) {
        filter::any_of some;
        for (const auto& each : what.clusters)
            some.of.push_back(is(filter::field_kind::cluster, each));
        all.of.push_back(made(std::move(some)));
    }
    return made(std::move(all));
}

holding_suppressions any_of(
    const std::vector<suppression>& all, const readable_clusters& who, utc_time now
) {
    filter::any_of       some;
    holding_suppressions it;
    for (const auto& each : all) {
        if (!each.holds_at(now) || !concerns(each, who)) continue;
        auto one = node_of(each, now);
        if (!one) continue;
        some.of.push_back(std::move(one));
        it.until = std::min(it.until.value_or(each.expires), each.expires);
    }
    if (!some.of.empty()) it.any = made(std::move(some));
    return it;
}

bool in_reach(const suppression& what, const readable_clusters& who) {
    if (who.everything) return true;
    if (!what.project.empty())
        return sees(who, what.project, what.made) &&
               (who.landscape.empty() ||
                landscape_in(what, what.made) == filter::lowered(who.landscape));
    return !what.clusters.empty() && std::ranges::all_of(what.clusters, [&](const auto& each) {
        return sees_cluster(who, each, what.made);
    });
}

bool concerns(const suppression& what, const readable_clusters& who) {
    if (who.everything) return true;
    if (is_nobodys(who)) return false;
    if (!what.clusters.empty())
        return std::ranges::any_of(what.clusters, [&](const auto& each) {
            return sees_cluster(who, each, what.made);
        });
    if (!what.project.empty() && !sees(who, what.project, what.made)) return false;
    const auto there = who.landscape.empty() ? std::nullopt : landscape_in(what, what.made);
    return !there || *there == filter::lowered(who.landscape);
}

node_ptr others_of(const event_slice& found, const suppression& what, utc_time now) {
    auto itself = node_of(what, now);
    if (!itself || found.events.empty()) return nullptr;
    std::set<std::string> rules;
    for (const auto& each : found.events) rules.insert(each.rule);
    filter::any_of any;
    for (const auto& each : rules) any.of.push_back(is(filter::field_kind::rule, each));
    return made(filter::all_of{{made(std::move(any)), made(filter::none_of{std::move(itself)})}});
}

node_ptr of_new_events(const event_search& what) {
    using enum triage_view::hidden_events;
    const auto& view = what.triage;
    if (view.is_everything()) return what.what;
    const bool fresh = view.states == 0 || (view.states & 1) != 0;
    if (!fresh || view.assignee || (view.hidden == only && !view.suppressions))
        return made(filter::any_of{});
    filter::all_of all;
    if (what.what) all.of.push_back(what.what);
    if (view.suppressions && view.hidden == only) all.of.push_back(view.suppressions);
    if (view.suppressions && view.hidden == without)
        all.of.push_back(made(filter::none_of{view.suppressions}));
    return made(std::move(all));
}

}  // namespace falconer::console
