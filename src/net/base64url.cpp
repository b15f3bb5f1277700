#include "base64url.hpp"

#include <cstdint>

namespace falconer::net {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-') return 62;
    return c == '_' ? 63 : -1;
}

}  // namespace

std::string to_base64url(std::string_view bytes) {
    std::string   out;
    std::uint32_t bits  = 0;
    int           count = 0;
    for (const char c : bytes) {
        bits   = bits << 8 | static_cast<unsigned char>(c);
        count += 8;
        while (count >= 6) out += letters[bits >> (count -= 6) & 63];
    }
    if (count > 0) out += letters[bits << (6 - count) & 63];
    return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string   out;
    std::uint32_t bits  = 0;
    int           count = 0;
    out.reserve(text.size() * 3 / 4);
    for (const char c : text) {
        const int value = value_of(c);
        if (value < 0) return std::nullopt;
        bits   = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xFF);
    }
    if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace falconer::net
