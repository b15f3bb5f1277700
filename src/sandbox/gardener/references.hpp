// What a Shoot refers to, copied beside its control plane.
#pragma once

#include "falconer/value.hpp"

#include <string>

namespace falconer::sandbox {

class api_store;

inline constexpr const char* references_name = "referenced-resources";

struct brought_references {
    bool        ready = false;  // all copies are there, as they should be
    std::string trouble{};      // why they will not be before something changes; one sentence
};

/// A ManagedResource of class seed holds a copy "ref-<object>" of each entry of spec.resources, of
/// the same kind and without labels; the resource manager puts them there, and takes away those
/// that are no longer referred to. One that does not exist fails all. Not played: WorkloadIdentity.
/// Source: gardener/gardener, docs/extensions/referenced-resources.md,
/// pkg/utils/gardener/resources.
brought_references bring_references(api_store& store, const value& shoot, const std::string& to);

/// True: nothing of them is left.
bool end_references(api_store& store, const std::string& in);

}  // namespace falconer::sandbox
