// Where events go: what each destination makes of Falcosidekick's configuration.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/falco/service_config.hpp"
#include "falconer/ports/token_mint.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// One row of the table: a destination that has a name everywhere.
struct destination_kind {
    std::string_view name;
    std::string_view key;  // Falcosidekick's output; empty: Falco's own standard output
    bool             for_shoots = true, for_seeds = true;
    bool             needs_secret = false;
};
std::span<const destination_kind> destination_kinds() noexcept;
/// Null: there is none of that name.
const destination_kind* find_destination(std::string_view name) noexcept;
/// "central, custom, …", those that the class may use.
std::string destinations_of(extension_class is);

/// Stands in the configuration for the token that is put in when the pod starts.
inline constexpr std::string_view service_account_token = "SA_TOKEN";

/// One of Falcosidekick's outputs.
struct planned_output {
    std::string key{};  // "loki"
    value       stanza{};
    /// It presents the token of Falcosidekick's service account.
    bool takes_service_account = false;
    /// What that token must be allowed to create.
    std::string non_resource_url{};
};

struct planned_outputs {
    bool                        to_stdout = false;
    std::vector<planned_output> outputs{};
    std::vector<std::string>    warnings{};  // operators' defaults that were left out
};

/// Objects of the control plane's namespace, by name.
using objects_by_name = std::map<std::string, value>;

struct output_sources {
    const cluster_facts&                   cluster;
    const operator_settings&               settings;
    const objects_by_name&                 secrets;
    const std::map<cluster_token, secret>& tokens;
};

/// The tokens that the enabled destinations need.
std::set<cluster_token> tokens_for(const falco_service& service, const operator_settings& settings);

/// Enabled destinations only. `path`: of the destinations. A destination that is wrong is a
/// problem; an operator's default that is wrong is left out, with a warning.
planned_outputs plan_outputs(
    const falco_service& service, const output_sources& from, const std::string& path,
    field_problems& problems
);

}  // namespace falconer::falco
