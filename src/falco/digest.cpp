#include "digest.hpp"

#include "falconer/base64.hpp"

#include <openssl/evp.h>

#include <array>

namespace falconer::falco {

std::string sha256_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned                                   size = 0;
    EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr);
    return hex_text({reinterpret_cast<const char*>(bytes.data()), size});
}

}  // namespace falconer::falco
