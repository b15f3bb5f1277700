#include "falconer/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace falconer {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4, '\0');
    // It ends with a NUL, for which a string has room.
    EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
        static_cast<int>(bytes.size())
    );
    return out;
}

result<std::string> decode_base64(std::string_view text) {
    // OpenSSL also takes blanks around it.
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    if (text.size() % 4 != 0 ||
        !std::ranges::all_of(text.substr(0, text.size() - padding), is_letter))
        return failure{errc::malformed, "not base64"};
    std::string out(text.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(
            reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
            static_cast<int>(text.size())
        ) < 0)
        return failure{errc::malformed, "not base64"};
    if (padding > 0) out.erase(out.size() - padding);
    return out;
}

std::string hex_text(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string                out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

}  // namespace falconer
