// What an Extension asks for, complete and checked.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/falco/service_config.hpp"

namespace falconer::falco {

struct extension_service {
    falco_service  service{};
    field_problems problems{};  // any: service is not to be used
};

/// Where an Extension's config stands, for problems.
inline constexpr const char* provider_config_path = "spec.providerConfig";

/// Reads spec.providerConfig strictly, fills the landscape's defaults, checks what can be seen
/// without the referenced objects.
extension_service read_service(
    const value& extension, const cluster_facts& cluster, const releases& offered,
    const operator_settings& settings, utc_time now
);

/// Names of the copies beside the control plane that the service refers to.
struct service_references {
    std::vector<std::string> config_maps{}, secrets{};
};
service_references references_of(const falco_service& service, const cluster_facts& cluster);
/// Their entries in the cluster's spec.resources, each once.
std::vector<referenced_resource> resources_of(
    const falco_service& service, const cluster_facts& cluster
);

}  // namespace falconer::falco
