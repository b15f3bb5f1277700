// Base64 for URLs, without padding. Source: RFC 4648 §5, RFC 7515 §2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace falconer::net {

std::string to_base64url(std::string_view bytes);

/// Nothing, if a character does not belong there or the last one carries bits that nobody wrote:
/// one text for one value.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace falconer::net
