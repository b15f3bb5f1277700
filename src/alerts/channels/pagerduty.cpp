// PagerDuty's Events API v2: an incident for each group of alerts, opened and resolved.
// Sources: https://developer.pagerduty.com/docs/send-alert-event (fields, 1,024 characters of a
// summary, 512 KB of a request, 202, 400, 429),
// https://github.com/PagerDuty/api-schema reference/events-v2/openapiv3.json
#include "kinds.hpp"
#include "words.hpp"

#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

constexpr std::size_t most_alerts     = 20;
constexpr std::size_t most_bytes      = 64 * 1024;  // of 512 KB
constexpr std::size_t longest_summary = 1000;       // bytes; 1,024 characters may be

/// The cluster or project that it is about: PagerDuty wants something there.
std::string source_of(const notification& what) {
    if (const auto cluster = what.labels.find("cluster"); cluster != what.labels.end())
        return shortened(one_line(cluster->second), 256);
    for (const auto& alert : what.alerts)
        for (const auto& event : alert.events)
            if (!event.cluster.identity.empty())
                return shortened(one_line(event.cluster.identity), 256);
    return what.project.empty() ? "falconer" : shortened(one_line(what.project), 256);
}

value details_of(const notification& what, std::size_t count) {
    auto  details = value::map();
    auto& alerts  = (details["alerts"] = value::list());
    for (std::size_t i = 0; i < count; ++i) {
        const auto& alert = what.alerts[i];
        auto        one   = value::map();
        one["rule"]       = shortened(one_line(alert.rule), 256);
        one["state"]      = state_of(alert);
        one["severity"]   = name_of(alert.level);
        one["summary"]    = shortened(one_line(alert.summary), 512);
        for (const auto& each : facts_of(alert))
            if (one.find(each.name) == nullptr)
                one[each.name] = each.value;  // a label may be called so
        alerts.push_back(std::move(one));
    }
    if (const auto more = and_more(what, count); !more.empty()) details["more"] = more;
    return details;
}

value links_of(const notification& what, std::size_t count) {
    auto links = value::list();
    for (std::size_t i = 0; i < count; ++i) {
        if (!is_link(what.alerts[i].runbook)) continue;
        auto one    = value::map();
        one["href"] = what.alerts[i].runbook;
        one["text"] = "Runbook of " + shortened(one_line(what.alerts[i].rule), 128);
        links.push_back(std::move(one));
        break;  // alerts of one notification have one rule, or nearly so
    }
    return links;
}

class pagerduty final : public alert_channel {
public:
    pagerduty(channel_parts parts, const channel_tools& with)
        : parts_(std::move(parts)), http_(with.http), time_(with.time) {}

    task<delivery_answer> deliver(notification what) override {
        auto where = address_of(parts_);
        if (!where) co_return not_begun(where.error());
        auto key = parts_.secret.line();
        if (!key) co_return not_begun(key.error());
        const std::vector<std::string> secrets{key->reveal()};
        auto body    = pagerduty_body(what, title_for(parts_, what), key->reveal());
        auto request = json_post(std::move(body), what);
        auto heard   = co_await post(http_, time_, std::move(*where), std::move(request));
        co_return usual_verdict(heard, secrets);
    }

private:
    channel_parts     parts_;
    net::http_client& http_;
    time_source&      time_;
};

}  // namespace

std::string pagerduty_body(
    const notification& what, std::string_view title, std::string_view routing_key
) {
    return fitting(what, most_alerts, most_bytes, [&](std::size_t count) {
        auto body                 = value::map();
        body["routing_key"]       = routing_key;
        body["event_action"]      = what.resolved ? "resolve" : "trigger";
        body["dedup_key"]         = what.group.text();
        body["client"]            = "Falconer";
        auto payload              = value::map();
        payload["summary"]        = shortened(one_line(title), longest_summary);
        payload["source"]         = source_of(what);
        payload["severity"]       = name_of(what.level);
        payload["timestamp"]      = time_text(what.made);
        payload["component"]      = "falco";
        payload["group"]          = shortened(one_line(what.project), 128);
        payload["class"]          = what.alerts.empty() ? std::string{}
                                                        : shortened(one_line(what.alerts.front().rule), 128);
        payload["custom_details"] = details_of(what, count);
        body["payload"]           = std::move(payload);
        auto links                = links_of(what, count);
        if (!links.items().empty()) body["links"] = std::move(links);
        return json_text(body);
    });
}

std::unique_ptr<alert_channel> make_pagerduty(channel_parts parts, const channel_tools& with) {
    return std::make_unique<pagerduty>(std::move(parts), with);
}

}  // namespace falconer::alerts
