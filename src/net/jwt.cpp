#include "falconer/net/jwt.hpp"

#include "base64url.hpp"
#include "json_leaves.hpp"
#include "jwt_parts.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace falconer::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr std::size_t longest_token   = 8 * 1024;
constexpr std::size_t longest_cluster = 512;

constexpr std::string_view nested_cluster = "gardener-falco.cluster-identity";

bool is_cluster(std::string_view name) {
    if (name.empty() || name.size() > longest_cluster) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto c    = static_cast<unsigned char>(name[i]);
        const auto next = static_cast<unsigned char>(i + 1 < name.size() ? name[i + 1] : 0);
        if (c < 0x20 || c == 0x7F || (c == 0xC2 && next < 0xA0)) return false;  // to U+009F
    }
    return true;
}

/// Whose it is, and in which profile. Nothing: `why` says what is wrong.
std::string_view read_profile(
    const json_leaves& claims, const jwt_rules& rules, jwt_verdict& into
) {
    if (text_at(claims, "iss") != rules.issuer) return "issuer";
    // A token that has an audience is for somebody, and must be for us; today's central tokens have
    // both claims, the others neither.
    const bool central = claims.contains("aud") || claims.contains("gardener-falco");
    if (central && !is_for(claims, rules.audience)) return "audience";
    into.profile = central ? token_profile::central : token_profile::cluster_identity;
    if (!rules.profiles.contains(into.profile)) return "profile";
    const auto cluster = text_at(claims, central ? nested_cluster : std::string_view("sub"));
    if (!cluster || !is_cluster(*cluster)) return "cluster";
    into.cluster = *cluster;
    return {};
}

std::string_view read_times(
    const json_leaves& claims, const jwt_rules& rules, utc_time now, jwt_verdict& into
) {
    std::optional<utc_time> not_before;
    const auto              expires = date_at(claims, "exp");
    if (!expires || !date_or_absent(claims, "nbf", not_before) ||
        !date_or_absent(claims, "iat", into.issued))
        return "malformed";
    into.expires = *expires + rules.leeway;
    into.valid_from =
        std::max(not_before.value_or(utc_time{}), into.issued.value_or(utc_time{})) - rules.leeway;
    if (now >= into.expires) return "expired";
    if (now < into.valid_from) return "not_yet_valid";
    return {};
}

jwt_verdict refused(std::string_view why) {
    jwt_verdict no;
    no.why = why;
    return no;
}

}  // namespace

jwt_verdict verify_jwt(
    std::string_view token, std::span<const public_key> keys, const jwt_rules& rules, utc_time now
) {
    if (token.size() > longest_token) return refused("malformed");
    const auto part = split_jwt(token);
    if (!part) return refused("malformed");
    const auto header_text = from_base64url(part->header);
    auto       claims_text = from_base64url(part->claims);
    const auto signature   = from_base64url(part->signature);
    if (!header_text || !claims_text || !signature) return refused("malformed");

    const auto header = read_json_leaves(*header_text);
    if (!header) return refused("malformed");
    if (text_at(*header, "alg") != "RS256") return refused("algorithm");
    // Extensions that must be understood, and we understand none. Source: RFC 7515 §4.1.11
    if (header->contains("crit")) return refused("malformed");
    if (keys.empty()) return refused("key");
    const auto* signer = key_that_signed(*part, *header, *signature, keys);
    if (signer == nullptr) return refused("signature");

    const auto claims = read_json_leaves(*claims_text);
    if (!claims) return refused("malformed");
    jwt_verdict verdict;
    verdict.thumbprint = signer->thumbprint();
    verdict.why        = read_profile(*claims, rules, verdict);
    if (verdict.why.empty()) verdict.why = read_times(*claims, rules, now, verdict);
    if (verdict.why == "malformed") verdict.cluster.clear();
    verdict.claims = std::move(*claims_text);
    return verdict;
}

std::string issue_jwt(const jwt_request& what, const private_key& key, const jwt_rules& rules) {
    using writer       = rapidjson::Writer<rapidjson::StringBuffer>;
    const auto text_in = [](writer& json, const char* name, std::string_view value) {
        json.Key(name);
        json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    rapidjson::StringBuffer header_text, claims_text;
    writer                  header(header_text), claims(claims_text);
    header.StartObject();
    text_in(header, "alg", "RS256");
    text_in(header, "typ", "JWT");
    text_in(header, "kid", key.its_public().thumbprint());
    header.EndObject();

    const auto issued = std::chrono::floor<seconds>(what.now).time_since_epoch().count();
    claims.StartObject();
    if (what.profile == token_profile::central) {
        claims.Key("gardener-falco");
        claims.StartObject();
        text_in(claims, "cluster-identity", what.cluster);
        claims.EndObject();
        text_in(claims, "aud", rules.audience);
    }
    text_in(claims, "iss", rules.issuer);
    text_in(claims, "sub", what.cluster);
    for (const auto& [name, when] :
         {std::pair{"iat", issued}, {"nbf", issued}, {"exp", issued + what.lifetime.count()}}) {
        claims.Key(name);
        claims.Int64(when);
    }
    text_in(claims, "jti", what.id);
    claims.EndObject();

    auto token            = to_base64url({header_text.GetString(), header_text.GetSize()});
    token                += '.';
    token                += to_base64url({claims_text.GetString(), claims_text.GetSize()});
    const auto signature  = key.sign(token);
    token                += '.';
    token                += to_base64url(signature);
    return token;
}

}  // namespace falconer::net
