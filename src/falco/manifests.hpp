// The base manifests, as they stand under config/.
#pragma once

#include "falconer/value.hpp"

#include <string_view>

namespace falconer::falco {

/// "rules/gardener_exceptions.yaml", a path under config/. Empty: there is none.
std::string_view manifest_text(std::string_view path) noexcept;

/// One document, to be edited. `path` under config/manifests/, and there it must be.
value manifest(std::string_view path);

}  // namespace falconer::falco
