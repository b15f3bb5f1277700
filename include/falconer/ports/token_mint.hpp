// Who makes the tokens that clusters present, and can tell what is in those it has made.
#pragma once

#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace falconer {

/// Today's token of the central store, and the one that operators' own destinations get.
enum class cluster_token { central, cluster_identity };

struct minted_token {
    std::string   cluster{};
    cluster_token kind = cluster_token::central;
    utc_time      issued{};
    utc_time      expires{};
};

class token_mint {
public:
    virtual ~token_mint() = default;

    /// Valid from now for `lifetime`, in whole seconds. Errors: malformed, for a cluster whose name
    /// no receiver would accept.
    virtual result<std::string> issue(
        const std::string& cluster, cluster_token kind, std::chrono::seconds lifetime, utc_time now
    ) = 0;

    /// What it says, expired or not; nothing, unless the key that signs now has signed it for the
    /// receivers that are configured now, with the time at which it was issued.
    virtual std::optional<minted_token> read(std::string_view token) const = 0;
};

}  // namespace falconer
