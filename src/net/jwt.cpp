#include "falconer/net/jwt.hpp"

#include "base64url.hpp"
#include "json_leaves.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace falconer::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr std::size_t longest_token   = 8 * 1024;
constexpr std::size_t longest_cluster = 512;

constexpr std::string_view nested_cluster = "gardener-falco.cluster-identity";

struct parts {
    std::string_view header{}, claims{}, signature{}, signed_part{};
};

/// Three parts with dots between. Source: RFC 7515 §3.1
std::optional<parts> split(std::string_view token) {
    const auto first = token.find('.');
    const auto last  = token.rfind('.');
    if (first == std::string_view::npos || first == last) return std::nullopt;
    const auto middle = token.substr(first + 1, last - first - 1);
    if (middle.find('.') != std::string_view::npos) return std::nullopt;
    return parts{token.substr(0, first), middle, token.substr(last + 1), token.substr(0, last)};
}

/// A NumericDate: seconds since 1970, perhaps with a fraction, of the years up to 9999.
/// Source: RFC 7519 §2
std::optional<utc_time> date_at(const json_leaves& all, std::string_view path) {
    const auto found = all.find(path);
    if (found == all.end() || found->second.what != json_leaf::kind::number) return std::nullopt;
    const auto& text        = found->second.value;
    double      value       = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    // system_clock's nanoseconds end in 2262; what is later is as good as never.
    if (!(value >= 0) || value > 253'402'300'799.0) return std::nullopt;
    return utc_time{seconds{static_cast<std::int64_t>(std::floor(std::min(value, 9'000'000'000.0)))}
    };
}

/// A claim that is there must be a date.
bool date_or_absent(const json_leaves& all, std::string_view path, std::optional<utc_time>& into) {
    into = date_at(all, path);
    return into || all.find(path) == all.end();
}

/// One audience, or a list of them. Source: RFC 7519 §4.1.3
bool is_for(const json_leaves& claims, std::string_view audience) {
    if (text_at(claims, "aud") == audience) return true;
    for (auto at = claims.lower_bound("aud["); at != claims.end() && at->first.starts_with("aud[");
         ++at)
        if (at->second.what == json_leaf::kind::text && at->second.value == audience) return true;
    return false;
}

bool is_cluster(std::string_view name) {
    if (name.empty() || name.size() > longest_cluster) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto c    = static_cast<unsigned char>(name[i]);
        const auto next = static_cast<unsigned char>(i + 1 < name.size() ? name[i + 1] : 0);
        if (c < 0x20 || c == 0x7F || (c == 0xC2 && next < 0xA0)) return false;  // to U+009F
    }
    return true;
}

/// The keys worth trying: the one the token names, if we have it; otherwise all.
const public_key* key_that_signed(
    const parts& token, const json_leaves& header, std::string_view signature,
    std::span<const public_key> keys
) {
    const auto kid   = text_at(header, "kid");
    const auto named = [&](const public_key& key) {
        return kid && (key.kid() == *kid || key.thumbprint() == *kid);
    };
    const bool known = std::ranges::any_of(keys, named);
    for (const auto& key : keys) {
        if (known && !named(key)) continue;
        if (key.verifies(token.signed_part, signature)) return &key;
    }
    return nullptr;
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
    const auto part = split(token);
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
