// Many clusters at a glance: the landscape, a project, or a single cluster.
#include "access/garden_access.hpp"
#include "handler.hpp"
#include "landscape_view.hpp"
#include "search_parameters.hpp"

#include "falconer/sha256.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

filter::node_ptr is(filter::field_kind which, std::string_view text) {
    return std::make_shared<const filter::node>(filter::node{
        filter::text_test{{which, {}}, {filter::text_pattern::kind::equal, filter::lowered(text)}}
    });
}

/// Clusters that `project`, `shoot` and `cluster` ask for. Null: all.
filter::node_ptr clusters_of(const address& where, const std::string& project) {
    filter::all_of all;
    if (!project.empty()) all.of.push_back(is(filter::field_kind::project, project));
    if (const auto name = where.text("shoot"); !name.empty())
        all.of.push_back(is(filter::field_kind::shoot, name));
    if (const auto identity = where.text("cluster"); !identity.empty())
        all.of.push_back(is(filter::field_kind::cluster, identity));
    if (all.of.empty()) return nullptr;
    return std::make_shared<const filter::node>(filter::node{std::move(all)});
}

/// Two who may see the same have the same: its digest, and what they have asked.
std::string key_of(const readable_clusters& who, const std::string& asked) {
    std::string text = who.everything ? "*" : "";
    for (const auto& each : who.projects) {
        const auto begun  = who.begun.find(each);
        text             += each + '/';
        if (begun != who.begun.end())
            text += std::to_string(begun->second.time_since_epoch().count());
        text += '\n';
    }
    text              += who.landscape;
    const auto digest  = sha256(text);
    return std::string(digest.begin(), digest.end()) + asked;
}

}  // namespace

/// A project's name by its namespace, as the garden has it; without a garden as Gardener names
/// them.
std::string handler::project_in(const address& where) const {
    const auto space = where.text("namespace");
    if (space.empty()) return where.text("project");
    if (garden_ != nullptr)
        if (auto name = garden_->project_of(space)) return *name;
    constexpr std::string_view usual = "garden-";
    return space.starts_with(usual) ? space.substr(usual.size()) : space;
}

handler::reply handler::landscape(question q) {
    if (landscape_ == nullptr)
        co_return answer_of(not_found("this console does not count landscapes"));
    constexpr std::size_t most_days = 31, most_clusters = 100;
    const auto            days = number_of(q.where, "days", 7, 1, most_days);
    if (const auto* wrong = std::get_if<problem>(&days)) co_return answer_of(*wrong);
    const auto limit = number_of(q.where, "limit", 30, 1, most_clusters);
    if (const auto* wrong = std::get_if<problem>(&limit)) co_return answer_of(*wrong);
    const auto span  = std::chrono::days{std::get<std::size_t>(days)};
    const auto until = std::chrono::floor<std::chrono::days>(time_.utc()) + std::chrono::days(1);
    // Without a place for what people think nothing is hidden.
    auto view = q.where.text("hidden");
    if (view.empty()) view = triage_ == nullptr ? "with" : "without";
    address asked{.path = q.where.path, .parameters = {{"hidden", view}}};
    auto    search = co_await searched(std::move(asked), q.who->who.sees);
    if (const auto* wrong = std::get_if<problem>(&search)) co_return answer_of(*wrong);

    landscape_span of{.since = until - span, .until = until};
    of.clusters        = std::get<std::size_t>(limit);
    const auto project = project_in(q.where);
    const auto what    = day_text(of.since) + ' ' + day_text(of.until) + ' ' + view + ' ' +
                      std::to_string(of.clusters) + '\n' + project + '\n' + q.where.text("shoot") +
                      '\n' + q.where.text("cluster");
    const auto key = key_of(q.who->who.sees, what);
    if (auto had = counted_.find(key)) co_return json_answer(std::move(*had));

    landscape_search ask{.search = std::move(std::get<event_search>(search))};
    ask.search.what = clusters_of(q.where, project);
    ask.search.when = {.since = utc_time{of.since}, .until = utc_time{of.until}};
    ask.clusters    = of.clusters;
    // Its own share of a second is a fifth; a store that is busy may take its time.
    ask.search.patience = 10s;
    of.view             = ask.search.triage.hidden;
    // Who sees nothing of hidden events is still told how many there are.
    if (of.view == triage_view::hidden_events::with && triage_ != nullptr) {
        address hidden{.path = q.where.path, .parameters = {{"hidden", "only"}}};
        auto    all = co_await searched(std::move(hidden), q.who->who.sees);
        if (const auto* wrong = std::get_if<problem>(&all)) co_return answer_of(*wrong);
        ask.search.triage        = std::move(std::get<event_search>(all).triage);
        ask.search.triage.hidden = of.view;
    }
    auto counted = co_await landscape_->landscape(std::move(ask));
    if (!counted) co_return answer_of(problem_of(counted.error()));
    auto text = landscape_json(*counted, of);
    counted_.keep(key, text);
    co_return json_answer(std::move(text));
}

}  // namespace falconer::console
