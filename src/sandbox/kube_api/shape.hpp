// What a server with types can read of an object, and what its metadata may say: plain decisions.
#pragma once

#include "falconer/value.hpp"
#include "types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

/// The first place that is not of its type's shape: "metadata.labels.a: expected a text, found 1".
/// Empty: everything can be read. Of built-in types no more is known than what Falconer writes.
/// Source: meta/v1, ObjectMeta; core/v1, coordination/v1, rbac/v1.
std::string misshapen(const api_type& type, const value& object);

/// What is of the right shape and still cannot be. Source: apimachinery, api/validation,
/// objectmeta.go; core and coordination validation.
std::vector<std::string> metadata_violations(const api_type& type, const value& object);

/// "app" or "example.com/app". Source: util/validation, IsQualifiedName.
bool is_qualified_name(std::string_view text);
bool is_label_value(std::string_view text);

}  // namespace falconer::sandbox
