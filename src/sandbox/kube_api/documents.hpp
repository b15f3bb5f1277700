// What a client reads of an API before it asks for objects: discovery, OpenAPI, the version.
#pragma once

#include "falconer/value.hpp"
#include "types.hpp"

#include <optional>
#include <string_view>

namespace falconer::sandbox {

/// The document at `path`; nothing: there is none.
std::optional<value> document_at(const api_types& types, std::string_view path);

}  // namespace falconer::sandbox
