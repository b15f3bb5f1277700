// Notifications as JSON. Times are microseconds since 1970 beside RFC 3339 for people.
#include "falconer/alerts/notification.hpp"

#include "falconer/rfc3339.hpp"

namespace falconer::alerts {
namespace {

constexpr int form = 1;  // "version"

std::int64_t micros_of(utc_time t) {
    return std::chrono::floor<std::chrono::microseconds>(t.time_since_epoch()).count();
}

std::string instant(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::microseconds>(t)));
}

value json_labels(const label_set& labels) {
    value is = value::map();
    for (const auto& [name, text] : labels) is.add(name, text);
    return is;
}

value json_event(const alert_event& event) {
    value is       = value::map();
    is["key"]      = event.at.text();
    is["time"]     = text_of(event.time);
    is["received"] = instant(event.at.received);
    is["priority"] = falconer::name_of(event.level);
    is["rule"]     = event.rule;
    is["cluster"]  = event.cluster.identity;
    if (event.cluster.landscape) is["landscape"] = *event.cluster.landscape;
    if (event.cluster.project) is["project"] = *event.cluster.project;
    if (event.cluster.name) is["shoot"] = *event.cluster.name;
    is["output"] = event.output;
    if (event.late) is["late"] = true;
    return is;
}

/// What was written is read back; what is missing stays as by default.
struct source {
    const value& of;

    std::string  text(std::string_view key) const { return std::string(of.text_at({key})); }
    std::int64_t number(std::string_view key) const {
        const auto* is = of.find(key);
        return is == nullptr ? 0 : is->integer().value_or(0);
    }
    bool truth(std::string_view key) const {
        const auto* is = of.find(key);
        return is != nullptr && is->boolean().value_or(false);
    }
    uuid     id(std::string_view key) const { return uuid::parse(text(key)).value_or(uuid{}); }
    utc_time time(std::string_view key) const {
        return utc_time{std::chrono::microseconds{number(key)}};
    }
    severity level() const { return severity_of(text("severity")).value_or(severity::warning); }
    std::optional<std::string> maybe(std::string_view key) const {
        const auto* is = of.find(key);
        if (is == nullptr || is->text() == nullptr) return std::nullopt;
        return *is->text();
    }
    label_set labels() const {
        label_set all;
        if (const auto* is = of.find("labels"))
            for (const auto& each : is->entries())
                if (const auto* one = each.is.text()) all.emplace(each.key, *one);
        return all;
    }
    const value::list_type& items(std::string_view key) const {
        static const value none = value::list();
        const auto*        is   = of.find(key);
        return is == nullptr ? none.items() : is->items();
    }
};

event_time time_of(std::string_view text) {
    const auto  read = parse_rfc3339(text);
    const auto* is   = std::get_if<event_time>(&read);
    return is == nullptr ? event_time{} : *is;
}

alert_event event_of(const value& is) {
    const source in{is};
    alert_event  event;
    event.at                = event_position::parse(in.text("key")).value_or(event_position{});
    event.time              = time_of(in.text("time"));
    event.level             = priority_of(in.text("priority")).value_or(priority::debug);
    event.rule              = in.text("rule");
    event.cluster.identity  = in.text("cluster");
    event.cluster.landscape = in.maybe("landscape");
    event.cluster.project   = in.maybe("project");
    event.cluster.name      = in.maybe("shoot");
    event.output            = in.text("output");
    event.late              = in.truth("late");
    return event;
}

}  // namespace

value value_of(const told_alert& alert) {
    value is       = value::map();
    is["id"]       = alert.id.text();
    is["rule"]     = alert.rule;
    is["ruleId"]   = alert.rule_id.text();
    is["severity"] = name_of(alert.level);
    is["status"]   = alert.ended ? "resolved" : "firing";
    is["labels"]   = json_labels(alert.labels);
    is["summary"]  = alert.summary;
    if (!alert.runbook.empty()) is["runbook"] = alert.runbook;
    is["started"]  = micros_of(alert.started);
    is["startsAt"] = instant(alert.started);
    if (alert.ended) {
        is["ended"]  = micros_of(*alert.ended);
        is["endsAt"] = instant(*alert.ended);
    }
    is["last"]  = micros_of(alert.last);
    is["count"] = static_cast<std::int64_t>(alert.count);
    if (alert.most_urgent) is["priority"] = falconer::name_of(*alert.most_urgent);
    is["events"] = value::list();
    for (const auto& each : alert.events) is["events"].push_back(json_event(each));
    return is;
}

told_alert told_alert_of(const value& is) {
    const source in{is};
    told_alert   alert;
    alert.id      = in.id("id");
    alert.rule    = in.text("rule");
    alert.rule_id = in.id("ruleId");
    alert.level   = in.level();
    alert.labels  = in.labels();
    alert.summary = in.text("summary");
    alert.runbook = in.text("runbook");
    alert.started = in.time("started");
    if (in.text("status") == "resolved") alert.ended = in.time("ended");
    alert.last        = in.time("last");
    alert.count       = static_cast<std::uint64_t>(in.number("count"));
    alert.most_urgent = priority_of(in.text("priority"));
    for (const auto& each : in.items("events")) alert.events.push_back(event_of(each));
    return alert;
}

std::string json_of(const notification& what) {
    value is       = value::map();
    is["version"]  = form;
    is["key"]      = what.key.text();
    is["group"]    = what.group.text();
    is["number"]   = what.number;
    is["receiver"] = what.receiver;
    is["project"]  = what.project;
    is["labels"]   = json_labels(what.labels);
    is["severity"] = name_of(what.level);
    is["status"]   = what.resolved ? "resolved" : "firing";
    if (what.repeated) is["repeated"] = true;
    if (what.test) is["test"] = true;
    is["title"]  = what.title;
    is["made"]   = micros_of(what.made);
    is["madeAt"] = instant(what.made);
    is["alerts"] = value::list();
    for (const auto& each : what.alerts) is["alerts"].push_back(value_of(each));
    is["leftOut"] = static_cast<std::int64_t>(what.left_out);
    return json_text(is);
}

result<notification> notification_of(std::string_view json) {
    const auto read = parse_json(json);
    if (!read) return failure{read.error()}.while_doing("reading a notification");
    const source in{*read};
    if (in.number("version") != form)
        return failure{errc::malformed, "a notification of a form that is not known"};
    notification what;
    what.key      = in.id("key");
    what.group    = in.id("group");
    what.number   = in.number("number");
    what.receiver = in.text("receiver");
    what.project  = in.text("project");
    what.labels   = in.labels();
    what.level    = in.level();
    what.resolved = in.text("status") == "resolved";
    what.repeated = in.truth("repeated");
    what.test     = in.truth("test");
    what.title    = in.text("title");
    what.made     = in.time("made");
    for (const auto& each : in.items("alerts")) what.alerts.push_back(told_alert_of(each));
    what.left_out = static_cast<std::uint64_t>(in.number("leftOut"));
    if (what.key == uuid{} || what.receiver.empty())
        return failure{errc::malformed, "a notification without a key or a receiver"};
    return what;
}

}  // namespace falconer::alerts
