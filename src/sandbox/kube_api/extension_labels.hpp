// A small stand-in for gardener-apiserver's admission plug-in ExtensionLabels.
#pragma once

#include "falconer/kube_object.hpp"

namespace falconer::sandbox {

/// A Shoot or a Seed is labelled with the types of the extensions that it asks for, before any
/// webhook sees it: "extensions.extensions.gardener.cloud/<type>". Everything else is left alone.
/// Source: gardener/gardener, plugin/pkg/global/extensionlabels/admission.go.
void label_extensions(const kube_type& type, value& object);

}  // namespace falconer::sandbox
