// What a client reads of an API before it asks for objects: discovery, OpenAPI, the version.
#pragma once

#include "falconer/value.hpp"
#include "types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace falconer::sandbox {

struct api_document {
    value       body{};
    std::string type = "application/json";
};

/// The document at `path`, as somebody wants it who sends `accept`; nothing: there is none.
std::optional<api_document> document_at(
    const api_types& types, std::string_view path, std::string_view accept
);

}  // namespace falconer::sandbox
