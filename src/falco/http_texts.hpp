// Whether Falcosidekick's HTTP client can do something with an address or a header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace falconer::falco {

/// Where an address stands: a Secret may hold a password in it, as Go's client takes one; what
/// everybody may read may not.
enum class address_place : std::uint8_t { config, secret };

/// Of an absolute http or https URL: empty, or what is wrong with it, "names no host", without a
/// word of the text itself: it may be secret. In a Secret everything that Go's client can use is
/// right, a blank in the path as well. Source: Go, net/url, url.go; falcosecurity/falcosidekick,
/// outputs/client.go.
std::string problem_of_address(std::string_view text, address_place from);
/// ", found 'htps://h/'", behind what is wrong with an address in a config. Empty where it holds an
/// @: what may be a password is not repeated.
std::string found_unless_secret(std::string_view address);

/// Of a name: RFC 9110, 5.6.2, token. Of a value: Go, golang.org/x/net/http/httpguts: no control
/// character but a tab. Empty, or what is wrong, "must be a token of HTTP", without the text.
std::string problem_of_header_name(std::string_view text);
std::string problem_of_header_value(std::string_view text);

/// What stands in one line, in a configuration that is UTF-8. As above.
std::string problem_of_text(std::string_view text);

}  // namespace falconer::falco
