#include "url.hpp"

#include <asio/ip/address.hpp>

#include <algorithm>

namespace falconer::oci {

std::string host_of(const net::http_place& place) {
    auto text = place.host.find(':') == std::string::npos ? place.host : '[' + place.host + ']';
    if (place.port != (place.tls ? 443 : 80)) text += ':' + std::to_string(place.port);
    return text;
}

std::string url::text() const {
    return (place.tls ? "https://" : "http://") + host_of(place) + target;
}

result<url> parse_url(std::string_view text) {
    const auto scheme = text.find("://");
    const auto end    = scheme == text.npos ? text.npos : text.find_first_of("/?", scheme + 3);
    auto       place  = net::parse_place(text.substr(0, end));
    if (!place) return std::move(place).error();
    url whole{.place = std::move(*place), .target = "/"};
    if (end != text.npos) whole.target = text.substr(end);
    if (whole.target.front() == '?') whole.target.insert(0, 1, '/');
    const bool odd = std::ranges::any_of(whole.target, [](char c) {
        return c <= ' ' || c > '~' || c == '#' || c == '"' || c == '\\';
    });
    if (odd)
        return failure{
            errc::malformed, "the URL of " + host_of(whole.place) + " has characters that none has"
        };
    return whole;
}

result<url> follow(const url& from, std::string_view location) {
    if (location.starts_with("//"))
        return parse_url((from.place.tls ? "https:" : "http:") + std::string(location));
    if (location.starts_with('/')) {
        const auto within = (from.place.tls ? "https://" : "http://") + host_of(from.place);
        return parse_url(within + std::string(location));
    }
    return parse_url(location);
}

bool is_loopback(const net::http_place& place) {
    std::error_code not_one;
    const auto      address = asio::ip::make_address(place.host, not_one);
    return not_one ? place.host == "localhost" : address.is_loopback();
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string                out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte  = static_cast<unsigned char>(c);
        out             += '%';
        out             += digits[byte >> 4];
        out             += digits[byte & 15];
    }
    return out;
}

}  // namespace falconer::oci
