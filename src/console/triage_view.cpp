#include "triage_view.hpp"

#include "event_view.hpp"
#include "falconer/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace falconer::console {
namespace {

constexpr std::size_t most_keys = 100, longest_reason = 500, longest_comment = 2000,
                      longest_name = 200;  // characters
constexpr std::chrono::days most_days{3660};

void write_time(json_text_writer& json, const std::optional<utc_time>& is) {
    if (is)
        json.text(time_text(*is));
    else
        json->Null();
}

void write_id(json_text_writer& json, const std::optional<uuid>& is) {
    if (is)
        json.text(is->text());
    else
        json->Null();
}

problem wrong_body(std::string name, std::string why) {
    return wrong_parameter(std::move(name), std::move(why));
}

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t number    = 0;
    const auto [at, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc{} || at != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

/// The events named one by one. Nothing wrong: nothing.
std::optional<problem> read_keys(const value& list, std::vector<assess_order::one>& into) {
    if (!list.is_list() || list.items().empty() || list.items().size() > most_keys)
        return wrong_body(
            "events", "expected 1 to " + std::to_string(most_keys) +
                          " events; more of them are chosen by a filter"
        );
    for (const auto& each : list.items()) {
        const auto at = event_position::parse(each.text_at({"key"}));
        if (!at)
            return wrong_body("events", "expected {\"key\": the key of an event, \"seen\": …}");
        assess_order::one one{.at = *at};
        if (const auto* seen = each.find("seen"); seen != nullptr && !seen->is_null()) {
            one.seen = number_in(seen->text() == nullptr ? "" : *seen->text());
            if (!one.seen)
                return wrong_body(
                    "events", "seen: expected the event's assessment.action, or \"0\""
                );
        }
        into.push_back(std::move(one));
    }
    return std::nullopt;
}

/// A filter's members, as a question's parameters.
std::optional<problem> read_filter(const value& from, address& into) {
    constexpr std::array<std::string_view, 6> known{"q",      "since", "until",
                                                    "hidden", "state", "assignee"};
    if (!from.is_map()) return wrong_body("filter", "expected {\"q\": …, \"since\": …}");
    for (const auto& each : from.entries()) {
        if (std::ranges::find(known, each.key) == known.end())
            return wrong_body("filter", "'" + each.key + "' is nothing that a filter has");
        const auto add = [&](const value& is) {
            if (is.text() == nullptr || is.text()->find('\0') != std::string::npos) return false;
            into.parameters.emplace_back(each.key, *is.text());
            return true;
        };
        bool good = true;
        if (each.is.is_list())
            for (const auto& one : each.is.items()) good = good && add(one);
        else if (!each.is.is_null())
            good = add(each.is);
        if (!good) return wrong_body("filter", "'" + each.key + "': expected a text");
    }
    return std::nullopt;
}

/// What hides an event wants a reason.
std::optional<problem> lacks(const assess_order& what) {
    if (!what.state && !what.assignee && what.comment.empty())
        return wrong_body("state", "nothing is to be done: give a state, an assignee or a comment");
    if (what.state && is_hidden(*what.state) && what.reason.empty())
        return wrong_body("reason", "what is put out of sight needs a reason");
    if (what.expires && !what.state)
        return wrong_body("expires", "it is a state that expires: give one");
    if (what.expires && *what.state == triage_state::fresh)
        return wrong_body("expires", "what is new does not expire");
    return std::nullopt;
}

}  // namespace

void write_assessment(json_text_writer& json, const assessment* is, utc_time now) {
    if (is == nullptr) {
        json->Null();
        return;
    }
    json->StartObject();
    json.key("state").text(name_of(is->state_at(now)));
    json.key("expired")->Bool(is->state_at(now) != is->state);
    json.key("action").text(std::to_string(is->action));
    json.key("assignee").text_or_null(is->assignee);
    write_time(json.key("expires"), is->expires);
    json.key("by").text(is->who);
    write_time(json.key("at"), is->at);
    json.key("reason").text(is->reason);
    json.key("comment").text(is->comment);
    json->EndObject();
}

void write_action(json_text_writer& json, const triage_action& is, bool with_filter) {
    json->StartObject();
    json.key("id").text(is.id.text());
    json.key("at").text(time_text(is.at));
    json.key("by").text(is.who);
    json.key("what").text(name_of(is.what));
    json.key("state");
    if (is.state)
        json.text(name_of(*is.state));
    else if (is.incidents)
        json.text(name_of(*is.incidents));
    else
        json->Null();
    json.key("assignee").text_or_null(is.assignee);
    write_time(json.key("expires"), is.expires);
    json.key("reason").text(is.reason);
    json.key("comment").text(is.comment);
    if (with_filter) {
        json.key("filter").text(is.filter);
        json.key("events")->Uint64(is.events);
    }
    write_id(json.key("undoes"), is.undoes);
    write_id(json.key("undoneBy"), is.undone_by);
    write_id(json.key("suppression"), is.suppression);
    json->EndObject();
}

void write_suppression(json_text_writer& json, const suppression& is, utc_time now) {
    json->StartObject();
    json.key("id").text(is.id.text());
    json.key("filter").text(is.filter);
    json.key("project");
    if (is.project.empty())
        json->Null();
    else
        json.text(is.project);
    json.key("clusters")->StartArray();
    for (const auto& each : is.clusters) json.text(each);
    json->EndArray();
    json.key("reason").text(is.reason);
    json.key("owner").text(is.owner);
    json.key("by").text(is.made_by);
    json.key("at").text(time_text(is.made));
    json.key("expires").text(time_text(is.expires));
    write_time(json.key("lifted"), is.lifted);
    json.key("holds")->Bool(is.holds_at(now));
    json->EndObject();
}

std::variant<std::optional<std::string>, problem> text_in(
    const value& body, std::string_view name, std::size_t most
) {
    const auto* is = body.find(name);
    if (is == nullptr || is->is_null()) return std::optional<std::string>{};
    const auto* text = is->text();
    if (text == nullptr || text->find('\0') != std::string::npos || !is_utf8(*text))
        return wrong_body(std::string(name), "expected a text without U+0000");
    if (code_points(*text) > most)
        return wrong_body(
            std::string(name), "it has more than " + std::to_string(most) + " characters"
        );
    return std::optional<std::string>{*text};
}

std::variant<std::optional<utc_time>, problem> expiry_in(
    const value& body, utc_time now, std::chrono::days most
) {
    auto text = text_in(body, "expires", 64);
    if (auto* wrong = std::get_if<problem>(&text)) return std::move(*wrong);
    const auto& given = std::get<std::optional<std::string>>(text);
    if (!given || given->empty()) return std::optional<utc_time>{};
    const auto is    = filter::parse_moment(*given, now);
    const auto today = event_time_of(now);
    if (!is || is->relative || is->from <= today || is->from > event_time_of(now + most))
        return wrong_body(
            "expires", "expected a time to come, such as 2026-12-31T00:00Z, at most " +
                           std::to_string(most.count()) + " days ahead"
        );
    return std::optional<utc_time>{
        utc_time{std::chrono::seconds{is->from.seconds}} + std::chrono::nanoseconds{is->from.nanos}
    };
}

std::variant<uuid, problem> action_id_in(const value& body) {
    const auto* given = body.find("id");
    if (given == nullptr || given->is_null()) return uuid::random();
    const auto id = uuid::parse(given->text() == nullptr ? "" : *given->text());
    if (!id) return wrong_body("id", "expected a UUID");
    return *id;
}

std::variant<assess_request, problem> assess_request_of(
    std::string_view body, const std::string& who, utc_time now
) {
    const auto read = parse_json(body);
    if (!read || !read->is_map())
        return wrong_body("", "expected {\"events\": […] or \"filter\": {…}, \"state\": …}");
    assess_request it;
    auto&          order = it.order;
    order.who            = who;
    order.now            = now;
    auto id              = action_id_in(*read);
    if (auto* wrong = std::get_if<problem>(&id)) return std::move(*wrong);
    order.id           = std::get<uuid>(id);
    const auto* events = read->find("events");
    const auto* filter = read->find("filter");
    if ((events == nullptr) == (filter == nullptr))
        return wrong_body("events", "expected either events or a filter");
    std::optional<problem> wrong;
    if (events != nullptr) {
        wrong = read_keys(*events, order.events);
    } else {
        it.filter.emplace();
        wrong = read_filter(*filter, *it.filter);
        for (const auto& [name, text] : it.filter->parameters)
            order.filter += (order.filter.empty() ? "" : " ") + name + '=' + text;
        if (order.filter.empty()) order.filter = "everything";
    }
    if (wrong) return std::move(*wrong);
    if (const auto* state = read->find("state"); state != nullptr && !state->is_null()) {
        order.state = triage_state_of(state->text() == nullptr ? "" : *state->text());
        if (!order.state) return wrong_body("state", "there is no such state");
    }
    for (auto [name, most, into] :
         {std::tuple{"reason", longest_reason, &order.reason},
          std::tuple{"comment", longest_comment, &order.comment}}) {
        auto text = text_in(*read, name, most);
        if (auto* bad = std::get_if<problem>(&text)) return std::move(*bad);
        *into = std::get<std::optional<std::string>>(text).value_or("");
    }
    auto assignee = text_in(*read, "assignee", longest_name);
    if (auto* bad = std::get_if<problem>(&assignee)) return std::move(*bad);
    order.assignee = std::get<std::optional<std::string>>(assignee);
    auto expires   = expiry_in(*read, now, most_days);
    if (auto* bad = std::get_if<problem>(&expires)) return std::move(*bad);
    order.expires = std::get<std::optional<utc_time>>(expires);
    wrong         = lacks(order);
    if (wrong) return std::move(*wrong);
    return it;
}

}  // namespace falconer::console
