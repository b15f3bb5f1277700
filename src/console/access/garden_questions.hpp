// What is asked of the garden about people: who has a token, and whether they may do something.
#pragma once

#include "falconer/async.hpp"
#include "falconer/log.hpp"
#include "falconer/ports/kube_api.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace falconer::console {

/// As TokenReview tells it; `extra` is handed on to SubjectAccessReview as it came.
struct garden_user {
    std::string              name{}, uid{};
    std::vector<std::string> groups{};
    value                    extra{};
};

/// Something that one may or may not do. Without a namespace: in all of them.
struct garden_wish {
    std::string verb{}, group{}, resource{}, namespace_name{};
};

/// Keeps nothing. Source: authentication.k8s.io/v1 TokenReview, authorization.k8s.io/v1
/// SubjectAccessReview.
///
/// Errors of all : unavailable, timed_out, overloaded: the garden has not said; also where it does
///                 not let us ask, which is nothing that whoever asks us has done
class garden_questions {
public:
    explicit garden_questions(kube_api& garden) : garden_(garden) {}

    /// Errors : denied  nobody has this token (any more)
    task<result<garden_user>> who_has(secret token);
    task<result<bool>>        may(garden_user who, garden_wish what);

private:
    kube_api& garden_;
};

/// Whether it can be sent as a bearer's token, of a length that somebody would have.
bool is_bearer_token(std::string_view text);

}  // namespace falconer::console
