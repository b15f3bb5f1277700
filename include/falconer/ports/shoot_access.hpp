// The way from a seed into the clusters whose control planes it holds.
#pragma once

#include "falconer/ports/kube_api.hpp"

#include <memory>
#include <string>

namespace falconer {

class shoot_access {
public:
    virtual ~shoot_access() = default;

    /// The API of the shoot with this control plane. Credentials there rotate: keep it no longer
    /// than a look takes. Errors: not_found, when there are no credentials; malformed ones.
    virtual task<result<std::shared_ptr<kube_api>>> api_of(std::string control_plane) = 0;
};

}  // namespace falconer
