// The tokens clusters present: RS256 JWTs in two profiles.
#pragma once

#include "falconer/net/token_keys.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace falconer::net {

/// central: claim gardener-falco.cluster-identity and an audience. cluster_identity: the subject is
/// the cluster, without an audience. Source: docs/security.md, Gardener's shoot-falco-service.
enum class token_profile { central, cluster_identity };

struct jwt_rules {
    std::string          issuer   = "urn:gardener:gardener-falco-extension";
    std::string          audience = "falco-db";
    std::chrono::seconds leeway{60};  // between their clock and ours
    /// Those that are accepted. A token without an audience is of the second, whatever else it
    /// says.
    std::set<token_profile> profiles{token_profile::central, token_profile::cluster_identity};
};

struct jwt_verdict {
    /// Empty: it is good. Otherwise a constant word: malformed, algorithm, key, signature, expired,
    /// not_yet_valid, issuer, audience, profile, cluster.
    std::string_view why{};
    /// Whose it is. Also of one that is good but for its time.
    std::string             cluster{};
    token_profile           profile = token_profile::central;
    std::optional<utc_time> issued{};
    utc_time                valid_from{};
    utc_time                expires{};     // with the leeway
    std::string             thumbprint{};  // of the key
    std::string             claims{};      // JSON, as signed; only of one whose signature is good

    explicit operator bool() const noexcept { return why.empty(); }
};

/// Pure. Only RS256 is accepted, whatever the header says. A `kid` chooses among our own keys by
/// name and does nothing else; one that names none of them is ignored, as tokens of old have none.
/// Source: RFC 7515, RFC 7519, RFC 8725 (what not to trust in a header).
jwt_verdict verify_jwt(
    std::string_view token, std::span<const public_key> keys, const jwt_rules& rules, utc_time now
);

struct jwt_request {
    std::string          cluster{};
    token_profile        profile = token_profile::central;
    std::chrono::seconds lifetime{168 * 3600};
    utc_time             now{};
    std::string          id{};  // jti
};

/// A signed token: the profile's claims, and iat, nbf, jti, sub, kid beside them.
std::string issue_jwt(const jwt_request& what, const private_key& key, const jwt_rules& rules);

}  // namespace falconer::net
