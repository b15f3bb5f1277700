// One request to a receiver that speaks HTTP, and what its answer means.
#pragma once

#include "falconer/net/http_client.hpp"
#include "falconer/ports/alert_channel.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::alerts {

/// Where a receiver listens.
struct address {
    net::http_place place{};
    std::string     target{};  // path and query, at least "/"
};
/// "https://hooks.example.org/T0/B0?x=1". Errors: malformed: another scheme, a user, a fragment,
/// characters that no URL has; never says what it holds, which may be a secret.
result<address> parse_address(std::string_view url);

/// How an exchange ended.
struct answer {
    unsigned                            status = 0;       // 0: there was none
    std::string                         body{};           // at most longest_answer bytes of it
    std::optional<std::chrono::seconds> after{};          // Retry-After
    std::string                         trouble{};        // why there was no status
    bool                                refused = false;  // … the address may not be connected to
};

inline constexpr std::size_t longest_answer = 2048;
inline constexpr auto        whole_exchange = std::chrono::seconds{15};  // connecting included
inline constexpr auto        longest_after  = std::chrono::hours{1};

/// POSTs once. Reads no more of an answer than it needs: a receiver that has said 2xx has taken it,
/// however its body goes on, or does not. Never follows a redirection.
/// Cancel: it may have been taken.
task<answer> post(net::http_client& http, time_source& time, address to, net::http_request what);

/// Retry-After in seconds or as a date, at most longest_after. Source: RFC 9110 §10.2.3.
std::optional<std::chrono::seconds> retry_after(std::string_view field, utc_time now);

/// 2xx: delivered. 408, 425, 429, 5xx and no answer: again. All else: never; also a redirection.
delivery_answer usual_verdict(const answer& heard, const std::vector<std::string>& secrets = {});

/// "429: too many requests": for the delivery log, in one line, without any of `secrets`.
std::string log_line(const answer& heard, const std::vector<std::string>& secrets = {});

/// A POST of JSON with the notification's key in Idempotency-Key.
net::http_request json_post(std::string body, const notification& what);

}  // namespace falconer::alerts
