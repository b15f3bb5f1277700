// The FalcoProfiles that a watch has told, as one catalogue.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "falconer/object_cache.hpp"

#include <memory>

namespace falconer::actors {

inline const kube_type profiles_type{
    .group      = "falco.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "FalcoProfile",
    .plural     = "falcoprofiles",
    .namespaced = false
};

/// What is odd about them is among the warnings.
std::shared_ptr<const falco::releases> read_profiles(const object_cache& told);

/// Two are equal unless something differs that somebody looks at.
value without_notes(value object);

}  // namespace falconer::actors
