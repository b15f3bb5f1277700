// Alertmanager's API v2: our alerts as its own, for its routing, silences and receivers.
// Sources: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
// (postableAlerts); https://prometheus.io/docs/alerting/latest/clients/ ;
// https://prometheus.io/docs/concepts/data_model/ (label names)
#include "kinds.hpp"
#include "words.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

/// As a label's name may be: k8s.ns.name → k8s_ns_name. Names that begin with two underscores are
/// Prometheus' own.
std::string label_name(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit  = c >= '0' && c <= '9';
        if (digit && name.empty()) name += '_';
        name += letter || digit ? c : '_';
    }
    while (name.starts_with("__")) name.erase(0, 1);
    return name;
}

/// An empty label is none, for Alertmanager; what says the same twice is said once.
void put_label(value& labels, const std::string& name, std::string_view text) {
    auto line = shortened(one_line(text), longest_label);
    if (name.empty() || line.empty() || labels.find(name) != nullptr) return;
    labels[name] = std::move(line);
}

value labels_of(const notification& what, const told_alert& alert) {
    auto labels = value::map();
    put_label(labels, "alertname", alert.rule);
    put_label(labels, "severity", name_of(alert.level));
    put_label(labels, "project", what.project);
    put_label(labels, "source", "falconer");
    if (what.test) put_label(labels, "test", "true");
    for (const auto& [name, text] : alert.labels) put_label(labels, label_name(name), text);
    return labels;
}

value annotations_of(const told_alert& alert) {
    auto texts = value::map();
    put_label(texts, "summary", alert.summary);
    if (is_link(alert.runbook)) texts["runbook_url"] = alert.runbook;
    if (alert.count > 0) texts["events"] = std::to_string(alert.count);
    if (!alert.events.empty()) {
        const auto& latest = alert.events.front();
        texts["output"]    = shortened(one_line(latest.output), told_output);
        put_label(texts, "falco_rule", latest.rule);
        put_label(texts, "priority", name_of(latest.level));
        put_label(texts, "cluster", latest.cluster.identity);
    }
    return texts;
}

class alertmanager final : public alert_channel {
public:
    alertmanager(channel_parts parts, const channel_tools& with)
        : parts_(std::move(parts)), http_(with.http), time_(with.time) {}

    task<delivery_answer> deliver(notification what) override {
        auto where = address_of(parts_);
        if (!where) co_return not_begun(where.error());
        if (what.alerts.empty())
            co_return delivery_answer{
                .what = delivery_answer::outcome::delivered, .said = "there is no alert in it"
            };
        auto                     request = json_post(alertmanager_body(what, parts_.keeps), what);
        std::vector<std::string> secrets;
        if (parts_.secret.is_named()) {
            auto token = parts_.secret.line();
            if (!token) co_return not_begun(token.error());
            request.headers.add("Authorization", "Bearer " + token->reveal());
            secrets.push_back(token->reveal());
        }
        auto heard = co_await post(http_, time_, std::move(*where), std::move(request));
        co_return usual_verdict(heard, secrets);
    }

private:
    channel_parts     parts_;
    net::http_client& http_;
    time_source&      time_;
};

}  // namespace

std::string alertmanager_body(const notification& what, std::chrono::seconds keeps) {
    auto all = value::list();
    for (const auto& alert : what.alerts) {
        auto one           = value::map();
        one["labels"]      = labels_of(what, alert);
        one["annotations"] = annotations_of(alert);
        // An end that is not after the beginning is refused; one in the past is resolved.
        const auto least = alert.started + std::chrono::seconds{1};
        one["startsAt"]  = time_text(alert.started);
        one["endsAt"]    = time_text(std::max(least, alert.ended.value_or(what.made + keeps)));
        all.push_back(std::move(one));
    }
    return json_text(all);
}

std::unique_ptr<alert_channel> make_alertmanager(channel_parts parts, const channel_tools& with) {
    return std::make_unique<alertmanager>(std::move(parts), with);
}

}  // namespace falconer::alerts
