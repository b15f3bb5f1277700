// Who has signed in somewhere else: ID tokens, and the codes that lead to them.
#pragma once

#include "falconer/net/token_keys.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace falconer::net {

struct id_token_rules {
    std::string          issuer{};
    std::string          client{};  // whom it must be for
    std::string          nonce{};   // of the flow that it ends
    std::chrono::seconds leeway{60};
};

struct id_token_verdict {
    /// Empty: it is good. Otherwise a constant word: malformed, algorithm, key (it names one that
    /// we do not have), signature, issuer, audience, party, nonce, expired, not_yet_valid.
    std::string_view why{};
    std::string      subject{};
    utc_time         expires{};  // as it says

    explicit operator bool() const noexcept { return why.empty(); }
};

/// Pure. Only RS256, whatever the header says. Source: OpenID Connect Core 1.0 §3.1.3.7; RFC 8725.
id_token_verdict verify_id_token(
    std::string_view token, std::span<const public_key> keys, const id_token_rules& rules,
    utc_time now
);

/// When something that looks like a JWT says that it ends; its signature is not looked at, so that
/// it can only shorten what somebody else allows. Nothing: it does not say.
std::optional<utc_time> end_of_token(std::string_view token);

/// What stands for a verifier until it is shown, by S256. Source: RFC 7636 §4.2
std::string pkce_challenge(std::string_view verifier);

}  // namespace falconer::net
