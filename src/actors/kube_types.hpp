// The Kubernetes types that actors write. Source: gardener/gardener, pkg/apis/extensions/v1alpha1.
#pragma once

#include "falconer/kube_object.hpp"

namespace falconer::actors {

inline const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};
inline const kube_type clusters_type{
    .group      = "extensions.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Cluster",
    .plural     = "clusters",
    .namespaced = false
};
inline const kube_type secrets{.kind = "Secret", .plural = "secrets"};
inline const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
inline const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};

}  // namespace falconer::actors
