// Incoming webhooks of Slack, and of those who speak as Slack does (Mattermost, Rocket.Chat).
// Sources: https://api.slack.com/messaging/webhooks ,
// https://api.slack.com/reference/messaging/attachments ,
// https://docs.slack.dev/messaging/formatting-message-text (what to escape)
#include "kinds.hpp"
#include "words.hpp"

#include <string>
#include <utility>

namespace falconer::alerts {
namespace {

constexpr std::size_t most_alerts = 10;         // Slack advises against more than 20 attachments
constexpr std::size_t most_bytes  = 16 * 1024;  // Mattermost takes 16,383 characters of text
constexpr auto*       joiner      = "\u2060";   // WORD JOINER: not seen

/// Text that is shown as it is: Slack's control sequences begin with what is escaped here; for the
/// Markdown of the others, no mention and no link or picture is left whole.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '@':
                out += c;
                out += joiner;
                break;
            case '(':
                if (out.ends_with(']')) out += joiner;
                out += c;
                break;
            case '[':
                if (out.ends_with(']')) out += joiner;  // a link by reference
                out += c;
                break;
            default: out += c;
        }
    }
    return out;
}

const char* colour_of(const told_alert& alert) {
    if (alert.ended) return "#2e8540";
    switch (alert.level) {
        case severity::critical: return "#a30200";
        case severity::error: return "#d13438";
        case severity::warning: return "#e8a33d";
        case severity::info: break;
    }
    return "#2f6fde";
}

value attachment(const told_alert& alert) {
    auto one        = value::map();
    one["fallback"] = plain(shortened(alert.rule + ": " + alert.summary, 256));
    one["color"]    = colour_of(alert);
    one["title"]    = plain(shortened(alert.rule, 256));
    if (is_link(alert.runbook)) one["title_link"] = alert.runbook;
    one["text"]  = plain(shortened(alert.summary, 512));
    auto& fields = (one["fields"] = value::list());
    for (const auto& each : facts_of(alert)) {
        auto field     = value::map();
        field["title"] = plain(each.name);
        field["value"] = plain(each.value);
        field["short"] = each.value.size() <= 40;
        fields.push_back(std::move(field));
    }
    one["mrkdwn_in"] = value::list();  // nothing of it is markup
    return one;
}

class slack final : public alert_channel {
public:
    slack(channel_parts parts, const channel_tools& with)
        : parts_(std::move(parts)), http_(with.http), time_(with.time) {}

    task<delivery_answer> deliver(notification what) override {
        auto where = address_of(parts_);
        if (!where) co_return not_begun(where.error());
        const std::vector<std::string> secrets{where->target};
        auto request = json_post(slack_body(what, title_for(parts_, what)), what);
        auto heard   = co_await post(http_, time_, std::move(*where), std::move(request));
        co_return usual_verdict(heard, secrets);
    }

private:
    channel_parts     parts_;
    net::http_client& http_;
    time_source&      time_;
};

}  // namespace

std::string slack_body(const notification& what, std::string_view title) {
    return fitting(what, most_alerts, most_bytes, [&](std::size_t count) {
        auto body    = value::map();
        auto text    = plain(title);
        auto more    = and_more(what, count);
        body["text"] = more.empty() ? text : text + " (" + more + ")";
        auto& all    = (body["attachments"] = value::list());
        for (std::size_t i = 0; i < count; ++i) all.push_back(attachment(what.alerts[i]));
        body["mrkdwn"]       = false;
        body["link_names"]   = false;
        body["unfurl_links"] = false;
        body["unfurl_media"] = false;
        return json_text(body);
    });
}

std::unique_ptr<alert_channel> make_slack(channel_parts parts, const channel_tools& with) {
    return std::make_unique<slack>(std::move(parts), with);
}

}  // namespace falconer::alerts
