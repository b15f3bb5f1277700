// The mint that signs with an RSA key of ours.
#pragma once

#include "falconer/net/jwt.hpp"
#include "falconer/ports/token_mint.hpp"

namespace falconer::net {

class jwt_mint final : public token_mint {
public:
    explicit jwt_mint(private_key key, jwt_rules rules = {});

    result<std::string> issue(
        const std::string& cluster, cluster_token kind, std::chrono::seconds lifetime, utc_time now
    ) override;
    std::optional<minted_token> read(std::string_view token) const override;

private:
    private_key key_;
    jwt_rules   rules_;
};

}  // namespace falconer::net
