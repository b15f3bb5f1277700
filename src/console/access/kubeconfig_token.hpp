// The token in a kubeconfig that somebody shows.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"

#include <string_view>

namespace falconer::console {

/// Of the user of its current context. Nothing it names is read or run here.
/// Errors: malformed, in a sentence for whoever showed it. Source: kubernetes.io, "kubeconfig
/// (v1)".
result<secret> kubeconfig_token(std::string_view text);

}  // namespace falconer::console
