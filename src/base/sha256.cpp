#include "falconer/sha256.hpp"

#include <openssl/evp.h>

namespace falconer {

std::array<std::uint8_t, 32> sha256(std::string_view of) {
    std::array<std::uint8_t, 32> digest{};
    EVP_Digest(of.data(), of.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return digest;
}

}  // namespace falconer
