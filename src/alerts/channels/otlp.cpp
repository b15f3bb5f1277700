// OpenTelemetry: a log record for each alert, over OTLP/HTTP in JSON.
// Sources: https://opentelemetry.io/docs/specs/otlp/ ("OTLP/HTTP": which statuses may be tried
// again, partial success; "JSON Protobuf Encoding": 64-bit integers as strings),
// https://opentelemetry.io/docs/specs/otel/logs/data-model/ (severity numbers)
#include "kinds.hpp"
#include "words.hpp"

#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

using outcome = delivery_answer::outcome;

std::string nanos_text(utc_time t) {
    using std::chrono::duration_cast, std::chrono::nanoseconds;
    return std::to_string(duration_cast<nanoseconds>(t.time_since_epoch()).count());
}

value text_value(std::string_view text) {
    auto is           = value::map();
    is["stringValue"] = text;
    return is;
}
void put(value& attributes, std::string_view key, value is) {
    auto one     = value::map();
    one["key"]   = key;
    one["value"] = std::move(is);
    attributes.push_back(std::move(one));
}
void put_text(value& attributes, std::string_view key, std::string_view text) {
    if (!text.empty()) put(attributes, key, text_value(shortened(one_line(text), 512)));
}

/// Source: the log data model, "Field: SeverityNumber": INFO, WARN, ERROR, FATAL.
int severity_number(severity of) {
    switch (of) {
        case severity::critical: return 21;
        case severity::error: return 17;
        case severity::warning: return 13;
        case severity::info: break;
    }
    return 9;
}

value record(const notification& what, const told_alert& alert, std::string_view title) {
    auto one                    = value::map();
    one["timeUnixNano"]         = nanos_text(alert.ended.value_or(alert.last));
    one["observedTimeUnixNano"] = nanos_text(what.made);
    one["severityNumber"]       = severity_number(alert.level);
    one["severityText"]         = name_of(alert.level);
    one["body"] =
        text_value(shortened(one_line(alert.summary.empty() ? title : alert.summary), 512));
    auto attributes = value::list();
    put_text(attributes, "event.name", "falconer.alert");
    put_text(attributes, "falconer.alert.id", alert.id.text());
    put_text(attributes, "falconer.alert.state", state_of(alert));
    put_text(attributes, "falconer.alert.rule", alert.rule);
    put_text(attributes, "falconer.alert.runbook", alert.runbook);
    put_text(attributes, "falconer.notification.key", what.key.text());
    put_text(attributes, "falconer.notification.title", title);
    put_text(attributes, "falconer.project", what.project);
    put_text(attributes, "falconer.receiver", what.receiver);
    auto count        = value::map();
    count["intValue"] = std::to_string(alert.count);
    put(attributes, "falconer.alert.events", std::move(count));
    for (const auto& [name, text] : alert.labels)
        put_text(attributes, "falconer.label." + shortened(one_line(name), 64), text);
    if (!alert.events.empty()) {
        const auto& latest = alert.events.front();
        put_text(attributes, "falco.rule", latest.rule);
        put_text(attributes, "falco.priority", name_of(latest.level));
        put_text(attributes, "falco.output", latest.output);
        put_text(attributes, "falconer.cluster", latest.cluster.identity);
    }
    one["attributes"] = std::move(attributes);
    return one;
}

/// The statuses that may be tried again are listed; no other may, not even 500.
delivery_answer verdict_of(const answer& heard, const std::vector<std::string>& secrets) {
    auto       verdict = usual_verdict(heard, secrets);
    const auto status  = heard.status;
    if (verdict.what == outcome::again && status != 0 && status != 429 && status != 502 &&
        status != 503 && status != 504)
        verdict.what = outcome::never;
    if (verdict.what != outcome::delivered) return verdict;
    const auto rejected = otlp_rejection(heard.body);
    if (!rejected.empty()) {
        verdict.what = outcome::never;
        verdict.said = rejected;
    }
    return verdict;
}

class otlp final : public alert_channel {
public:
    otlp(channel_parts parts, const channel_tools& with)
        : parts_(std::move(parts)), http_(with.http), time_(with.time) {}

    task<delivery_answer> deliver(notification what) override {
        auto where = address_of(parts_);
        if (!where) co_return not_begun(where.error());
        auto request = json_post(otlp_body(what, title_for(parts_, what)), what);
        std::vector<std::string> secrets;
        if (parts_.secret.is_named()) {
            auto token = parts_.secret.line();
            if (!token) co_return not_begun(token.error());
            request.headers.add("Authorization", "Bearer " + token->reveal());
            secrets.push_back(token->reveal());
        }
        auto heard = co_await post(http_, time_, std::move(*where), std::move(request));
        co_return verdict_of(heard, secrets);
    }

private:
    channel_parts     parts_;
    net::http_client& http_;
    time_source&      time_;
};

}  // namespace

std::string otlp_body(const notification& what, std::string_view title) {
    auto records = value::list();
    for (const auto& alert : what.alerts) records.push_back(record(what, alert, title));
    auto resource_attributes = value::list();
    put_text(resource_attributes, "service.name", "falconer");
    auto resource           = value::map();
    resource["attributes"]  = std::move(resource_attributes);
    auto scope              = value::map();
    scope["name"]           = "falconer.alerts";
    auto scoped             = value::map();
    scoped["scope"]         = std::move(scope);
    scoped["logRecords"]    = std::move(records);
    auto of_resource        = value::map();
    of_resource["resource"] = std::move(resource);
    (of_resource["scopeLogs"] = value::list()).push_back(std::move(scoped));
    auto body = value::map();
    (body["resourceLogs"] = value::list()).push_back(std::move(of_resource));
    return json_text(body);
}

std::string otlp_rejection(std::string_view said) {
    const auto parsed = parse_json(said);
    if (!parsed) return {};
    const auto* count = parsed->find_path({"partialSuccess", "rejectedLogRecords"});
    if (count == nullptr) return {};
    const auto* text = count->text() != nullptr ? count->text() : count->numeral_text();
    if (text == nullptr || text->empty() || *text == "0") return {};
    return shortened(
        one_line(
            *text +
            " records rejected: " + std::string(parsed->text_at({"partialSuccess", "errorMessage"}))
        ),
        200
    );
}

std::unique_ptr<alert_channel> make_otlp(channel_parts parts, const channel_tools& with) {
    return std::make_unique<otlp>(std::move(parts), with);
}

}  // namespace falconer::alerts
