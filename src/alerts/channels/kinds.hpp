// The channels, one file each, and what they send, which is made by plain functions.
#pragma once

#include "falconer/ports/alert_channel.hpp"
#include "http_post.hpp"
#include "message_template.hpp"
#include "receiver.hpp"
#include "secret_text.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

/// What the makers below need of a receiver, read and checked.
struct channel_parts {
    std::optional<address>          where{};   // its url, unless it is a secret
    secret_text                     hidden{};  // … in this file
    secret_text                     secret{};
    std::optional<message_template> title{};
    std::vector<std::string>        to{};
    std::chrono::seconds            keeps{};
};

/// Its title for this notification: the owner's wording, else ours.
std::string title_for(const channel_parts& parts, const notification& what);
/// Where to go now. Errors: those of the secret's file; malformed.
result<address> address_of(channel_parts& parts);
/// What a try ends in that could not begin: the fault is ours to mend, so it is tried again.
delivery_answer not_begun(const failure& why);

std::unique_ptr<alert_channel> make_webhook(channel_parts parts, const channel_tools& with);
std::unique_ptr<alert_channel> make_email(channel_parts parts, const channel_tools& with);
std::unique_ptr<alert_channel> make_slack(channel_parts parts, const channel_tools& with);
std::unique_ptr<alert_channel> make_teams(channel_parts parts, const channel_tools& with);
std::unique_ptr<alert_channel> make_pagerduty(channel_parts parts, const channel_tools& with);
std::unique_ptr<alert_channel> make_alertmanager(channel_parts parts, const channel_tools& with);
std::unique_ptr<alert_channel> make_otlp(channel_parts parts, const channel_tools& with);

/// "v1,BASE64": of Standard Webhooks, over "ID.TIMESTAMP.BODY". A key "whsec_BASE64" is decoded,
/// any other is taken as it is. `timestamp`: seconds since 1970.
/// Source: https://www.standardwebhooks.com/ , specification 1.0, "Signature scheme".
std::string webhook_signature(
    std::string_view key, std::string_view id, std::string_view timestamp, std::string_view body
);

/// For people who read it in a chat. `title`: see title_for(); at most 16 KiB.
std::string slack_body(const notification& what, std::string_view title);
/// An Adaptive Card in a message, at most 24 KiB: Teams takes 28.
std::string teams_body(const notification& what, std::string_view title);
/// One event for the notification's group. `routing_key`: the integration's.
std::string pagerduty_body(
    const notification& what, std::string_view title, std::string_view routing_key
);
/// Each alert by itself, so that Alertmanager's own routing takes over.
/// `keeps`: those that go on end so long after `what` was made, unless they are told again.
std::string alertmanager_body(const notification& what, std::chrono::seconds keeps);
/// A log record for each alert.
std::string otlp_body(const notification& what, std::string_view title);
/// What an OTLP receiver says that it did not take; empty: it took all.
std::string otlp_rejection(std::string_view said);

/// The message with its header fields, lines ending in CRLF. `site`: the host of its message id;
/// `from`, `to`: addresses alone.
std::string email_text(
    const notification& what, std::string_view title, std::string_view from,
    const std::vector<std::string>& to, std::string_view site
);

}  // namespace falconer::alerts
