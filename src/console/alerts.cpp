// Alert rules, silences and alerts: whose they are to see, and to change.
#include "alert_view.hpp"
#include "handler.hpp"
#include "suppression_request.hpp"
#include "triage_view.hpp"

#include "falconer/alerts/rule_text.hpp"
#include "falconer/log.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

problem no_alerts() {
    return not_found("this console keeps no alert rules");
}

problem not_theirs() {
    return {
        403, "forbidden", "Not yours to do",
        "Alert rules and silences are for those who may triage events of their project, and "
        "silences for everything for those who see everything."
    };
}

/// The id in a path, so many parts before its last.
std::optional<uuid> id_in(std::string_view path, int from_the_end) {
    for (; from_the_end > 0; --from_the_end) path = path.substr(0, path.rfind('/'));
    return uuid::parse(path.substr(path.rfind('/') + 1));
}

/// Of a body: the version that the asker has seen.
std::variant<std::int64_t, problem> version_in(const value& body) {
    const auto* is = body.find("version");
    const auto  n  = is == nullptr ? std::nullopt : is->integer();
    if (!n || *n < 1) return wrong_parameter("version", "expected the version that you have seen");
    return *n;
}

problem problem_of_rule(const failure& why) {
    if (why.code == make_error_code(errc::conflict))
        return {
            409, "changed-meanwhile", "Somebody else was here",
            why.detail + ". Look at it again; nothing was done."
        };
    if (why.code == make_error_code(errc::overloaded) &&
        why.detail.find("alert rules") != std::string::npos)
        return {409, "too-many-rules", "There are too many rules", why.detail};
    return problem_of(why);
}

}  // namespace

handler::reply handler::standing_alerts(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto all = co_await alerts_->standing();
    if (!all) co_return answer_of(problem_of(all.error()));
    json_text_writer json;
    json->StartObject();
    json.key("alerts")->StartArray();
    for (const auto& each : *all)
        if (is_theirs(q.who->who.sees, each.project, each.alert.last)) write_alert(json, each);
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::alert_rules(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto all = co_await alerts_->rules();
    if (!all) co_return answer_of(problem_of(all.error()));
    std::erase_if(*all, [&](const alerts::kept_rule& each) {
        return !is_theirs(q.who->who.sees, each.rule.project, each.changed_at);
    });
    if (q.where.text("format") == "yaml") {
        value list = value::list();
        for (const auto& each : *all) list.push_back(alerts::value_of(each.rule));
        net::http_response file;
        file.headers.add("Content-Type", "application/yaml");
        file.body = yaml_text(list);
        co_return file;
    }
    json_text_writer json;
    json->StartObject();
    json.key("rules")->StartArray();
    for (const auto& each : *all) write_rule(json, each);
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

std::variant<alerts::alert_rule, problem> handler::founded_rule_in(const value& body) const {
    auto read = rule_in(body, time_.utc());
    if (std::holds_alternative<problem>(read)) return read;
    auto asked = std::get<alerts::alert_rule>(read);
    if (ground_.receivers.empty()) asked.receivers.clear();  // they are the ingestors' to know
    field_problems problems;
    alerts::check_ground(asked, value::map(), "rule", ground_, problems);
    if (problems.empty()) return read;
    return wrong_parameter(problems.front().path, problems.front().what);
}

task<std::variant<alerts::kept_rule, problem>> handler::rule_by_path(
    std::string path, readable_clusters who, int from_the_end
) {
    const auto id = id_in(path, from_the_end);
    if (!id) co_return not_found(path);
    auto all = co_await alerts_->rules();
    if (!all) co_return problem_of(all.error());
    for (auto& each : *all)
        if (each.rule.id == *id && is_theirs(who, each.rule.project, each.changed_at))
            co_return std::move(each);
    co_return not_found("no alert rule that you may see has the id " + id->text());
}

handler::reply handler::one_alert_rule(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto one = co_await rule_by_path(q.where.path, q.who->who.sees, 0);
    if (const auto* wrong = std::get_if<problem>(&one)) co_return answer_of(*wrong);
    const auto& rule  = std::get<alerts::kept_rule>(one);
    auto        story = co_await alerts_->story(rule.rule.id);
    if (!story) co_return answer_of(problem_of(story.error()));
    json_text_writer json;
    json->StartObject();
    json.key("rule");
    write_rule(json, rule);
    json.key("changes")->StartArray();
    for (const auto& each : *story) write_change(json, each);
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::preview_alert_rule(question q) {
    if (alert_previews_ == nullptr) co_return answer_of(no_alerts());
    const auto now  = time_.utc();
    const auto body = parse_json(q.request.body);
    if (!body || !body->is_map())
        co_return answer_of(wrong_parameter("", "expected {\"project\": …, \"rule\": {…}}"));
    auto read = founded_rule_in(*body);
    if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
    const auto* given = body->find("days");
    const auto  days  = given == nullptr ? 7 : given->integer().value_or(0);
    if (days < 1 || days > 31)
        co_return answer_of(wrong_parameter("days", "expected a number from 1 to 31"));
    auto rule = std::move(std::get<alerts::alert_rule>(read));
    rule.id   = uuid::random();
    // Of what its project has, as far as the asker may see that.
    auto who = q.who->who.sees;
    if (!is_theirs(who, rule.project, now))
        co_return answer_of(not_found("you see no project " + rule.project));
    rule.what  = "(" + rule.what + ") project:\"" + rule.project + "\"";
    auto since = now - std::chrono::days(days);
    auto found = co_await alert_previews_->preview(std::move(rule), std::move(who), since);
    if (!found) co_return answer_of(problem_of(found.error()));
    json_text_writer json;
    write_preview(json, *found);
    co_return json_answer(json.taken());
}

/// A new one, or another text of one that is there.
handler::reply handler::write_alert_rule(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs());
    const auto now    = time_.utc();
    const bool change = q.where.path != "/api/v1/alert-rules";
    const auto body   = parse_json(q.request.body);
    if (!body || !body->is_map())
        co_return answer_of(wrong_parameter("", "expected {\"project\": …, \"rule\": {…}}"));
    auto read = founded_rule_in(*body);
    if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
    auto id = action_id_in(*body);
    if (const auto* wrong = std::get_if<problem>(&id)) co_return answer_of(*wrong);
    alerts::rule_order order;
    order.action = std::get<uuid>(id);
    order.who    = q.who->who.name;
    order.rule   = std::move(std::get<alerts::alert_rule>(read));
    // Told twice it is the same rule.
    order.rule.id = order.action;
    if (change) {
        auto had = co_await rule_by_path(q.where.path, *mine, 0);
        if (const auto* wrong = std::get_if<problem>(&had)) co_return answer_of(*wrong);
        auto seen = version_in(*body);
        if (const auto* wrong = std::get_if<problem>(&seen)) co_return answer_of(*wrong);
        const auto& is = std::get<alerts::kept_rule>(had).rule;
        if (is.project != order.rule.project)
            co_return answer_of(wrong_parameter("project", "a rule stays with its project"));
        order.rule.id = is.id;
        order.seen    = std::get<std::int64_t>(seen);
    }
    if (!is_theirs(*mine, order.rule.project, now)) co_return answer_of(not_theirs());
    const auto which = order.rule.id;
    auto       done  = co_await alerts_->write(std::move(order));
    if (!done) co_return answer_of(problem_of_rule(done.error()));
    log_of("console").info(
        "an alert rule was written id={} version={} by=\"{}\"", which.text(), *done,
        in_one_line(q.who->who.name)
    );
    json_text_writer json;
    json->StartObject();
    json.key("id").text(which.text());
    json.key("version")->Int64(*done);
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::delete_alert_rule(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs());
    auto had = co_await rule_by_path(q.where.path, *mine, 1);
    if (const auto* wrong = std::get_if<problem>(&had)) co_return answer_of(*wrong);
    const auto body = parse_json(q.request.body);
    if (!body || !body->is_map())
        co_return answer_of(wrong_parameter("", "expected {\"version\": …}"));
    auto seen = version_in(*body);
    if (const auto* wrong = std::get_if<problem>(&seen)) co_return answer_of(*wrong);
    auto id = action_id_in(*body);
    if (const auto* wrong = std::get_if<problem>(&id)) co_return answer_of(*wrong);
    alerts::rule_order order;
    order.action     = std::get<uuid>(id);
    order.who        = q.who->who.name;
    order.rule       = std::get<alerts::kept_rule>(had).rule;
    order.seen       = std::get<std::int64_t>(seen);
    const auto which = order.rule.id;
    auto       done  = co_await alerts_->drop(std::move(order));
    if (!done) co_return answer_of(problem_of_rule(done.error()));
    log_of("console").info(
        "an alert rule was deleted id={} by=\"{}\"", which.text(), in_one_line(q.who->who.name)
    );
    co_return json_answer("{}");
}

handler::reply handler::silences(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto all = co_await alerts_->silences();
    if (!all) co_return answer_of(problem_of(all.error()));
    const auto       now  = time_.utc();
    const bool       past = q.where.text("past") == "true";
    json_text_writer json;
    json->StartObject();
    json.key("silences")->StartArray();
    for (const auto& each : *all)
        if ((past || now < each.until) && is_theirs(q.who->who.sees, each.project, each.from))
            write_silence(json, each, now);
    json->EndArray();
    json->EndObject();
    co_return json_answer(json.taken());
}

handler::reply handler::silence_alerts(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs());
    const auto now  = time_.utc();
    const auto body = parse_json(q.request.body);
    if (!body || !body->is_map())
        co_return answer_of(wrong_parameter("", "expected {\"filter\": …, \"until\": …}"));
    auto read = silence_in(*body, now);
    if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
    auto id = action_id_in(*body);
    if (const auto* wrong = std::get_if<problem>(&id)) co_return answer_of(*wrong);
    auto one = std::move(std::get<alerts::silence>(read));
    if (!is_theirs(*mine, one.project, now)) co_return answer_of(not_theirs());
    one.id    = std::get<uuid>(id);
    one.who   = q.who->who.name;
    auto kept = one;
    auto done = co_await alerts_->hush(one.id, std::move(kept));
    if (!done) co_return answer_of(problem_of(done.error()));
    log_of("console").info(
        "alerts are silenced id={} by=\"{}\"", one.id.text(), in_one_line(one.who)
    );
    json_text_writer json;
    write_silence(json, one, now);
    co_return json_answer(json.taken());
}

handler::reply handler::end_silence(question q) {
    if (alerts_ == nullptr) co_return answer_of(no_alerts());
    auto mine = co_await changeable(q.who);
    if (!mine) co_return refusal_of_garden(mine.error());
    if (is_nobodys(*mine)) co_return answer_of(not_theirs());
    const auto which = id_in(q.where.path, 1);
    if (!which) co_return answer_of(not_found(q.where.path));
    auto all = co_await alerts_->silences();
    if (!all) co_return answer_of(problem_of(all.error()));
    const auto at = std::ranges::find(*all, *which, &alerts::silence::id);
    if (at == all->end() || !is_theirs(q.who->who.sees, at->project, at->from))
        co_return answer_of(not_found("no silence that you may see has the id " + which->text()));
    if (!is_theirs(*mine, at->project, at->from)) co_return answer_of(not_theirs());
    auto done = co_await alerts_->unhush(uuid::random(), q.who->who.name, *which, at->project);
    if (!done) co_return answer_of(problem_of(done.error()));
    log_of("console").info(
        "a silence was ended id={} by=\"{}\"", which->text(), in_one_line(q.who->who.name)
    );
    co_return json_answer("{}");
}

}  // namespace falconer::console
