// Addresses of other servers, taken apart and put together.
#pragma once

#include "falconer/net/http_client.hpp"
#include "falconer/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::console {

/// "https://login.example.com/auth?x=y": whom to ask, and for what.
struct web_address {
    net::http_place place{};
    std::string     target{};  // "/auth?x=y"; at the least "/"
};
/// Errors: malformed; also plain HTTP to anybody but this machine: what is said there is secret.
result<web_address> parse_web_address(std::string_view url);

using form_fields = std::vector<std::pair<std::string, std::string>>;
/// As a form is sent, and as a query is written. Source: RFC 3986 §2.3 for what stands for itself.
std::string form_text(const form_fields& fields);
std::string escaped(std::string_view text);

}  // namespace falconer::console
