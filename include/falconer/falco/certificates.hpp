// The certificates with which Falco and Falcosidekick know each other: made, read and judged.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// A certificate and its private key, both PEM.
struct key_pair {
    std::string certificate{};
    secret      key{};
};

/// What a leaf is for: Falcosidekick serves, Falco is its client.
enum class leaf_usage { server, client };

struct authority_request {
    std::string          name{};  // common name; what is longer than 64 bytes is shortened
    utc_time             now{};
    std::chrono::seconds lifetime{};
};

/// So long before they are made certificates are valid: other clocks are late.
inline constexpr std::chrono::minutes backdated{5};

/// A self-signed authority with an ECDSA P-256 key, valid since a moment ago (see backdated). Every
/// call makes a new key. Errors: malformed, for a name or a time that no certificate can hold.
result<key_pair> make_authority(const authority_request& what);

struct leaf_request {
    std::string              name{};       // common name
    std::vector<std::string> dns_names{};  // subject alternative names; an address may be one
    leaf_usage               usage = leaf_usage::server;
    utc_time                 now{};
    std::chrono::seconds     lifetime{};  // ends with the authority at the latest
};

/// A leaf with an ECDSA P-256 key, signed by `authority`, whose key may be RSA. Every call makes a
/// new key. Errors: malformed, also when the authority cannot sign.
result<key_pair> make_leaf(const leaf_request& what, const key_pair& authority);

/// The first thing found wrong, in the order in which it is looked for.
enum class certificate_fault {
    none,
    missing,          // no certificate
    corrupt,          // not PEM, not X.509, not an authority where one must be, too weak
    expired,          // its last moment has passed
    not_yet_valid,    // its first moment has not come
    wrong_names,      // other alternative names than wanted
    wrong_authority,  // signed by another
    wrong_usage,      // not for that side of TLS
    key_missing,
    key_corrupt,   // no PEM of a private key without a passphrase, or too weak
    key_mismatch,  // the private key of another certificate
};
std::string_view text_of(certificate_fault what) noexcept;

struct certificate_check {
    certificate_fault fault = certificate_fault::missing;
    /// Both are in seconds and set whenever the certificate could be read; years that utc_time
    /// cannot hold are cut off.
    utc_time valid_from{};
    utc_time valid_until{};

    explicit operator bool() const noexcept { return fault == certificate_fault::none; }
    /// Only the key is at fault: it still vouches for what it has signed, and signs no more.
    bool vouches() const noexcept {
        return fault == certificate_fault::none || fault >= certificate_fault::key_missing;
    }
};

/// Pure. An authority as ours or as the Go extension's (RSA, PKCS#1) is good. Of several
/// certificates in the text the first counts.
certificate_check check_authority(std::string_view certificate, const secret& key, utc_time now);

/// Pure. Whether the leaf is one that the other side, trusting `authority`, accepts by OpenSSL's
/// own chain verification. The order of `dns_names` does not matter.
certificate_check check_leaf(
    const key_pair& leaf, std::string_view authority, leaf_usage usage,
    const std::vector<std::string>& dns_names, utc_time now
);

/// How long something lives, and at which age it is renewed. Of a certificate with another life
/// the fraction counts: 150 of 180 days are five sixths.
struct renewal {
    std::chrono::seconds lifetime{};
    std::chrono::seconds renew_after{};

    /// Pure, never before `from` nor after `until`.
    utc_time due(utc_time from, utc_time until) const noexcept;
};

}  // namespace falconer::falco
