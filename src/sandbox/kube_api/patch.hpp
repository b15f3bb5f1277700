// The patches of a Kubernetes API, each as a function of what is there.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <string_view>

namespace falconer::sandbox {

/// RFC 7396.
value merge_patched(value is, const value& patch);

/// RFC 6902. Errors: malformed, with the operation, when a `test` does not hold, too, and when it
/// would copy more than a real server does, or nest deeper than what can be read.
result<value> json_patched(value is, const value& patch);

/// Lists of the built-in types are merged by their keys. Source: kubernetes, api-conventions and
/// sig-api-machinery/strategic-merge-patch.md; the merge keys: the patchMergeKey tags of
/// k8s.io/api.
value strategic_merge_patched(value is, const value& patch);
/// By what items of a list of that name are told apart there; empty: such a list is replaced as a
/// whole.
std::string_view merge_key_of(std::string_view field, const value::list_type& items);

}  // namespace falconer::sandbox
