// Everything of a cluster that is made once and kept: certificates, tokens, the key of its
// heartbeat.
#pragma once

#include "falconer/falco/certificate_plan.hpp"
#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/delivery_plan.hpp"
#include "falconer/falco/kept_secret.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/falco/token_plan.hpp"
#include "falconer/ports/token_mint.hpp"

#include <map>
#include <optional>
#include <string>

namespace falconer::falco {

/// The token that a service account's Secret holds lives for 720 h from when it was asked for, and
/// is up to a day old when a pod reads it. Source: Gardener's token requestor; the manifest.
inline constexpr std::chrono::hours service_account_epoch_length{480};

struct credentials_want {
    const cluster_facts&     cluster;
    const falco_service&     service;
    const operator_settings& settings;
    delivery_needs           needs{};
    rolled_out               moved{};
    std::optional<utc_time>  tokens_revoked_before{};
    /// Null: no token can be made, and needing one is an error.
    token_mint* mint = nullptr;
    /// Of an earlier plan for this cluster.
    std::optional<certificate_verdict> known{};
};

struct credentials_plan {
    std::optional<certificate_plan> certificates{};  // nothing: none are needed
    kept_secret                     tokens{};  // as they are to be kept; empty: no such Secret
    bool                            write_tokens = false;
    std::map<cluster_token, secret> ready{};           // tokens, to be delivered
    std::optional<utc_time>         central_issued{};  // of the central store's token
    secret                          heartbeat_key{};
    std::string                     service_account_epoch{};
    utc_time                        look_again = utc_time::max();
};

/// `kept_…`: nothing, only if the Secret does not exist. Errors: malformed.
result<credentials_plan> plan_credentials(
    const std::optional<kept_secret>& kept_certificates,
    const std::optional<kept_secret>& kept_tokens, const credentials_want& want, utc_time now
);

/// The Secrets' names; class garden may share its namespace with class seed.
std::string certificate_secret_of(extension_class is);
std::string token_secret_of(extension_class is);

/// A Secret of the API and back. Errors: malformed.
value as_object(const kept_secret& kept, const std::string& name, const std::string& in);
result<kept_secret> as_kept(const value& object);

}  // namespace falconer::falco
