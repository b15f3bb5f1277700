#include "web_address.hpp"

#include <algorithm>

namespace falconer::console {
namespace {

bool is_of_this_machine(std::string_view host) {
    return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

}  // namespace

result<web_address> parse_web_address(std::string_view url) {
    const auto scheme = url.find("://");
    const auto wrong  = [&](const char* why) {
        return failure{errc::malformed, "'" + std::string(url.substr(0, 200)) + "' " + why};
    };
    if (scheme == url.npos) return wrong("is no address such as https://login.example.com");
    const bool odd = std::ranges::any_of(url, [](char c) { return c <= ' ' || c >= 0x7F; });
    if (odd || url.find_first_of("#@\\") != url.npos)
        return wrong("has something in it that no such address has");
    const auto slash = std::min(url.find_first_of("/?", scheme + 3), url.size());
    auto       place = net::parse_place(url.substr(0, slash));
    if (!place) return std::move(place).error();
    if (!place->tls && !is_of_this_machine(place->host)) return wrong("is no https address");
    web_address made{std::move(*place), std::string(url.substr(slash))};
    if (!made.target.starts_with('/')) made.target.insert(0, "/");
    return made;
}

std::string escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string                out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        const auto byte = static_cast<unsigned char>(c);
        if (plain)
            out += c;
        else
            out.append("%").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return out;
}

std::string form_text(const form_fields& fields) {
    std::string out;
    for (const auto& [name, is] : fields)
        out += (out.empty() ? "" : "&") + escaped(name) + '=' + escaped(is);
    return out;
}

}  // namespace falconer::console
