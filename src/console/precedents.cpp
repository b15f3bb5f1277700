// What there was before an event: when its image first did that, and events that are like it.
#include "falconer/ports/incident_desk.hpp"

#include "event_view.hpp"
#include "handler.hpp"
#include "search_parameters.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t looked_at = 200, longest_value = 1024;  // events; bytes
constexpr auto        as_far_as = std::chrono::days(30);

/// What makes events of one rule alike, and how much. Those that are `looked_for` find them.
struct trait {
    std::string_view field{};
    int              weight     = 1;
    bool             looked_for = false;
};
constexpr std::array<trait, 9> traits{{
    {"proc.cmdline", 4, true},
    {"container.image.repository", 3, true},
    {"proc.name", 3, true},
    {"fd.name", 3, true},
    {"proc.pname", 1},
    {"proc.exepath", 1},
    {"user.name", 1},
    {"k8s.ns.name", 1},
    {"container.name", 1},
}};

/// Nothing: it has none, or one that says nothing.
std::string_view value_of(const event_contents& of, std::string_view field) {
    const auto* is = of.fields().find(field);
    if (is == nullptr || is->text() == nullptr) return {};
    const std::string_view text = *is->text();
    return text == "<NA>" || text.size() > longest_value ? std::string_view() : text;
}

filter::node_ptr node_of(filter::field where, std::string_view text) {
    filter::text_test test{
        .where = std::move(where),
        .what  = {filter::text_pattern::kind::equal, filter::lowered(text)}
    };
    return std::make_shared<const filter::node>(filter::node{std::move(test)});
}

/// Events of the same rule that have one of its traits; if it has none: of the same rule.
filter::node_ptr like(const found_event& event, const event_contents& contents) {
    filter::all_of all{{node_of({filter::field_kind::rule, {}}, event.rule)}};
    filter::any_of any;
    for (const auto& each : traits) {
        const auto text = value_of(contents, each.field);
        if (each.looked_for && !text.empty())
            any.of.push_back(
                node_of({filter::field_kind::output_field, std::string(each.field)}, text)
            );
    }
    if (!any.of.empty())
        all.of.push_back(std::make_shared<const filter::node>(filter::node{std::move(any)}));
    return std::make_shared<const filter::node>(filter::node{std::move(all)});
}

struct likeness {
    const found_event*            event = nullptr;
    std::vector<std::string_view> same{};
    int                           score = 0;
};

likeness likeness_of(const event_contents& to, const found_event& event) {
    const event_contents contents(event);
    likeness             it{.event = &event};
    for (const auto& each : traits) {
        const auto text = value_of(to, each.field);
        if (text.empty() || value_of(contents, each.field) != text) continue;
        it.same.push_back(each.field);
        it.score += each.weight;
    }
    return it;
}

void write_sighting(json_text_writer& json, const std::optional<image_history::sighting>& is) {
    if (!is) {
        json->Null();
        return;
    }
    json->StartObject();
    json.key("cluster");
    write_cluster(json, is->cluster);
    json.key("first").text(time_text(is->first));
    json.key("last").text(time_text(is->last));
    json.key("count")->Uint64(is->count);
    json->EndObject();
}

}  // namespace

/// Whether this image did that before; and the incident that the event is of.
handler::reply handler::first_seen(question q) {
    if (incidents_ == nullptr) co_return answer_of(not_found("this console keeps no incidents"));
    auto found = co_await find_event(q);
    if (!found) co_return answer_of(problem_of(found.error()));
    const event_contents contents(*found);
    const std::string    image(value_of(contents, "container.image.repository"));
    auto                 place = incident_place_of(contents.fields());
    const incident_place others{.is = incident_place::kind::others};
    std::vector<uuid>    ids{
        incident_id(found->cluster.identity, found->rule, place),
        incident_id(found->cluster.identity, found->rule, others)
    };
    const auto first = ids.front();
    auto       known = co_await incidents_->find(std::move(ids), q.who->who.sees, time_.utc());
    if (!known) co_return answer_of(problem_of(known.error()));
    auto history = co_await incidents_->first_seen(
        found->rule, image, found->cluster.identity, q.who->who.sees
    );
    if (!history) co_return answer_of(problem_of(history.error()));
    std::ranges::stable_partition(*known, [&](const auto& each) { return each.id == first; });
    const auto is_first = [&](const std::optional<image_history::sighting>& is) {
        return is && found->at.received <= is->first;
    };
    json_text_writer json;
    json->StartObject();
    json.key("image");
    if (image.empty())
        json->Null();
    else
        json.text(image);
    json.key("since").text(time_text(history->since));
    json.key("here");
    write_sighting(json, history->here);
    json.key("earliest");
    write_sighting(json, history->earliest);
    json.key("clusters")->Uint64(history->clusters);
    json.key("isFirstHere")->Bool(is_first(history->here));
    json.key("isFirst")->Bool(is_first(history->earliest));
    json.key("incident");
    if (known->empty()) {
        json->Null();
    } else {
        const auto& of = known->front();
        json->StartObject();
        json.key("id").text(of.id.text());
        json.key("state").text(name_of(of.state));
        json.key("count")->Uint64(of.count);
        json.key("first").text(time_text(of.first));
        json.key("last").text(time_text(of.last));
        json->EndObject();
    }
    json->EndObject();
    co_return json_answer(json.taken());
}

/// Of the newest that are somehow like it those that are most like it.
handler::reply handler::similar_events(question q) {
    const auto limit = number_of(q.where, "limit", 10, 1, 50);
    if (const auto* wrong = std::get_if<problem>(&limit)) co_return answer_of(*wrong);
    auto found = co_await find_event(q);
    if (!found) co_return answer_of(problem_of(found.error()));
    const event_contents contents(*found);
    page_search          ask;
    ask.search.what       = like(*found, contents);
    ask.search.who        = q.who->who.sees;
    ask.search.when.since = found->at.received - as_far_as;
    ask.limit             = looked_at;
    ask.whole_output      = false;
    auto page             = co_await store_.page(std::move(ask));
    if (!page) co_return answer_of(problem_of(page.error()));
    std::vector<likeness> all;
    for (const auto& each : page->events)
        if (each.at != found->at) all.push_back(likeness_of(contents, each));
    std::ranges::stable_sort(all, std::greater{}, &likeness::score);
    all.resize(std::min(all.size(), std::get<std::size_t>(limit)));
    std::vector<event_position> places;
    for (const auto& each : all) places.push_back(each.event->at);
    auto standing = co_await standing_of(std::move(places));
    if (!standing) co_return answer_of(problem_of(standing.error()));
    const auto       now    = time_.utc();
    const auto       fields = fields_of(q.where.find("fields"));
    json_text_writer json;
    json->StartObject();
    json.key("similar")->StartArray();
    for (const auto& each : all) {
        json->StartObject();
        json.key("event");
        write_summary(json, *each.event, fields, {*standing, now});
        json.key("same")->StartArray();
        for (const auto field : each.same) json.text(field);
        json->EndArray();
        json->EndObject();
    }
    json->EndArray();
    json.key("looked")->Uint64(page->events.size());
    json.key("complete")->Bool(page->end);
    json.key("reached").text(time_text(page->reached));
    json->EndObject();
    co_return json_answer(json.taken());
}

}  // namespace falconer::console
