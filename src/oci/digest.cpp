#include "digest.hpp"

#include "falconer/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace falconer::oci {

result<digest> digest::parse(std::string_view text) {
    constexpr std::string_view algorithm = "sha256:";
    constexpr std::size_t      digits    = 64;
    const bool whole = text.size() == algorithm.size() + digits && text.starts_with(algorithm) &&
                       std::ranges::all_of(text.substr(algorithm.size()), [](char c) {
                           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                       });
    if (!whole)
        return failure{
            errc::malformed, "'" + std::string(text.substr(0, 100)) +
                                 "' is no digest; expected sha256: and 64 lower-case hex digits"
        };
    return digest(std::string(text));
}

digest digest::of(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned                                   size = 0;
    EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr);
    return digest("sha256:" + hex_text({reinterpret_cast<const char*>(hash.data()), size}));
}

result<void> verify(std::string_view bytes, const digest& wanted, std::string_view what) {
    const auto found = digest::of(bytes);
    if (found == wanted) return {};
    return failure{
        errc::malformed, std::string(what) + " is " + found.text() + ", not " + wanted.text()
    };
}

}  // namespace falconer::oci
