// What a landscape's operator decides for all clusters: the section `falco` of the configuration.
#pragma once

#include "falconer/falco/certificate_plan.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/log.hpp"
#include "falconer/value.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

/// A private key as it stands in the configuration, or the file that holds it.
struct key_source {
    secret      inline_key{};
    std::string file{};

    bool given() const { return !inline_key.reveal().empty() || !file.empty(); }
};

struct central_storage {
    bool                 enabled = false;
    std::string          url{};
    std::chrono::seconds token_lifetime{168 * 3600};
    key_source           token_issuer{};
};

struct cluster_identity_tokens {
    std::chrono::seconds lifetime{168 * 3600};
    key_source           token_issuer{};
};

/// A destination that every cluster gets. Its stanza is Falcosidekick's, with <<.Variables>> in its
/// texts, or all of it such a text.
struct global_default {
    std::string name{};
    std::string key{};  // Falcosidekick's output
    value       stanza{};
};

/// Objects that every seed gets besides.
struct additional_resource {
    std::string        name{};
    std::vector<value> objects{};  // with <<.SeedIngressDomain>> in their texts
};
/// As they are delivered: the variable put in, and `home` for those that name no namespace, as the
/// Go extension does it. Errors: malformed, for another variable.
result<std::vector<value>> objects_of(
    const additional_resource& one, const std::string& home, std::string_view ingress_domain
);

/// The image that this program is released in; whoever builds an image says which one it will be
/// (FALCONER_IMAGE, see CMakeLists.txt).
std::string_view built_in_image() noexcept;

struct operator_settings {
    std::string                            priority_class{};
    certificate_policy                     certificates{};
    central_storage                        central{};
    std::optional<cluster_identity_tokens> identity_tokens{};
    std::vector<global_default>            global_defaults{};
    std::vector<additional_resource>       additional{};
    /// What the keys of all clusters' heartbeats are made of; empty: each has a random one, which
    /// is kept. Of the section `heartbeat`, and read from that file.
    secret      heartbeat_secret{};
    std::string heartbeat_secret_file{};
    /// Falconer's own image, which runs beside Falcosidekick and Falco.
    std::string agent_image{built_in_image()};
    bool        names_agent_image = false;  // the section does
    /// The registry that images come from instead of their own; empty: their own.
    std::string registry_mirror{};
    /// Read, and of no effect: what to tell the operator.
    std::vector<std::string> warnings{};

    const global_default* find_global(std::string_view name) const;
};

/// `section`: what stands under `falco:`; null: nothing. Problems with their lines and all at once.
operator_settings decode_operator_settings(const value& section, field_problems& problems);

}  // namespace falconer::falco
