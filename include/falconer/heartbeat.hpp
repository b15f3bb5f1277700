// The proof in a heartbeat: that whoever beat holds the cluster's key, and when and where it was.
#pragma once

#include "falconer/log.hpp"
#include "falconer/time_source.hpp"

#include <string>
#include <string_view>

namespace falconer {

/// "2026-11-23T12:00Z": a beat counts for its minute.
std::string heartbeat_minute(utc_time at);

/// HMAC-SHA256 of the minute and the node under the cluster's key, in hex. Source: RFC 2104.
std::string heartbeat_proof(const secret& key, std::string_view minute, std::string_view node);

/// The key of one cluster: HKDF-SHA256 of the landscape's secret for the cluster's identity,
/// without salt, 32 bytes in base64. Source: RFC 5869.
secret heartbeat_key_of(const secret& landscape, std::string_view cluster);

/// The landscape's secret, and the one before it: pods get a new key only by and by. Either may be
/// empty.
struct heartbeat_secrets {
    secret current{}, before{};
};

/// The rule that sees the beats.
inline constexpr std::string_view heartbeat_rule = "Detect Falco Heartbeat";

/// Whether the arguments of the command that was seen ("agent beat --time … --node … --proof …")
/// prove a beat of `key`'s holder, not long before `received`.
bool proves_heartbeat(const secret& key, std::string_view arguments, utc_time received);

}  // namespace falconer
