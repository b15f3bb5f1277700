// Rule files come gzipped, and small: what is larger than it may be is unpacked no further.
#pragma once

#include "falconer/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace falconer::falco {

/// One gzip member of at most `most` bytes, and nothing behind it. Errors: malformed, with the
/// reason.
result<std::string> gunzip(std::string_view compressed, std::size_t most);

}  // namespace falconer::falco
