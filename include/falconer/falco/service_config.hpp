// FalcoServiceConfig: what a shoot's owner asks for, in two dialects with one meaning.
#pragma once

#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::falco {

/// Source: the Go extension's API of today, and GEP-27's text. docs/user-guide.md has both.
enum class config_dialect : std::uint8_t { current, gep27 };

/// Source: Kubernetes core/v1 Toleration.
struct toleration {
    std::optional<std::string>  key{}, op{}, is{}, effect{};
    std::optional<std::int64_t> seconds{};

    friend bool operator==(const toleration&, const toleration&) = default;
};

/// Kubernetes quantities, as they were written.
struct resource_amounts {
    std::optional<std::string> cpu{}, memory{};

    friend bool operator==(const resource_amounts&, const resource_amounts&) = default;
};
struct falco_resources {
    std::optional<resource_amounts> requests{}, limits{};

    friend bool operator==(const falco_resources&, const falco_resources&) = default;
};

/// One of the two: an entry of the shoot's spec.resources, or a ConfigMap in its kube-system.
struct custom_rule {
    std::optional<std::string> resource_name{}, shoot_config_map{};

    friend bool operator==(const custom_rule&, const custom_rule&) = default;
};
struct falco_rules {
    std::optional<std::vector<std::string>> standard{};
    std::optional<std::vector<custom_rule>> custom{};

    friend bool operator==(const falco_rules&, const falco_rules&) = default;
};

struct destination {
    std::string                name{};
    std::optional<bool>        enabled{};
    std::optional<std::string> resource_secret_name{};

    bool        is_enabled() const { return enabled.value_or(true); }
    friend bool operator==(const destination&, const destination&) = default;
};

/// One of the plug-ins that the landscape offers.
struct plugin_choice {
    std::string          name{};
    std::optional<value> init_config{};  // a mapping

    friend bool operator==(const plugin_choice&, const plugin_choice&) = default;
};

// --- GEP-27's own words ---

struct gardener_rules {
    std::optional<bool> use_falco_rules{}, use_incubating_rules{}, use_sandbox_rules{},
        use_detections{};
    std::optional<std::vector<std::string>>   rule_refs{};
    std::optional<std::vector<plugin_choice>> plugins{};

    friend bool operator==(const gardener_rules&, const gardener_rules&) = default;
};
struct falcoctl_index {
    std::string name{}, url{};

    friend bool operator==(const falcoctl_index&, const falcoctl_index&) = default;
};
struct falcoctl_install {
    std::optional<std::vector<std::string>> refs{};
    std::optional<bool>                     resolve_deps{};

    friend bool operator==(const falcoctl_install&, const falcoctl_install&) = default;
};
struct falcoctl_follow {
    std::optional<std::vector<std::string>> refs{};
    std::optional<std::string>              every{};  // a Go duration

    friend bool operator==(const falcoctl_follow&, const falcoctl_follow&) = default;
};
struct falcoctl_options {
    std::optional<std::vector<falcoctl_index>> indexes{};
    std::optional<std::vector<std::string>>    allowed_types{};
    std::optional<falcoctl_install>            install{};
    std::optional<falcoctl_follow>             follow{};

    friend bool operator==(const falcoctl_options&, const falcoctl_options&) = default;
};
struct custom_webhook {
    std::optional<bool>        enabled{};
    std::optional<std::string> address{};
    std::optional<text_map>    headers{};
    std::optional<bool>        check_certs{};

    friend bool operator==(const custom_webhook&, const custom_webhook&) = default;
};

/// As it was written, no more and no less.
struct service_config {
    config_dialect             written = config_dialect::current;
    std::optional<std::string> falco_version{};
    std::optional<bool>        auto_update{};

    // current
    std::optional<bool>                       heartbeat_event{};
    std::optional<text_map>                   node_selector{};
    std::optional<std::vector<toleration>>    tolerations{};
    std::optional<falco_resources>            resources{};
    std::optional<falco_rules>                rules{};
    std::optional<std::vector<plugin_choice>> plugins{};
    std::optional<std::vector<destination>>   destinations{};

    // gep27
    std::optional<std::string>    managed_by{};  // "gardener" or "falcoctl"; the key is `resources`
    std::optional<gardener_rules> gardener{};
    std::optional<falcoctl_options> falcoctl{};
    std::optional<custom_webhook>   webhook{};

    friend bool operator==(const service_config&, const service_config&) = default;
};

struct decoded_config {
    service_config config{};
    field_problems problems{};  // in the order of the document; empty: it is what it says
};

/// `provider_config` as it stands in the shoot; null or absent: nothing was said, in the current
/// dialect. Unknown and repeated fields, wrong kinds, and fields of both dialects are problems, all
/// of them at once; of a config with thousands of values it is the only one. `path`: where it
/// stands, "spec.extensions[0].providerConfig".
decoded_config decode_service_config(const value& provider_config, const std::string& path);

/// As Kubernetes has it.
value encode(const toleration& is);

/// In the dialect it was written in, fields in the order of the API. decode(encode(c)) == c.
value encode(const service_config& config);

/// `provider_config`, which `was` was read from, made to say what `is` says. A field that says the
/// same in both stays as its writer has it: its spelling, its place, what is empty in it.
value written_back(
    const value& provider_config, const service_config& was, const service_config& is
);

struct service_defaults {
    std::optional<std::string> falco_version{};  // none: there is nothing to choose
    std::string                destination = "logging";
};
/// Says what was left unsaid, in the dialect it was written in.
void fill_defaults(service_config& config, const service_defaults& with);

/// What is wanted, whichever way it was said.
struct falco_service {
    config_dialect                         written = config_dialect::current;  // for messages
    std::optional<std::string>             falco_version{};
    bool                                   auto_update     = true;
    bool                                   heartbeat_event = false;
    text_map                               node_selector{};
    std::optional<std::vector<toleration>> tolerations{};  // none: Falcosidekick's and Falco's own
    falco_resources                        resources{};
    std::vector<std::string>               standard_rules{};
    std::vector<custom_rule>               custom_rules{};
    std::vector<plugin_choice>             plugins{};
    std::vector<destination>               destinations{};
    std::optional<custom_webhook>          webhook{};   // an enabled one of GEP-27
    std::optional<falcoctl_options>        falcoctl{};  // then Gardener manages no rules
};

/// `default_destination`: where GEP-27's dialect sends events that no webhook takes.
falco_service meaning_of(const service_config& config, const std::string& default_destination);

inline constexpr const char* config_api_version = "falco.extensions.gardener.cloud/v1alpha1";
inline constexpr const char* config_kind        = "FalcoServiceConfig";

/// The files that come with Falco. Source: github.com/falcosecurity/rules.
inline constexpr std::string_view falco_rules_file      = "falco-rules";
inline constexpr std::string_view incubating_rules_file = "falco-incubating-rules";
inline constexpr std::string_view sandbox_rules_file    = "falco-sandbox-rules";
/// Those of ours, for what Gardener runs: config/rules/gardener_detections.yaml.
inline constexpr std::string_view gardener_detections = "gardener-detections";

}  // namespace falconer::falco
