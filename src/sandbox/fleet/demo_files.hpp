// Files under config/ that `falconer up` brings along.
#pragma once

#include <string_view>

namespace falconer::sandbox {

/// "examples/shoot.yaml", a path under config/. Empty: there is none.
std::string_view demo_file(std::string_view path) noexcept;

}  // namespace falconer::sandbox
