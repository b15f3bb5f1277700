// Reads the target's URL and refuses everything that is not loopback.
#include "target.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace falconer::load {

namespace {

[[noreturn]] void refuse(std::string_view url, const char* why) {
    throw std::runtime_error("--url " + std::string(url) + ": " + why);
}

bool read_address(const std::string& host, std::uint16_t port, target& out) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.address);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.address);
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family   = AF_INET;
        v4->sin_port     = htons(port);
        out.address_size = sizeof(sockaddr_in);
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family  = AF_INET6;
        v6->sin6_port    = htons(port);
        out.address_size = sizeof(sockaddr_in6);
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    }
    return false;
}

}  // namespace

target parse_target(std::string_view url) {
    target           out;
    std::string_view rest = url;
    if (rest.starts_with("https://")) {
        out.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        refuse(url, "must begin with http:// or https://");
    }
    const auto slash = rest.find('/');
    if (slash != rest.npos) out.path = rest.substr(slash);
    std::string_view authority = rest.substr(0, slash);
    const auto       colon     = authority.rfind(':');
    if (colon == authority.npos || authority.ends_with(']')) refuse(url, "has no port");
    const auto    digits = authority.substr(colon + 1);
    std::uint16_t port   = 0;
    const auto    read   = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || port == 0) {
        refuse(url, "has no valid port");
    }
    std::string_view host = authority.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    out.host = host == "localhost" ? "127.0.0.1" : std::string(host);
    if (!read_address(out.host, port, out)) refuse(url, "is not an address of this machine");
    return out;
}

}  // namespace falconer::load
