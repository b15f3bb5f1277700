// What keeps an object that is to go.
#pragma once

#include "falconer/ports/kube_api.hpp"
#include "falconer/value.hpp"

#include <string_view>

namespace falconer::sandbox {

/// Source: apimachinery, meta/v1, FinalizerOrphanDependents and FinalizerDeleteDependents.
inline constexpr std::string_view orphans = "orphan", foreground = "foregroundDeletion";

bool has_finalizer(const value& object, std::string_view name);
void add_finalizer(value& object, std::string_view name);
void take_finalizer(value& object, std::string_view name);

/// What is to happen first with those that hang on it. Source: apiserver, registry/generic,
/// registry/store.go, deletionFinalizersForGarbageCollection.
void wait_for_dependents(value& object, kube_removal::dependents then);

}  // namespace falconer::sandbox
