// Formats of addresses: what names a host, a network, a mailbox, a place.
#pragma once

#include <string>

namespace falconer::sandbox {

/// An absolute one, or a path. Source: Go, net/url, ParseRequestURI.
bool is_request_uri(const std::string& text);
/// One mailbox, with or without a name before it. Source: RFC 5322; Go, net/mail, ParseAddress.
bool is_email(const std::string& text);
bool is_hostname(const std::string& text);
/// Leading zeros do not matter, and one that is written as IPv6 is one, too.
bool is_ipv4(const std::string& text);
bool is_ipv6(const std::string& text);
bool is_cidr(const std::string& text);
/// Of 6, 8 or 20 bytes. Source: Go, net, ParseMAC.
bool is_mac(const std::string& text);

}  // namespace falconer::sandbox
