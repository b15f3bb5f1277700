// Falcosidekick's configuration as it is in the pod: the template, with the token that is there
// now.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace falconer::agent {

/// Puts the token wherever its placeholder stands. Errors: malformed, for what is no token or for
/// a placeholder without one.
result<std::string> put_token(std::string_view text, const std::optional<secret>& token);

/// Whole or not at all; readable by its owner. Errors: unavailable.
result<void> write_whole(const std::string& path, std::string_view text);

}  // namespace falconer::agent
