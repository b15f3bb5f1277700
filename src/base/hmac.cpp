#include "falconer/hmac.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace falconer {

std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::string_view of) {
    std::array<std::uint8_t, 32> digest{};
    // OpenSSL takes a null pointer for "the key of before": an empty view may hold one.
    const auto* bytes = key.empty() ? "" : key.data();
    HMAC(
        EVP_sha256(), bytes, static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(of.data()), of.size(), digest.data(), nullptr
    );
    return digest;
}

}  // namespace falconer
