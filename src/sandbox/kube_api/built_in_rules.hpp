// What a server knows of the types that are built in, beyond their shape: plain decisions.
#pragma once

#include "types.hpp"

#include "falconer/value.hpp"

#include <string>
#include <vector>

namespace falconer::sandbox {

/// As a reader with types leaves it: of keys that come twice the last one counts, null is what is
/// not there (or an empty text), and fields that no such object has are gone. Gives the paths of
/// the latter, and of keys that came twice: "unknown field \"x\"". Which fields there are is known
/// of metadata, and of ConfigMaps, Secrets and Leases.
std::vector<std::string> tidy(const api_type& type, value& object);

/// Its first part alone, whatever the type.
void join_doubled_keys(value& object);

/// What is of the right shape and still cannot be, each beginning with its field's path. `was`:
/// null when it is new. Source: kubernetes, pkg/apis/{core,coordination}/validation/validation.go;
/// apimachinery, api/validation/objectmeta.go.
std::vector<std::string> built_in_violations(
    const api_type& type, const value& was, const value& object
);

/// Namespaces that nobody deletes. Source: apiserver, admission/plugin/namespace/lifecycle.
bool is_everlasting(const kube_type& type, std::string_view name);

}  // namespace falconer::sandbox
