// The mints of both kinds of tokens that clusters get, as the operator has set them up.
#pragma once

#include "falconer/falco/operator_settings.hpp"
#include "falconer/net/token_keys.hpp"
#include "falconer/ports/token_mint.hpp"
#include "falconer/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::app {

/// They may sign with different keys.
class token_mints final : public token_mint {
public:
    /// Reads the keys. Errors: a file that cannot be read, a text that is no private key.
    static result<token_mints> of(const falco::operator_settings& settings);

    /// Reads them again, if a file has changed; whether one had. Errors: as above, once for each
    /// change; what was read before stays in use.
    result<bool> reload(const falco::operator_settings& settings);

    result<std::string> issue(
        const std::string& cluster, cluster_token kind, std::chrono::seconds lifetime, utc_time now
    ) override;
    std::optional<minted_token> read(std::string_view token) const override;

    /// For ingestors: that we are the controller of that seed. Signed as the central store's are,
    /// for an audience of its own. Errors: malformed, without that key.
    result<std::string> issue_for_peers(
        const std::string& seed, const std::string& audience, std::chrono::seconds lifetime,
        utc_time now
    ) const;

private:
    std::unique_ptr<token_mint>     central_{}, identity_{};
    std::optional<net::private_key> issuer_{};  // of central_
    std::string                     seen_{};    // the files' stamps
};

}  // namespace falconer::app
