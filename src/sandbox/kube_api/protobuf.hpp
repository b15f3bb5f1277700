// Objects as Go clients send them: in Kubernetes' protobuf. Of the types that kubectl makes by
// itself and those that are only asked; of the others, JSON is read alone.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <string_view>

namespace falconer::sandbox {

/// Whether a Content-Type says that it is.
bool is_protobuf(std::string_view content_type);

/// Source: apimachinery, runtime/serializer/protobuf; k8s.io/api, each group's generated.proto.
/// Errors: not_found (of a type that is not read), malformed.
result<value> read_protobuf(std::string_view body);

}  // namespace falconer::sandbox
