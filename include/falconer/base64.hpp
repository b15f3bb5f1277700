// Bytes as text: base64 with padding, as Kubernetes writes Secrets, and hex. Source: RFC 4648 §4,
// §8.
#pragma once

#include "falconer/result.hpp"

#include <string>
#include <string_view>

namespace falconer {

std::string encode_base64(std::string_view bytes);
/// Errors: malformed; line breaks and blanks, too.
result<std::string> decode_base64(std::string_view text);

/// Two lower-case digits for each byte.
std::string hex_text(std::string_view bytes);

}  // namespace falconer
