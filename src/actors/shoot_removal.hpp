// Takes away what was delivered: for a deletion, for a migration, by force.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/ports/kube_api.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace falconer::actors {

enum class removal_kind : std::uint8_t {
    remove,   // from the cluster, too
    force,    // the cluster may be gone: its resource manager is not waited for
    migrate,  // the objects in the cluster stay, and so does what another seed needs of ours
};

struct removed {
    /// Of what is still there, what to tell; empty: all is gone.
    std::string waiting{};
};

/// One step: asks for what has not been asked for, and looks whether it has come. To be repeated
/// until nothing is left. Source: contract §1.9 and §2.5.
task<result<removed>> remove_delivery(
    kube_api& api, falco::extension_class is, std::string control_plane, removal_kind how
);

}  // namespace falconer::actors
