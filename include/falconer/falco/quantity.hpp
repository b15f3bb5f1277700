// Kubernetes' resource quantities: 100m, 512Mi, 1e3. Source: k8s.io/apimachinery, api/resource.
#pragma once

#include <optional>
#include <string_view>

namespace falconer::falco {

/// In cores, bytes, or whatever is counted; two spellings of one amount are equal. Nothing: it is
/// none.
std::optional<double> parse_quantity(std::string_view text);

}  // namespace falconer::falco
