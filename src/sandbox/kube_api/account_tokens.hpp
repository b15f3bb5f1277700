// Tokens of ServiceAccounts, as `kubectl create token` asks for them.
#pragma once

#include "falconer/log.hpp"
#include "reviews.hpp"
#include "route.hpp"

namespace falconer::sandbox {

kube_type account_type();

bool is_token_request(const kube_type& type, const api_route& route);

struct account_token {
    secret   token{};
    api_user who{};
    value    answer{};  // the TokenRequest with its status
};

/// Nobody's key signs it: what it is good for is what TokenReview says of it. Errors: not_found,
/// without the account; broken, when it cannot be read; malformed, when it shall last for less than
/// ten minutes, or for longer than can be meant. Source:
/// authentication.k8s.io/v1, TokenRequest; kubernetes, pkg/serviceaccount/claims.go.
result<account_token> issue_account_token(
    const api_store& store, const kube_key& account, const value& wish, utc_time now
);

}  // namespace falconer::sandbox
