#include "token_mints.hpp"

#include "carrier/peer_handler.hpp"
#include "falconer/file_stamp.hpp"
#include "falconer/net/jwt_mint.hpp"
#include "object_files.hpp"

#include <utility>

namespace falconer::app {
namespace {

/// Nothing: none is given.
result<std::optional<net::private_key>> key_of(
    const falco::key_source& from, const std::string& section
) {
    if (!from.given()) return std::optional<net::private_key>{};
    auto text = from.file.empty() ? result<std::string>(from.inline_key.reveal())
                                  : read_text_file(from.file);
    if (!text) return std::move(text).error().while_doing(section + ".tokenIssuerPrivateKeyFile");
    auto key = net::private_key::parse(*text);
    if (!key) return std::move(key).error().while_doing(section + ".tokenIssuerPrivateKey");
    return std::optional<net::private_key>(std::move(*key));
}

std::unique_ptr<token_mint> mint_of(const std::optional<net::private_key>& key) {
    if (!key) return nullptr;
    return std::make_unique<net::jwt_mint>(*key);
}

std::string stamps_of(const falco::operator_settings& settings) {
    std::string all = file_stamp(settings.central.token_issuer.file);
    if (settings.identity_tokens) all += file_stamp(settings.identity_tokens->token_issuer.file);
    return all;
}

}  // namespace

result<token_mints> token_mints::of(const falco::operator_settings& settings) {
    token_mints made;
    made.seen_   = stamps_of(settings);
    auto central = key_of(settings.central.token_issuer, "falco.centralStorage");
    if (!central) return std::move(central).error();
    made.issuer_  = std::move(*central);
    made.central_ = mint_of(made.issuer_);
    if (!settings.identity_tokens) return made;
    auto other = key_of(settings.identity_tokens->token_issuer, "falco.clusterIdentityToken");
    if (!other) return std::move(other).error();
    made.identity_ = mint_of(*other);
    return made;
}

result<bool> token_mints::reload(const falco::operator_settings& settings) {
    auto stamps = stamps_of(settings);
    if (stamps == seen_) return false;
    seen_     = std::move(stamps);
    auto anew = of(settings);
    if (!anew) return std::move(anew).error();
    *this = std::move(*anew);
    return true;
}

result<std::string> token_mints::issue(
    const std::string& cluster, cluster_token kind, std::chrono::seconds lifetime, utc_time now
) {
    auto* mint = kind == cluster_token::central ? central_.get() : identity_.get();
    if (mint == nullptr) return failure{errc::malformed, "there is no key to sign it with"};
    return mint->issue(cluster, kind, lifetime, now);
}

result<std::string> token_mints::issue_for_peers(
    const std::string& seed, const std::string& audience, std::chrono::seconds lifetime,
    utc_time now
) const {
    if (!issuer_)
        return failure{
            errc::malformed, "falco.centralStorage.tokenIssuerPrivateKeyFile is not given"
        };
    net::jwt_rules rules;
    rules.audience = audience;
    net::jwt_mint mint(*issuer_, std::move(rules));
    return mint.issue(
        std::string(carrier::controller_prefix) + seed, cluster_token::central, lifetime, now
    );
}

std::optional<minted_token> token_mints::read(std::string_view token) const {
    for (const auto* mint : {central_.get(), identity_.get()})
        if (mint != nullptr)
            if (auto is = mint->read(token)) return is;
    return {};
}

}  // namespace falconer::app
