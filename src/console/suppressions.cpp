// Suppressions: what they would hide, what they hide, and how they are said to Falco.
#include "event_view.hpp"
#include "handler.hpp"
#include "suppression_filter.hpp"
#include "suppression_request.hpp"
#include "triage_view.hpp"

#include "falconer/log.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::days most_days{366};
constexpr std::size_t       most_holding = 300;

problem no_suppressions() {
    return not_found("this console keeps no suppressions");
}

std::string id_part(std::string_view path, int from_the_end) {
    for (; from_the_end > 0; --from_the_end) path = path.substr(0, path.rfind('/'));
    return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace

task<std::variant<suppression, problem>> handler::suppression_in(
    std::string path, readable_clusters who, int from_the_end
) {
    const auto id = uuid::parse(id_part(path, from_the_end));
    if (!id) co_return not_found(path);
    auto all = co_await triage_->suppressions(std::nullopt);
    if (!all) co_return problem_of(all.error());
    for (auto& each : *all)
        if (each.id == *id && concerns(each, who)) co_return std::move(each);
    co_return not_found(path);
}

handler::reply handler::suppressions(question q) {
    if (triage_ == nullptr) co_return answer_of(no_suppressions());
    const auto              now  = time_.utc();
    const bool              past = q.where.text("past") == "true";
    std::optional<utc_time> holding;
    if (!past) holding = now;
    auto all = co_await triage_->suppressions(holding);
    if (!all) co_return answer_of(problem_of(all.error()));
    json_text_writer json;
    json->StartObject();
    json.key("suppressions")->StartArray();
    for (const auto& each : *all)
        if (concerns(each, q.who->who.sees)) write_suppression(json, each, now);
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::one_suppression(question q) {
    if (triage_ == nullptr) co_return answer_of(no_suppressions());
    auto one = co_await suppression_in(q.where.path, q.who->who.sees, 0);
    if (const auto* wrong = std::get_if<problem>(&one)) co_return answer_of(*wrong);
    json_text_writer json;
    write_suppression(json, std::get<suppression>(one), time_.utc());
    co_return json_answer(json.taken());
}

/// What a filter and a scope would hide: how much of which clusters.
handler::reply handler::preview_suppression(question q) {
    if (triage_ == nullptr) co_return answer_of(no_suppressions());
    const auto now  = time_.utc();
    const auto body = parse_json(q.request.body);
    if (!body || !body->is_map())
        co_return answer_of(wrong_parameter("", "expected {\"filter\": …, \"project\": …}"));
    auto what = scope_in(*body, q.who->who.sees, now);
    if (const auto* wrong = std::get_if<problem>(&what)) co_return answer_of(*wrong);
    const auto* given = body->find("days");
    const auto  days  = given == nullptr ? 7 : given->integer().value_or(0);
    if (days < 1 || days > 90)
        co_return answer_of(wrong_parameter("days", "expected a number from 1 to 90"));
    auto search =
        search_of_scope(std::get<suppression>(what), q.who->who.sees, now, std::chrono::days(days));
    search.patience    = 10s;
    const auto since   = *search.when.since;
    auto       counted = co_await triage_->count(std::move(search));
    if (!counted) co_return answer_of(problem_of(counted.error()));
    std::vector<std::pair<std::uint64_t, std::string>> most;
    std::uint64_t                                      total = 0;
    for (const auto& [cluster, count] : counted->by_cluster) {
        most.emplace_back(count, cluster);
        total += count;
    }
    std::ranges::sort(most, std::greater{});
    json_text_writer json;
    json->StartObject();
    json.key("events")->Uint64(total);
    json.key("clusters")->Uint64(most.size());
    json.key("days")->Int64(days);
    json.key("since").text(time_text(counted->reached.value_or(since)));
    json.key("exact")->Bool(counted->exact);
    json.key("most")->StartArray();
    most.resize(std::min<std::size_t>(most.size(), 20));
    for (const auto& [count, cluster] : most) {
        json->StartObject();
        json.key("cluster").text(cluster);
        json.key("events")->Uint64(count);
        json->EndObject();
    }
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::suppress(question q) {
    if (triage_ == nullptr) co_return answer_of(no_suppressions());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs_to_triage());
    const auto now  = time_.utc();
    const auto body = parse_json(q.request.body);
    if (!body || !body->is_map())
        co_return answer_of(wrong_parameter("", "expected {\"filter\": …, \"reason\": …}"));
    auto read = scope_in(*body, *mine, now);
    if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
    auto what   = std::move(std::get<suppression>(read));
    auto reason = needed(*body, "reason", 500);
    if (const auto* wrong = std::get_if<problem>(&reason)) co_return answer_of(*wrong);
    auto owner = text_in(*body, "owner", 200);
    if (const auto* wrong = std::get_if<problem>(&owner)) co_return answer_of(*wrong);
    auto comment = text_in(*body, "comment", 2000);
    if (const auto* wrong = std::get_if<problem>(&comment)) co_return answer_of(*wrong);
    auto expires = expiry_in(*body, now, most_days);
    if (const auto* wrong = std::get_if<problem>(&expires)) co_return answer_of(*wrong);
    const auto& end = std::get<std::optional<utc_time>>(expires);
    if (!end)
        co_return answer_of(
            wrong_parameter("expires", "a suppression needs an end, at most 366 days ahead")
        );
    auto id = action_id_in(*body);
    if (const auto* wrong = std::get_if<problem>(&id)) co_return answer_of(*wrong);
    auto holding = co_await triage_->suppressions(now);
    if (!holding) co_return answer_of(problem_of(holding.error()));
    if (holding->size() >= most_holding)
        co_return answer_of(
            {409, "too-many-suppressions", "There are too many suppressions",
             "300 hold already, and every search looks at each of them: lift some, or say to Falco "
             "what is noise for good."}
        );
    what.id      = std::get<uuid>(id);
    what.reason  = std::get<std::string>(reason);
    what.made_by = q.who->who.name;
    what.owner   = std::get<std::optional<std::string>>(owner).value_or(what.made_by);
    what.made    = now;
    what.expires = *end;
    auto said    = std::get<std::optional<std::string>>(comment).value_or("");
    auto done    = co_await triage_->suppress(what, uuid::random(), std::move(said));
    if (!done && done.error().code != make_error_code(errc::already_exists))
        co_return answer_of(problem_of_triage(done.error()));
    if (!done) {
        // Told twice, it was done once; another one of that id was not done.
        auto all = co_await triage_->suppressions(std::nullopt);
        if (!all) co_return answer_of(problem_of(all.error()));
        const auto same = std::ranges::find_if(*all, [&](const suppression& each) {
            return each.id == what.id && each.made_by == what.made_by &&
                   each.filter == what.filter && each.project == what.project &&
                   each.clusters == what.clusters;
        });
        if (same == all->end())
            co_return answer_of(
                {409, "id-taken", "Something else has this id",
                 "Nothing was suppressed: take another id."}
            );
        what = *same;
    } else {
        log_of("console").info(
            "events are suppressed id={} by=\"{}\"", what.id.text(), in_one_line(what.made_by)
        );
    }
    json_text_writer json;
    write_suppression(json, what, now);
    co_return json_answer(json.taken());
}

/// Another end, owner or reason; or none of it any more.
handler::reply handler::change_suppression(question q) {
    if (triage_ == nullptr) co_return answer_of(no_suppressions());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs_to_triage());
    const bool lift = q.where.path.ends_with("/lift");
    auto       one  = co_await suppression_in(q.where.path, q.who->who.sees, lift ? 1 : 0);
    if (const auto* wrong = std::get_if<problem>(&one)) co_return answer_of(*wrong);
    if (!in_reach(std::get<suppression>(one), *mine)) co_return answer_of(not_theirs_to_triage());
    const auto now  = time_.utc();
    const auto body = parse_json(q.request.body.empty() ? "{}" : q.request.body);
    if (!body || !body->is_map())
        co_return answer_of(wrong_parameter("", "expected {\"expires\": …, \"why\": …}"));
    suppression_change to{
        .id = std::get<suppression>(one).id, .who = q.who->who.name, .lift = lift
    };
    auto id = action_id_in(*body);
    if (const auto* wrong = std::get_if<problem>(&id)) co_return answer_of(*wrong);
    to.action = std::get<uuid>(id);
    for (auto [name, into] : {std::pair{"owner", &to.owner}, std::pair{"reason", &to.reason}}) {
        auto text = text_in(*body, name, 500);
        if (const auto* wrong = std::get_if<problem>(&text)) co_return answer_of(*wrong);
        if (auto& given = std::get<std::optional<std::string>>(text); given && !given->empty())
            *into = std::move(given);
    }
    auto why = text_in(*body, "why", 500);
    if (const auto* wrong = std::get_if<problem>(&why)) co_return answer_of(*wrong);
    to.why       = std::get<std::optional<std::string>>(why).value_or("");
    auto expires = expiry_in(*body, now, most_days);
    if (const auto* wrong = std::get_if<problem>(&expires)) co_return answer_of(*wrong);
    to.expires = std::get<std::optional<utc_time>>(expires);
    if (!lift && !to.owner && !to.reason && !to.expires)
        co_return answer_of(
            wrong_parameter("expires", "nothing is to be changed: give expires, owner or reason")
        );
    auto done = co_await triage_->change(std::move(to));
    if (!done) co_return answer_of(problem_of_triage(done.error()));
    auto now_is = co_await suppression_in(q.where.path, q.who->who.sees, lift ? 1 : 0);
    if (const auto* wrong = std::get_if<problem>(&now_is)) co_return answer_of(*wrong);
    json_text_writer json;
    write_suppression(json, std::get<suppression>(now_is), now);
    co_return json_answer(json.taken());
}

}  // namespace falconer::console
