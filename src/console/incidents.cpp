// Incidents: who may see them, and what is made of them.
#include "falconer/ports/incident_desk.hpp"

#include "handler.hpp"
#include "incident_view.hpp"
#include "triage_view.hpp"

#include "falconer/log.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t few = 10;  // of what is similar

problem no_incidents() {
    return not_found("this console does not keep incidents");
}

hour_steps a_week(utc_time now) {
    return hour_steps::until(now, 6h, 28);
}
hour_steps a_month(utc_time now) {
    return hour_steps::until(now, 6h, 120);
}

filter::node_ptr node_of(filter::field_kind which, std::string_view text, std::string name = {}) {
    filter::text_test test{
        .where = {which, std::move(name)},
        .what  = {filter::text_pattern::kind::equal, filter::lowered(text)}
    };
    return std::make_shared<const filter::node>(filter::node{std::move(test)});
}

filter::node_ptr all_of(std::vector<filter::node_ptr> these) {
    return std::make_shared<const filter::node>(filter::node{filter::all_of{std::move(these)}});
}

/// Other rules in the same workload. Nothing: it is none that has a name.
filter::node_ptr same_workload(const incident& is) {
    using enum filter::field_kind;
    if (is.place.is != incident_place::kind::pod) return nullptr;
    std::vector<filter::node_ptr> all{
        node_of(cluster, is.cluster.identity), node_of(workload, is.place.name)
    };
    if (!is.place.space.empty())
        all.push_back(node_of(output_field, is.place.space, "k8s.ns.name"));
    return all_of(std::move(all));
}

void write_incidents(
    json_text_writer& json, const std::vector<incident>& all, const hour_steps& steps
) {
    json->StartArray();
    for (const auto& each : all) write_incident(json, each, steps);
    json->EndArray();
}

}  // namespace

handler::reply handler::incidents(question q) {
    if (incidents_ == nullptr) co_return answer_of(no_incidents());
    const auto now  = time_.utc();
    auto       read = incident_search_of(q.where, q.who->who.sees, now);
    if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
    auto       search = std::move(std::get<incident_search>(read));
    const auto limit  = search.limit;
    const auto steps  = a_week(now);
    search.hours_from = steps.since;
    auto all          = co_await incidents_->incidents(std::move(search));
    if (!all) co_return answer_of(problem_of(all.error()));
    std::optional<std::string> next;
    if (all->size() >= limit) next = incident_position{all->back().last, all->back().id}.text();
    json_text_writer json;
    json->StartObject();
    json.key("incidents");
    write_incidents(json, *all, steps);
    json.key("next").text_or_null(next);
    json->EndObject();
    co_return json_answer(json.taken());
}

task<result<std::vector<incident>>> handler::similar_to(
    filter::node_ptr what, uuid but, readable_clusters who, utc_time since
) {
    std::vector<incident> none;
    if (!what) co_return none;
    incident_search search{.who = std::move(who), .what = std::move(what)};
    search.but        = but;
    search.limit      = few;
    search.hours_from = since;
    co_return co_await incidents_->incidents(std::move(search));
}

handler::reply handler::incident_by_id(question q) {
    if (incidents_ == nullptr) co_return answer_of(no_incidents());
    const auto id = uuid::parse(std::string_view(q.where.path).substr(q.where.path.rfind('/') + 1));
    if (!id) co_return answer_of(not_found(q.where.path));
    const auto        now   = time_.utc();
    const auto        steps = a_month(now);
    std::vector<uuid> one{*id};
    auto found = co_await incidents_->find(std::move(one), q.who->who.sees, steps.since);
    if (!found) co_return answer_of(problem_of(found.error()));
    if (found->empty())
        co_return answer_of(not_found("no incident that you may see has the id " + id->text()));
    const auto is    = std::move(found->front());
    auto       story = co_await incidents_->story(is.id);
    if (!story) co_return answer_of(problem_of(story.error()));
    const auto week    = a_week(now);
    auto       by_rule = node_of(filter::field_kind::rule, is.rule);
    auto same_rule = co_await similar_to(std::move(by_rule), is.id, q.who->who.sees, week.since);
    if (!same_rule) co_return answer_of(problem_of(same_rule.error()));
    auto by_workload = same_workload(is);
    auto beside = co_await similar_to(std::move(by_workload), is.id, q.who->who.sees, week.since);
    if (!beside) co_return answer_of(problem_of(beside.error()));
    std::erase_if(*same_rule, [&](const auto& each) { return each.rule != is.rule; });
    json_text_writer json;
    json->StartObject();
    json.key("incident");
    write_incident(json, is, steps);
    json.key("actions")->StartArray();
    for (const auto& each : *story) write_action(json, each, false);
    json->EndArray();
    json.key("sameRule");
    write_incidents(json, *same_rule, week);
    json.key("sameWorkload");
    write_incidents(json, *beside, week);
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::act_on_incidents(question q) {
    if (incidents_ == nullptr) co_return answer_of(no_incidents());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs_to_triage());
    auto read = incident_order_of(q.request.body, q.who->who.name);
    if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
    auto              order = std::move(std::get<incident_order>(read));
    std::vector<uuid> ids;
    for (const auto& each : order.incidents) ids.push_back(each.id);
    auto found = co_await incidents_->find(std::move(ids), *std::move(mine), time_.utc());
    if (!found) co_return answer_of(problem_of(found.error()));
    std::erase_if(order.incidents, [&](const auto& each) {
        return std::ranges::find(*found, each.id, &incident::id) == found->end();
    });
    if (order.incidents.empty())
        co_return answer_of(not_found("none of these incidents is there for you to change"));
    const auto id   = order.id;
    auto       done = co_await incidents_->act(std::move(order));
    if (!done && done.error().code == make_error_code(errc::conflict))
        co_return answer_of(
            {409, "changed-meanwhile", "Somebody else was here",
             done.error().detail + ". Look at it again; nothing was done."}
        );
    if (!done) co_return answer_of(problem_of(done.error()));
    log_of("console").info(
        "incidents were changed incidents={} action={} by=\"{}\"", *done, id.text(),
        in_one_line(q.who->who.name)
    );
    json_text_writer json;
    json->StartObject();
    json.key("action").text(id.text());
    json.key("incidents")->Uint64(*done);
    json->EndObject();
    co_return json_answer(json.taken());
}

}  // namespace falconer::console
