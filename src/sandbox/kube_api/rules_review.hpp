// What somebody may do, all of it: `kubectl auth can-i --list`. Source: authorization.k8s.io/v1,
// SelfSubjectRulesReview.
#pragma once

#include "reviews.hpp"
#include "store.hpp"

#include <string>

namespace falconer::sandbox {

/// `status` of the review: the rules of the roles in `store` that are bound to `who`, in the
/// namespace and in the cluster.
value rules_for(const api_store& store, const api_user& who, const std::string& namespace_name);

}  // namespace falconer::sandbox
