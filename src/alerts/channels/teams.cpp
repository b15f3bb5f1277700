// A workflow of Microsoft Teams that posts what a webhook gets.
// Sources: "Create incoming webhooks with Workflows for Microsoft Teams" (support.microsoft.com);
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
// (28 KB, four requests a second); https://adaptivecards.io/explorer/ (RichTextBlock, TextRun).
#include "kinds.hpp"
#include "words.hpp"

#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

constexpr std::size_t most_alerts = 10;
constexpr std::size_t most_bytes  = 24 * 1024;  // of 28 KB, some of which the envelope needs

/// A TextRun is shown as it is: only TextBlocks and facts know Markdown. But dates between double
/// braces are filled in everywhere, so there are none.
/// Source: https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) {
        if (c == '{' && out.ends_with('{')) out += "\u2060";
        out += c;
    }
    return out;
}

value run(std::string_view text) {
    auto one    = value::map();
    one["type"] = "TextRun";
    one["text"] = plain(text);
    return one;
}
value strong(std::string_view text) {
    auto one      = run(text);
    one["weight"] = "Bolder";
    return one;
}
value block(value::list_type runs) {
    auto one       = value::map();
    one["type"]    = "RichTextBlock";
    one["inlines"] = value(std::move(runs));
    return one;
}

const char* style_of(const told_alert& alert) {
    if (alert.ended) return "good";
    switch (alert.level) {
        case severity::critical:
        case severity::error: return "attention";
        case severity::warning: return "warning";
        case severity::info: break;
    }
    return "accent";
}

value container(const told_alert& alert) {
    auto one     = value::map();
    one["type"]  = "Container";
    one["style"] = style_of(alert);
    auto& items  = (one["items"] = value::list());
    items.push_back(block({strong(shortened(alert.rule, 256))}));
    if (!alert.summary.empty()) items.push_back(block({run(shortened(alert.summary, 512))}));
    for (const auto& each : facts_of(alert))
        items.push_back(block({strong(each.name + ": "), run(each.value)}));
    return one;
}

class teams final : public alert_channel {
public:
    teams(channel_parts parts, const channel_tools& with)
        : parts_(std::move(parts)), http_(with.http), time_(with.time) {}

    task<delivery_answer> deliver(notification what) override {
        auto where = address_of(parts_);
        if (!where) co_return not_begun(where.error());
        const std::vector<std::string> secrets{where->target};
        auto request = json_post(teams_body(what, title_for(parts_, what)), what);
        auto heard   = co_await post(http_, time_, std::move(*where), std::move(request));
        co_return usual_verdict(heard, secrets);
    }

private:
    channel_parts     parts_;
    net::http_client& http_;
    time_source&      time_;
};

value card(const notification& what, std::string_view title, std::size_t count) {
    auto one        = value::map();
    one["$schema"]  = "http://adaptivecards.io/schemas/adaptive-card.json";
    one["type"]     = "AdaptiveCard";
    one["version"]  = "1.4";
    auto& body      = (one["body"] = value::list());
    auto  heading   = strong(title);
    heading["size"] = "Large";
    body.push_back(block({std::move(heading)}));
    for (std::size_t i = 0; i < count; ++i) body.push_back(container(what.alerts[i]));
    if (const auto more = and_more(what, count); !more.empty()) body.push_back(block({run(more)}));
    if (count > 0 && is_link(what.alerts.front().runbook)) {
        auto open     = value::map();
        open["type"]  = "Action.OpenUrl";
        open["title"] = "Runbook";
        open["url"]   = what.alerts.front().runbook;
        (one["actions"] = value::list()).push_back(std::move(open));
    }
    auto& wide    = (one["msteams"] = value::map());
    wide["width"] = "Full";
    return one;
}

}  // namespace

std::string teams_body(const notification& what, std::string_view title) {
    return fitting(what, most_alerts, most_bytes, [&](std::size_t count) {
        auto attachment           = value::map();
        attachment["contentType"] = "application/vnd.microsoft.card.adaptive";
        attachment["contentUrl"]  = value();
        attachment["content"]     = card(what, title, count);
        auto body                 = value::map();
        body["type"]              = "message";
        (body["attachments"] = value::list()).push_back(std::move(attachment));
        return json_text(body);
    });
}

std::unique_ptr<alert_channel> make_teams(channel_parts parts, const channel_tools& with) {
    return std::make_unique<teams>(std::move(parts), with);
}

}  // namespace falconer::alerts
