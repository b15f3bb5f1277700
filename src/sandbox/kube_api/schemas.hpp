// What Kubernetes says of its own types, for `kubectl explain`: config/kubernetes.
#pragma once

#include <string_view>

namespace falconer::sandbox {

/// "kubernetes/core.json": schemas by their names, as /openapi/v3 of kube-apiserver 1.34 has them.
/// Empty: there is no such file.
std::string_view schema_file(std::string_view path) noexcept;

}  // namespace falconer::sandbox
