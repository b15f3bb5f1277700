// Receivers: who is told, and through which channel.
#pragma once

#include "falconer/field_reader.hpp"
#include "falconer/net/http_client.hpp"
#include "falconer/net/smtp_client.hpp"
#include "falconer/ports/alert_channel.hpp"
#include "falconer/result.hpp"
#include "message_template.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

enum class channel_kind : std::uint8_t {
    webhook,
    email,
    slack,
    teams,
    pagerduty,
    alertmanager,
    otlp
};
std::string_view name_of(channel_kind k) noexcept;  // "webhook" … "otlp", as in the configuration

/// As it is written. Secrets are named by the files they lie in, and never held here.
struct receiver {
    std::string  project{};  // whose it is; empty: the operators'
    std::string  name{};
    channel_kind how = channel_kind::webhook;

    std::string              url{};          // of all but email; PagerDuty has one of its own
    std::string              url_file{};     // instead: an address that is itself a secret
    std::string              secret_file{};  // signing keys, a routing key, a bearer token
    std::vector<std::string> to{};           // email: addresses
    std::string              title{};        // see message_template
    /// Alertmanager: an alert that is not told again ends after so long. Longer than the rules'
    /// repeat interval.
    std::chrono::seconds keeps{std::chrono::hours{5}};

    std::int64_t per_minute = 30;  // at most, in the long run
};

inline constexpr std::size_t longest_receiver_name = 128;
inline constexpr std::size_t most_mail_addresses   = 20;

/// A receiver of the configuration: a name, exactly one channel, and perhaps whose it is. A
/// project's own receiver hides the operators' of that name from its rules, and reaches only
/// addresses that the policy lets it.
///
///     name: on-call
///     webhook: {url: "https://…", secretFile: /…}
///
/// What is wrong is said in the reader's problems; the receiver is of no use then.
receiver read_receiver(const value& of, const std::string& path, field_problems& problems);

/// What channels talk through. HTTP clients and mail servers of tenants' receivers judge addresses.
struct channel_tools {
    net::http_client& http;
    net::smtp_client* mail = nullptr;  // none: there is no mail server
    std::string       mail_from{};
    time_source&      time;
    std::string       site{};  // host that our message ids end in
};

/// The channel of a receiver.
/// Errors: malformed: what read_receiver() finds, and e-mail without a mail server.
/// Lifetime: the tools outlive it.
result<std::unique_ptr<alert_channel>> make_channel(const receiver& of, const channel_tools& with);

}  // namespace falconer::alerts
