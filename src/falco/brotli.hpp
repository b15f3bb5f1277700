// Brotli, as ManagedResources' Secrets are compressed.
#pragma once

#include "falconer/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace falconer::falco {

std::string brotli_compressed(std::string_view text);
/// Errors: malformed; too_large, beyond `limit` bytes.
result<std::string> brotli_expanded(std::string_view bytes, std::size_t limit);

}  // namespace falconer::falco
