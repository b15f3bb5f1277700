// When a cluster gets a new token: the one that is kept serves until two thirds of its life are
// over, so that looking again never rolls a pod.
#pragma once

#include "falconer/falco/kept_secret.hpp"
#include "falconer/ports/token_mint.hpp"
#include "falconer/result.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace falconer::falco {

/// Where the tokens of a cluster (class shoot or seed) are kept, beside its certificates. The Go
/// extension keeps none.
inline constexpr auto token_secret        = "gardener-extension-shoot-falco-service-tokens";
inline constexpr auto garden_token_secret = "gardener-extension-shoot-falco-service-garden-tokens";

struct token_want {
    cluster_token        kind = cluster_token::central;
    std::chrono::seconds lifetime{168 * 3600};
};

struct token_wants {
    std::string             cluster{};  // its identity
    std::vector<token_want> tokens{};   // at most one of a kind; none: nothing to keep
    /// Tokens issued before then are refused by their receivers.
    std::optional<utc_time> revoked_before{};
    /// Pods roll now for another reason: renew as well what would be due within this.
    std::chrono::seconds soon{0};
};

struct planned_token {
    secret      token{};
    utc_time    issued{};
    utc_time    due{};  // when it is to be replaced
    utc_time    expires{};
    std::string why_issued{};  // empty: it is the kept one
};

struct token_plan {
    std::map<cluster_token, planned_token> tokens{};
    kept_secret                            kept{};  // as it is to be kept; empty: to be deleted
    bool                                   write      = false;  // it differs from what is kept
    utc_time                               look_again = utc_time::max();
};

/// Between the second in which a token was issued and its end; a lifetime shortened since counts.
/// Pure.
utc_time token_due(const minted_token& token, std::chrono::seconds lifetime) noexcept;

/// `kept`: nothing, only if the Secret does not exist; an answer that never came is its caller's
/// failure. Errors: malformed, for a lifetime under one minute or over a hundred years, or what the
/// mint refuses.
result<token_plan> plan_tokens(
    const std::optional<kept_secret>& kept, const token_wants& want, token_mint& mint, utc_time now
);

}  // namespace falconer::falco
