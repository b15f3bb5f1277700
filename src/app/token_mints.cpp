#include "token_mints.hpp"

#include "falconer/file_stamp.hpp"
#include "falconer/net/jwt_mint.hpp"
#include "object_files.hpp"

#include <utility>

namespace falconer::app {
namespace {

result<std::unique_ptr<token_mint>> make(
    const falco::key_source& from, const std::string& section
) {
    if (!from.given()) return std::unique_ptr<token_mint>{};
    auto text = from.file.empty() ? result<std::string>(from.inline_key.reveal())
                                  : read_text_file(from.file);
    if (!text) return std::move(text).error().while_doing(section + ".tokenIssuerPrivateKeyFile");
    auto key = net::private_key::parse(*text);
    if (!key) return std::move(key).error().while_doing(section + ".tokenIssuerPrivateKey");
    return std::unique_ptr<token_mint>(std::make_unique<net::jwt_mint>(std::move(*key)));
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
    auto central = make(settings.central.token_issuer, "falco.centralStorage");
    if (!central) return std::move(central).error();
    made.central_ = std::move(*central);
    if (!settings.identity_tokens) return made;
    auto other = make(settings.identity_tokens->token_issuer, "falco.clusterIdentityToken");
    if (!other) return std::move(other).error();
    made.identity_ = std::move(*other);
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

std::optional<minted_token> token_mints::read(std::string_view token) const {
    for (const auto* mint : {central_.get(), identity_.get()})
        if (mint != nullptr)
            if (auto is = mint->read(token)) return is;
    return {};
}

}  // namespace falconer::app
