// Requests as clients send them: in whose name, and in which form.
#pragma once

#include "falconer/net/http_message.hpp"
#include "reviews.hpp"

#include <optional>

namespace falconer::sandbox {

/// Who is meant by a review: `kubectl --as`. Whoever has a good token may ask so. Source:
/// kubernetes.io, "User impersonation".
api_user in_whose_name(const api_user& who, const net::http_request& request);

/// What came as protobuf; of other types than those that are read it stays as it is. Nothing, or
/// why it cannot be.
std::optional<net::http_response> put_into_json(net::http_request& request);

}  // namespace falconer::sandbox
