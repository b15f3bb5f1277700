// Objects that are questions: who has this token, and may they do that. Source:
// authentication.k8s.io/v1, authorization.k8s.io/v1, rbac.authorization.k8s.io/v1.
#pragma once

#include "store.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

struct api_user {
    std::string              name{};
    std::vector<std::string> groups{};
};
using api_users = std::map<std::string, api_user, std::less<>>;  // by token

bool is_review(const kube_type& type);

/// Whether a binding's subject means somebody.
bool is_meant(const value& subject, const api_user& who);

/// Who asks, whose tokens are known, and when it is, as metadata has it.
struct review_context {
    api_user         asker{};
    const api_users& users;
    std::string      now{};
};

/// The question with its answer in `status`. Rights are those of the roles and bindings in `store`;
/// whoever is in the group system:masters may do everything. Errors: malformed, broken.
result<value> reviewed(
    const api_store& store, const kube_type& type, value question, const review_context& at
);

}  // namespace falconer::sandbox
