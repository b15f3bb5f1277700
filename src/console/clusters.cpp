// Clusters, and what was kept aside of theirs.
#include "handler.hpp"
#include "search_parameters.hpp"

#include "falconer/log.hpp"
#include "falconer/spelling.hpp"
#include "falconer/utf8.hpp"

#include <charconv>
#include <utility>

namespace falconer::console {
namespace {

void write_sight(json_text_writer& json, const std::optional<sight>& seen) {
    if (!seen) {
        json->Null();
        return;
    }
    json->StartObject();
    json.key("state").text(name_of(seen->is()));
    json.key("reason").text(name_of(seen->why));
    json.key("message").text(sentence_of(seen->why));
    json.key("since").text(time_text(seen->since));
    json->EndObject();
}

void write_state(json_text_writer& json, const cluster_state& is) {
    json->StartObject();
    json.key("cluster");
    write_cluster(json, is.name);
    json.key("sight");
    write_sight(json, is.seen);
    json.key("firstSeen").text(time_text(is.first_seen));
    json.key("lastEvent");
    if (is.last_event)
        json.text(time_text(*is.last_event));
    else
        json->Null();
    json.key("events24h")->Uint64(is.events_24h);
    json.key("quota")->StartObject();
    json.key("limited")->Bool(is.over_quota);
    json.key("daily");
    if (is.daily_events)
        json->Int64(*is.daily_events);
    else
        json->Null();
    json.key("left");
    if (is.quota_left)
        json->Double(*is.quota_left);
    else
        json->Null();
    json->EndObject();
    json.key("quarantined")->Uint64(is.quarantined);
    json.key("lost")->StartObject();
    constexpr const char* causes[] = {
        "overQuota", "quarantineFull", "tokenRefused", "bytesNotKept"
    };
    for (std::size_t i = 0; i < is.lost.size(); ++i) json.key(causes[i])->Uint64(is.lost[i]);
    json->EndObject();
    json->EndObject();
}

/// Each byte that is no UTF-8 as U+FFFD.
std::string shown(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
        std::size_t size = 1;
        while (size <= 4 && size <= bytes.size() && !is_utf8(bytes.substr(0, size))) ++size;
        const bool good  = size <= 4 && size <= bytes.size();
        out             += good ? bytes.substr(0, size) : std::string_view("\xEF\xBF\xBD");
        bytes.remove_prefix(good ? size : 1);
    }
    return out;
}

void write_aside(json_text_writer& json, const aside_body& is) {
    json->StartObject();
    json.key("id").text(std::to_string(is.id));
    json.key("received").text(time_text(is.received));
    json.key("cluster");
    write_cluster(json, is.cluster);
    json.key("about").text(is.about);
    json.key("reason").text(is.reason);
    json.key("bytes")->Uint64(is.size);
    json.key("replayed");
    if (is.replayed)
        json.text(time_text(*is.replayed));
    else
        json->Null();
    if (!is.body.empty()) json.key("text").text(shown(is.body));
    json->EndObject();
}

std::string page_json(
    std::string_view name, const auto& all, const auto& write,
    const std::optional<std::string>& next
) {
    json_text_writer json;
    json->StartObject();
    json.key(name)->StartArray();
    for (const auto& each : all) write(json, each);
    json->EndArray();
    json.key("next").text_or_null(next);
    json->EndObject();
    return json.taken();
}

std::optional<std::int64_t> id_of(std::string_view text) {
    std::int64_t id        = 0;
    const auto [at, wrong] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (wrong != std::errc{} || at != text.data() + text.size() || id < 0) return std::nullopt;
    return id;
}

constexpr std::string_view place = "/api/v1/quarantine/";

std::optional<std::int64_t> id_in(const address& where) {
    const auto rest = std::string_view(where.path).substr(place.size());
    return id_of(rest.substr(0, rest.find('/')));
}

/// "MICROSECONDS.IDENTITY".
std::optional<cluster_position> cluster_cursor(std::string_view text) {
    const auto point = text.find('.');
    if (point == text.npos) return std::nullopt;
    const auto micros = id_of(text.substr(0, point));
    if (!micros || *micros > 9'000'000'000'000'000) return std::nullopt;
    return cluster_position{
        utc_time{std::chrono::microseconds{*micros}}, std::string(text.substr(point + 1))
    };
}

std::string cluster_cursor(const cluster_state& of) {
    const auto last =
        std::chrono::floor<std::chrono::microseconds>(of.last_event.value_or(utc_time{}));
    return std::to_string(last.time_since_epoch().count()) + '.' + of.name.identity;
}

}  // namespace

handler::reply handler::clusters(question q) {
    const auto limit = number_of(q.where, "limit", 200, 1, 1000);
    if (const auto* wrong = std::get_if<problem>(&limit)) co_return answer_of(*wrong);
    cluster_search ask{.who = q.who->who.sees, .text = q.where.text("search")};
    ask.limit = std::get<std::size_t>(limit);
    if (const auto cursor = q.where.find("cursor")) {
        ask.before = cluster_cursor(*cursor);
        if (!ask.before)
            co_return answer_of(wrong_parameter("cursor", "this is no cursor of ours"));
    }
    auto all = co_await store_.clusters(std::move(ask));
    if (!all) co_return answer_of(problem_of(all.error()));
    std::optional<std::string> next;
    if (all->size() >= std::get<std::size_t>(limit)) next = cluster_cursor(all->back());
    co_return json_answer(page_json("clusters", *all, write_state, next));
}

handler::reply handler::quarantine(question q) {
    const auto limit = number_of(q.where, "limit", 50, 1, 500);
    if (const auto* wrong = std::get_if<problem>(&limit)) co_return answer_of(*wrong);
    auto search = search_of(q.where, q.who->who.sees, time_.utc());
    if (const auto* wrong = std::get_if<problem>(&search)) co_return answer_of(*wrong);
    aside_search ask{.who = q.who->who.sees, .cluster = q.where.text("cluster")};
    ask.since        = std::get<event_search>(search).when.since;
    ask.replayed_too = q.where.text("replayed") == "true";
    ask.limit        = std::get<std::size_t>(limit);
    if (const auto cursor = q.where.find("cursor")) {
        ask.before = id_of(*cursor);
        if (!ask.before)
            co_return answer_of(wrong_parameter("cursor", "this is no cursor of ours"));
    }
    auto all = co_await store_.aside(std::move(ask));
    if (!all) co_return answer_of(problem_of(all.error()));
    std::optional<std::string> next;
    if (all->size() >= std::get<std::size_t>(limit)) next = std::to_string(all->back().id);
    co_return json_answer(page_json("bodies", *all, write_aside, next));
}

handler::reply handler::quarantined(question q) {
    const auto id = id_in(q.where);
    if (!id) co_return answer_of(not_found(q.where.path));
    auto one = co_await store_.aside_one(*id, q.who->who.sees);
    if (!one) co_return answer_of(problem_of(one.error()));
    json_text_writer json;
    write_aside(json, *one);
    co_return json_answer(json.taken());
}

handler::reply handler::quarantined_bytes(question q) {
    const auto id = id_in(q.where);
    if (!id) co_return answer_of(not_found(q.where.path));
    auto one = co_await store_.aside_one(*id, q.who->who.sees);
    if (!one) co_return answer_of(problem_of(one.error()));
    net::http_response answer;
    answer.headers.add("Content-Type", "application/octet-stream");
    answer.headers.add(
        "Content-Disposition",
        "attachment; filename=\"quarantine-" + std::to_string(*id) + ".body\""
    );
    answer.body = std::move(one->body);
    co_return answer;
}

handler::reply handler::replay(question q) {
    if (!q.who->who.may_replay)
        co_return answer_of(
            {403, "forbidden", "Not yours to do", "Only operators put quarantined bodies back."}
        );
    const auto id = id_in(q.where);
    if (!id) co_return answer_of(not_found(q.where.path));
    auto one = co_await store_.aside_one(*id, q.who->who.sees);
    if (!one) co_return answer_of(problem_of(one.error()));
    if (one->replayed)
        co_return answer_of(
            {409, "already-replayed", "It is an event already", time_text(*one->replayed)}
        );
    auto done = co_await replay_.replay(std::move(*one));
    if (!done) co_return answer_of(problem_of(done.error()));
    if (!done->stored)
        co_return answer_of({422, "still-broken", "It still cannot be stored", done->why});
    log_of("console").info(
        "a quarantined body was put back id={} by=\"{}\"", *id, in_one_line(q.who->who.name)
    );
    json_text_writer json;
    json->StartObject();
    json.key("key").text(done->at.text());
    json->EndObject();
    co_return json_answer(json.taken());
}

}  // namespace falconer::console
