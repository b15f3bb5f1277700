// Label selectors as they are written: "app in (a, b),!old,size>3".
#pragma once

#include "falconer/result.hpp"
#include "selector.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

/// Source: apimachinery, pkg/labels/selector.go, in whose words the errors are.
/// Errors: malformed.
result<std::vector<api_requirement>> parse_labels(std::string_view text);

/// Of 64 bits. Nothing: it is none.
std::optional<std::int64_t> whole_number(std::string_view text);

}  // namespace falconer::sandbox
