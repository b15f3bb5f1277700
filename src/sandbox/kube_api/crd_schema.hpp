// The schema that a CRD gives its objects: what is not in it is dropped, what has a default gets
// it, and what breaks it is told. Source: kubernetes.io, "Extend the Kubernetes API with
// CustomResourceDefinitions"; apiextensions-apiserver, pkg/apiserver/{schema,validation}.
#pragma once

#include "falconer/value.hpp"

#include <string>
#include <vector>

namespace falconer::sandbox {

/// Drops every field that the schema does not know, but for apiVersion, kind and metadata of the
/// object itself and of embedded ones. Gives the paths of what was dropped.
std::vector<std::string> prune(value& object, const value& schema);

void fill_defaults(value& object, const value& schema);

/// In the server's own words, each beginning with its path.
std::vector<std::string> violations(const value& object, const value& schema);

/// Whether a rule of x-kubernetes-validations says that a value, once it is there, stays what it
/// is: the only one that is played. Source: kubernetes.io, "Transition rules".
bool says_fixed(const value& rule);
/// What differs from `was` and must not, each beginning with its path. Within lists nothing is
/// looked at.
std::vector<std::string> changes_of_fixed(
    const value& object, const value& was, const value& schema
);

/// Of a CRD itself: what keeps it from being served.
std::vector<std::string> crd_violations(const value& crd);

/// … and what must not change of it. `was`: null when it is new.
std::vector<std::string> crd_changes(const value& was, const value& crd);
/// … and what of it is not played here, for whoever applies it.
std::vector<std::string> crd_warnings(const value& crd);

/// "a", or "[a, b]", as an API server lists them.
std::string listed(const std::vector<std::string>& problems);

}  // namespace falconer::sandbox
