// Bytes as PostgreSQL's hexadecimal digits, and back. Pure.
#pragma once

#include <string>
#include <string_view>

namespace falconer::store {

/// A literal for bytea: '\\x00ff' in quotes.
/// Source: https://www.postgresql.org/docs/15/datatype-binary.html
inline std::string hex_literal(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string           out      = "'\\x";
    out.reserve(2 * bytes.size() + 4);
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out += '\'';
}

/// What encode(…, 'hex') wrote.
inline std::string from_hex(std::string_view hex) {
    const auto  digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
    return bytes;
}

}  // namespace falconer::store
