// What is delivered for one cluster: every object, byte for byte the same for the same input.
#pragma once

#include "falconer/falco/certificate_plan.hpp"
#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/falco/service_config.hpp"
#include "falconer/ports/token_mint.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace falconer::falco {

/// What has to be made or found before anything can be planned.
struct delivery_needs {
    bool                    falcosidekick = false;  // and with it certificates
    std::set<cluster_token> tokens{};
};
delivery_needs needs_of(const falco_service& service, const operator_settings& settings);

struct delivery_want {
    cluster_facts            cluster{};
    falco_service            service{};
    const operator_settings& settings;
    const releases&          offered;
    const rule_catalogue&    rules;
    /// Of the control plane's namespace, by name: the copies of what the user refers to.
    const std::map<std::string, value>& config_maps;
    const std::map<std::string, value>& secrets;
    certificate_delivery                certificates{};  // where Falcosidekick is needed
    std::map<cluster_token, secret>     tokens{};
    /// With it the heartbeat proves who it is; empty: it does not.
    secret heartbeat_key{};
    /// Custom rule files that are delivered at present, in Falco's order: they stay, where the new
    /// ones are broken. Null: nobody has looked, and none stay.
    const std::vector<rule_file>* delivered_rules = nullptr;
    /// Changes when pods must fetch the token of their service account anew.
    std::string service_account_epoch{};
    utc_time    now{};
    /// Where the config stands, for problems: "spec.providerConfig".
    std::string path{};
};

struct delivery_plan {
    std::vector<value> target{};  // into the cluster that Falco watches
    std::vector<value> seed{};    // beside its control plane
    /// Of what was left out and could be; the rest is delivered.
    std::vector<std::string> warnings{};
    /// Of custom rule files that Falco would refuse, each with its file and line. Any: what is
    /// planned holds none of the new ones, but those that are delivered at present.
    field_problems broken_rules{};
    /// Any: nothing is to be delivered, and what is there stays. Broken rules are among them where
    /// no rules at all would be left; asked again with `delivered_rules` some may be.
    field_problems problems{};
};

delivery_plan plan_delivery(const delivery_want& want);

/// The custom rule files among delivered objects, in the order in which that Falco loads them.
std::vector<rule_file> custom_rules_in(const std::vector<value>& delivered);

}  // namespace falconer::falco
