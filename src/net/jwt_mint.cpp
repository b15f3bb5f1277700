#include "falconer/net/jwt_mint.hpp"

#include "falconer/ids.hpp"

namespace falconer::net {
namespace {

token_profile profile_of(cluster_token kind) {
    return kind == cluster_token::central ? token_profile::central
                                          : token_profile::cluster_identity;
}

}  // namespace

jwt_mint::jwt_mint(private_key key, jwt_rules rules)
    : key_(std::move(key)), rules_(std::move(rules)) {}

result<std::string> jwt_mint::issue(
    const std::string& cluster, cluster_token kind, std::chrono::seconds lifetime, utc_time now
) {
    auto token = issue_jwt(
        {.cluster  = cluster,
         .profile  = profile_of(kind),
         .lifetime = lifetime,
         .now      = now,
         .id       = uuid::random().text()},
        key_, rules_
    );
    // Nothing leaves that its receiver would refuse.
    if (const auto is = verify_jwt(token, {&key_.its_public(), 1}, rules_, now); !is)
        return failure{errc::malformed, "its receiver would refuse it: " + std::string(is.why)};
    return token;
}

std::optional<minted_token> jwt_mint::read(std::string_view token) const {
    // Judged at the beginning of time: only what is said, not whether it is over.
    const auto is = verify_jwt(token, {&key_.its_public(), 1}, rules_, utc_time{});
    if ((!is && is.why != "not_yet_valid" && is.why != "expired") || !is.issued)
        return std::nullopt;
    return minted_token{
        .cluster = is.cluster,
        .kind    = is.profile == token_profile::central ? cluster_token::central
                                                        : cluster_token::cluster_identity,
        .issued  = *is.issued,
        .expires = is.expires - rules_.leeway
    };
}

}  // namespace falconer::net
