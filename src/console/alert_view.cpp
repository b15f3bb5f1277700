#include "alert_view.hpp"

#include "event_view.hpp"
#include "falconer/alerts/rule_text.hpp"
#include "suppression_request.hpp"
#include "triage_view.hpp"

#include <algorithm>
#include <utility>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::days longest_silence{90};

void write_value(json_text_writer& json, const value& is) {
    const auto text = json_text(is);
    const auto kind = is.is_list() ? rapidjson::kArrayType : rapidjson::kObjectType;
    json->RawValue(text.data(), text.size(), kind);
}

void write_labels(json_text_writer& json, const alerts::label_set& labels) {
    json->StartObject();
    for (const auto& [name, text] : labels) json.key(name).text(text);
    json->EndObject();
}

}  // namespace

bool is_theirs(const readable_clusters& who, const std::string& project, utc_time since) {
    if (who.everything) return true;
    if (project.empty() || std::ranges::find(who.projects, project) == who.projects.end())
        return false;
    const auto begun = who.begun.find(project);
    return begun == who.begun.end() || since >= begun->second;
}

void write_rule(json_text_writer& json, const alerts::kept_rule& is) {
    json->StartObject();
    json.key("id").text(is.rule.id.text());
    json.key("project").text(is.rule.project);
    json.key("version")->Int64(is.rule.version);
    json.key("changedBy").text(is.changed_by);
    json.key("changed").text(time_text(is.changed_at));
    if (!is.problem.empty()) json.key("problem").text(is.problem);
    json.key("rule");
    write_value(json, alerts::value_of(is.rule));
    json->EndObject();
}

void write_silence(json_text_writer& json, const alerts::silence& is, utc_time now) {
    json->StartObject();
    json.key("id").text(is.id.text());
    json.key("project").text(is.project);
    json.key("filter").text(is.what);
    json.key("by").text(is.who);
    json.key("reason").text(is.reason);
    json.key("from").text(time_text(is.from));
    json.key("until").text(time_text(is.until));
    json.key("holds")->Bool(is.from <= now && now < is.until);
    json->EndObject();
}

void write_alert(json_text_writer& json, const alerts::standing_alert& is) {
    const auto& alert = is.alert;
    json->StartObject();
    json.key("id").text(alert.id.text());
    json.key("rule").text(alert.rule);
    json.key("ruleId").text(alert.rule_id.text());
    json.key("project").text(is.project);
    json.key("severity").text(alerts::name_of(alert.level));
    json.key("summary").text(alert.summary);
    json.key("labels");
    write_labels(json, alert.labels);
    json.key("started").text(time_text(alert.started));
    json.key("last").text(time_text(alert.last));
    json.key("count")->Uint64(alert.count);
    if (alert.ended) json.key("ended").text(time_text(*alert.ended));
    json.key("events")->StartArray();
    for (const auto& each : alert.events) json.text(each.at.text());
    json->EndArray();
    json->EndObject();
}

void write_change(json_text_writer& json, const alerts::alert_change& is) {
    json->StartObject();
    json.key("id").text(is.id.text());
    json.key("at").text(time_text(is.at));
    json.key("by").text(is.who);
    json.key("what").text(is.what);
    json.key("version")->Int64(is.version);
    json.key("body");
    const auto body = parse_json(is.body);
    if (body && body->is_map())
        write_value(json, *body);
    else
        json->Null();
    json->EndObject();
}

void write_preview(json_text_writer& json, const alerts::alert_preview& is) {
    json->StartObject();
    json.key("since").text(time_text(is.since));
    json.key("exact")->Bool(is.exact);
    json.key("events")->Uint64(is.events);
    json.key("alerts")->Uint64(is.alerts);
    json.key("told")->Uint64(is.told);
    json.key("tellings")->StartArray();
    for (const auto& each : is.tellings) {
        json->StartObject();
        json.key("at").text(time_text(each.at));
        json.key("title").text(each.title);
        json.key("alerts")->Uint64(each.alerts);
        json.key("resolved")->Bool(each.resolved);
        json.key("repeated")->Bool(each.repeated);
        json->EndObject();
    }
    json->EndArray();
    json->EndObject();
}

std::variant<alerts::alert_rule, problem> rule_in(const value& body, utc_time now) {
    auto project = needed(body, "project", 256);
    if (auto* wrong = std::get_if<problem>(&project)) return std::move(*wrong);
    const auto* is = body.find("rule");
    if (is == nullptr || !is->is_map()) return wrong_parameter("rule", "expected an object");
    field_problems problems;
    auto           rule = alerts::rule_of(*is, "rule", now, problems);
    if (!problems.empty()) {
        problem all{
            .kind = "rule", .title = "The rule cannot be used", .parameter = problems.front().path
        };
        for (const auto& each : problems)
            all.detail += (all.detail.empty() ? "" : "\n") + each.text();
        return all;
    }
    rule.project = std::get<std::string>(project);
    return rule;
}

std::variant<alerts::silence, problem> silence_in(const value& body, utc_time now) {
    alerts::silence one;
    auto            reason = needed(body, "reason", 500);
    if (auto* wrong = std::get_if<problem>(&reason)) return std::move(*wrong);
    one.reason   = std::get<std::string>(reason);
    auto project = text_in(body, "project", 256);
    if (auto* wrong = std::get_if<problem>(&project)) return std::move(*wrong);
    one.project = std::get<std::optional<std::string>>(project).value_or("");
    auto what   = text_in(body, "filter", filter::longest_filter);
    if (auto* wrong = std::get_if<problem>(&what)) return std::move(*wrong);
    one.what          = std::get<std::optional<std::string>>(what).value_or("");
    const auto parsed = filter::parse(one.what, now);
    if (const auto* wrong = std::get_if<filter::mistake>(&parsed))
        return problem{
            .kind      = "filter",
            .title     = "The filter cannot be used",
            .detail    = wrong->what,
            .parameter = "filter",
            .column    = wrong->column,
            .length    = wrong->length
        };
    one.from  = now;
    auto from = text_in(body, "from", 64);
    if (auto* wrong = std::get_if<problem>(&from)) return std::move(*wrong);
    if (const auto& said = std::get<std::optional<std::string>>(from)) {
        const auto moment = filter::parse_moment(*said, now);
        if (!moment) return wrong_parameter("from", "expected a time");
        const utc_time begins{std::chrono::seconds{moment->from.seconds}};
        if (begins > now + longest_silence) return wrong_parameter("from", "at most 90 days ahead");
        one.from = std::max(now, begins);
    }
    auto until = text_in(body, "until", 64);
    if (auto* wrong = std::get_if<problem>(&until)) return std::move(*wrong);
    const auto& said   = std::get<std::optional<std::string>>(until);
    const auto  moment = said ? filter::parse_moment(*said, now) : std::nullopt;
    if (!moment) return wrong_parameter("until", "a silence needs an end");
    one.until =
        utc_time{std::chrono::seconds{std::min<std::int64_t>(moment->from.seconds, 9'000'000'000)}};
    if (one.until <= one.from || one.until > one.from + longest_silence)
        return wrong_parameter("until", "it ends after it begins, at most 90 days later");
    return one;
}

}  // namespace falconer::console
