// What an API server says of its types: OpenAPI v3, one document for each group, and v2, all of it.
#pragma once

#include "falconer/value.hpp"
#include "types.hpp"

#include <string_view>

namespace falconer::sandbox {

/// What the sandbox behaves like, for clients that compare versions.
inline constexpr std::string_view behaves_like = "v1.33.4";

value open_api_index(const api_types& types);
/// As much as kubectl needs to leave validation to the server, and to explain types: those that a
/// CRD brings by its schema, small built-in ones by Kubernetes' own (config/kubernetes); of the
/// others there is an outline.
value open_api_of(const api_types& types, std::string_view group, std::string_view version);
value open_api_v2(const api_types& types);

}  // namespace falconer::sandbox
