// URLs of registries: a place and what to ask of it.
#pragma once

#include "falconer/net/http_client.hpp"
#include "falconer/result.hpp"

#include <string>
#include <string_view>

namespace falconer::oci {

struct url {
    net::http_place place{};
    std::string     target{};  // path and query; "/" at least

    std::string text() const;
};

/// "https://ghcr.io/v2/?n=1". Without user, fragment and blanks. Errors: malformed.
result<url> parse_url(std::string_view text);

/// Where a redirection leads: an URL, or a path of the same place. Errors: malformed.
result<url> follow(const url& from, std::string_view location);

/// Whether plain HTTP to it stays on this machine.
bool is_loopback(const net::http_place& place);

/// As it stands in a query, whatever it holds. Source: RFC 3986 §2.3.
std::string percent_encoded(std::string_view text);

/// How the place is called in credentials files and messages: host, and port where it is none of
/// the standard ones.
std::string host_of(const net::http_place& place);

}  // namespace falconer::oci
