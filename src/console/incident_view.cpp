#include "incident_view.hpp"

#include "event_view.hpp"
#include "search_parameters.hpp"
#include "triage_view.hpp"

#include <charconv>
#include <tuple>
#include <utility>
#include <vector>

namespace falconer::console {
namespace {

constexpr std::size_t most_at_once = 200, longest_reason = 500, longest_comment = 2000,
                      longest_name = 200;  // characters

std::string_view name_of_kind(incident_place::kind is) {
    switch (is) {
        case incident_place::kind::node: return "node";
        case incident_place::kind::pod: return "pod";
        case incident_place::kind::container: return "container";
        case incident_place::kind::others: return "others";
    }
    return "others";
}

/// An action's number, as it was told.
std::optional<std::int64_t> number_in(const value& is) {
    const auto* text = is.text();
    if (text == nullptr) return std::nullopt;
    std::int64_t number    = 0;
    const auto*  end       = text->data() + text->size();
    const auto [at, wrong] = std::from_chars(text->data(), end, number);
    if (wrong != std::errc{} || at != end || number < 0) return std::nullopt;
    return number;
}

std::optional<problem> read_incidents(const value* list, incident_order& into) {
    if (list == nullptr || !list->is_list() || list->items().empty() ||
        list->items().size() > most_at_once)
        return wrong_parameter(
            "incidents", "expected 1 to " + std::to_string(most_at_once) + " incidents"
        );
    for (const auto& each : list->items()) {
        const auto id = uuid::parse(each.text_at({"id"}));
        if (!id)
            return wrong_parameter(
                "incidents", "expected {\"id\": the id of an incident, \"seen\": …}"
            );
        incident_order::one one{.id = *id};
        if (const auto* seen = each.find("seen"); seen != nullptr && !seen->is_null()) {
            one.seen = number_in(*seen);
            if (!one.seen)
                return wrong_parameter(
                    "incidents", "seen: expected the incident's action, or \"0\""
                );
        }
        into.incidents.push_back(one);
    }
    return std::nullopt;
}

}  // namespace

hour_steps hour_steps::until(utc_time now, std::chrono::hours step, std::size_t count) {
    const auto hour = std::chrono::floor<std::chrono::hours>(now).time_since_epoch();
    const auto last = hour - hour % step;
    return {utc_time{last - step * (static_cast<std::int64_t>(count) - 1)}, step, count};
}

void write_incident(json_text_writer& json, const incident& is, const hour_steps& steps) {
    json->StartObject();
    json.key("id").text(is.id.text());
    json.key("cluster");
    write_cluster(json, is.cluster);
    json.key("rule").text(is.rule);
    json.key("workload")->StartObject();
    json.key("kind").text(name_of_kind(is.place.is));
    json.key("namespace").text(is.place.space);
    json.key("name").text(is.place.name);
    json->EndObject();
    json.key("priority").text(name_of(is.level));
    json.key("count")->Uint64(is.count);
    json.key("first").text(time_text(is.first));
    json.key("last").text(time_text(is.last));
    json.key("state").text(name_of(is.state));
    json.key("reopened")->Bool(is.reopened);
    json.key("assignee").text_or_null(is.assignee);
    json.key("action").text(std::to_string(is.action));
    std::vector<std::uint64_t> counts(steps.count);
    const auto begin = std::chrono::floor<std::chrono::hours>(steps.since.time_since_epoch());
    for (const auto& [hour, count] : is.hours) {
        const auto at = (hour - begin.count()) / steps.step.count();
        if (hour >= begin.count() && at < static_cast<std::int64_t>(counts.size()))
            counts[static_cast<std::size_t>(at)] += count;
    }
    json.key("series")->StartObject();
    json.key("since").text(time_text(steps.since));
    json.key("step")->Int64(std::chrono::seconds(steps.step).count());
    json.key("counts")->StartArray();
    for (const auto each : counts) json->Uint64(each);
    json->EndArray();
    json->EndObject();
    json->EndObject();
}

std::variant<incident_search, problem> incident_search_of(
    const address& where, const readable_clusters& who, utc_time now
) {
    auto read = search_of(where, who, now);
    if (auto* wrong = std::get_if<problem>(&read)) return std::move(*wrong);
    auto&           asked = std::get<event_search>(read);
    incident_search it{.who = std::move(asked.who), .what = std::move(asked.what)};
    it.since = asked.when.since;
    if (it.what)
        if (const auto wrong = not_of_incidents(*it.what))
            return wrong_parameter(
                "q", "an incident has no " + *wrong +
                         ": look for words, rule, priority, workload, namespace, cluster, project, "
                         "shoot or landscape"
            );
    for (const auto& [name, text] : where.parameters) {
        if (name != "state" || text.empty()) continue;
        const auto state = incident_state_of(text);
        if (!state) return wrong_parameter("state", "there is no state '" + text + "'");
        it.states |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(*state));
    }
    if (auto who_has_it = where.text("assignee"); !who_has_it.empty())
        it.assignee = std::move(who_has_it);
    auto limit = number_of(where, "limit", 50, 1, 200);
    if (auto* wrong = std::get_if<problem>(&limit)) return std::move(*wrong);
    it.limit = std::get<std::size_t>(limit);
    if (const auto cursor = where.find("cursor")) {
        it.before = incident_position::parse(*cursor);
        if (!it.before) return wrong_parameter("cursor", "this is no cursor of ours");
    }
    return it;
}

std::variant<incident_order, problem> incident_order_of(
    std::string_view body, const std::string& who
) {
    const auto read = parse_json(body);
    if (!read || !read->is_map())
        return wrong_parameter("", "expected {\"incidents\": […], \"state\": …}");
    incident_order it;
    it.who  = who;
    auto id = action_id_in(*read);
    if (auto* wrong = std::get_if<problem>(&id)) return std::move(*wrong);
    it.id = std::get<uuid>(id);
    if (auto wrong = read_incidents(read->find("incidents"), it)) return std::move(*wrong);
    if (const auto* state = read->find("state"); state != nullptr && !state->is_null()) {
        it.state = incident_state_of(state->text() == nullptr ? "" : *state->text());
        if (!it.state) return wrong_parameter("state", "there is no such state");
    }
    for (auto [name, most, into] :
         {std::tuple{"reason", longest_reason, &it.reason},
          std::tuple{"comment", longest_comment, &it.comment}}) {
        auto text = text_in(*read, name, most);
        if (auto* wrong = std::get_if<problem>(&text)) return std::move(*wrong);
        *into = std::get<std::optional<std::string>>(text).value_or("");
    }
    auto assignee = text_in(*read, "assignee", longest_name);
    if (auto* wrong = std::get_if<problem>(&assignee)) return std::move(*wrong);
    it.assignee = std::get<std::optional<std::string>>(assignee);
    if (!it.state && !it.assignee && it.comment.empty())
        return wrong_parameter(
            "state", "nothing is to be done: give a state, an assignee or a comment"
        );
    if (it.state == incident_state::ignored && it.reason.empty())
        return wrong_parameter("reason", "what is ignored whatever happens needs a reason");
    return it;
}

}  // namespace falconer::console
