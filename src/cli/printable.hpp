// Text of strangers on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace falconer::cli {

/// At most so many bytes of it, and nothing that moves a cursor: what an attacker wrote must not.
inline std::string printable(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text.substr(0, most))
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    return out;
}

}  // namespace falconer::cli
