// What an API server says of a request that it did not do.
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace falconer::k8s {

/// A Status object, or whatever else came with a code that is no success. Source: meta/v1, Status;
/// apimachinery, pkg/api/errors.
failure failure_of(unsigned http_status, const value& status);
failure failure_of(const net::http_response& answer);

/// How long the server asks to be left alone: Retry-After, or the Status' own word.
std::optional<std::chrono::seconds> retry_after(const net::http_response& answer);

}  // namespace falconer::k8s
