#include "falconer/net/id_token.hpp"

#include "base64url.hpp"
#include "falconer/sha256.hpp"
#include "json_leaves.hpp"
#include "jwt_parts.hpp"

#include <algorithm>

namespace falconer::net {
namespace {

/// Groups make them long.
constexpr std::size_t longest_token = 32 * 1024;

id_token_verdict refused(std::string_view why) {
    id_token_verdict no;
    no.why = why;
    return no;
}

/// One that names a key that we do not have was signed with one that is newer than what we know.
bool names_another(const json_leaves& header, std::span<const public_key> keys) {
    const auto kid = text_at(header, "kid");
    return kid && std::ranges::none_of(keys, [&](const public_key& key) {
               return key.kid() == *kid || key.thumbprint() == *kid;
           });
}

std::string_view wrong_with(
    const json_leaves& claims, const id_token_rules& rules, utc_time now, id_token_verdict& into
) {
    if (text_at(claims, "iss") != rules.issuer) return "issuer";
    if (!is_for(claims, rules.client)) return "audience";
    // Whoever it was issued to must be us; where it is for several, it must say so.
    const auto party = text_at(claims, "azp");
    if ((party || claims.contains("aud[1]")) && party != rules.client) return "party";
    if (rules.nonce.empty() || text_at(claims, "nonce") != rules.nonce) return "nonce";
    std::optional<utc_time> issued, not_before;
    const auto              expires = date_at(claims, "exp");
    const auto              subject = text_at(claims, "sub");
    if (!expires || !date_or_absent(claims, "iat", issued) || !issued ||
        !date_or_absent(claims, "nbf", not_before) || !subject || subject->empty())
        return "malformed";
    into.subject = *subject;
    into.expires = *expires;
    if (now >= *expires + rules.leeway) return "expired";
    if (now < std::max(*issued, not_before.value_or(utc_time{})) - rules.leeway)
        return "not_yet_valid";
    return {};
}

}  // namespace

id_token_verdict verify_id_token(
    std::string_view token, std::span<const public_key> keys, const id_token_rules& rules,
    utc_time now
) {
    if (token.size() > longest_token) return refused("malformed");
    const auto part = split_jwt(token);
    if (!part) return refused("malformed");
    const auto header_text = from_base64url(part->header);
    const auto claims_text = from_base64url(part->claims);
    const auto signature   = from_base64url(part->signature);
    if (!header_text || !claims_text || !signature) return refused("malformed");
    const auto header = read_json_leaves(*header_text);
    if (!header) return refused("malformed");
    if (text_at(*header, "alg") != "RS256") return refused("algorithm");
    if (header->contains("crit")) return refused("malformed");  // RFC 7515 §4.1.11
    if (keys.empty() || names_another(*header, keys)) return refused("key");
    if (key_that_signed(*part, *header, *signature, keys) == nullptr) return refused("signature");
    const auto claims = read_json_leaves(*claims_text);
    if (!claims) return refused("malformed");
    id_token_verdict verdict;
    verdict.why = wrong_with(*claims, rules, now, verdict);
    return verdict;
}

std::optional<utc_time> end_of_token(std::string_view token) {
    if (token.size() > longest_token) return std::nullopt;
    const auto part = split_jwt(token);
    if (!part) return std::nullopt;
    const auto text = from_base64url(part->claims);
    if (!text) return std::nullopt;
    const auto claims = read_json_leaves(*text);
    if (!claims) return std::nullopt;
    return date_at(*claims, "exp");
}

std::string pkce_challenge(std::string_view verifier) {
    const auto digest = sha256(verifier);
    return to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace falconer::net
