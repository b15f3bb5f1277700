#include "falconer/net/sealed_box.hpp"

#include "base64url.hpp"
#include "falconer/sha256.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

namespace falconer::net {
namespace {

// Source: NIST SP 800-38D; 96 random bits are good for 2^32 texts under one key.
constexpr int nonce_bytes = 12, tag_bytes = 16;

struct freed {
    void operator()(EVP_CIPHER_CTX* x) const noexcept { EVP_CIPHER_CTX_free(x); }
};
using cipher = std::unique_ptr<EVP_CIPHER_CTX, freed>;

unsigned char* bytes(std::string& text, std::size_t at = 0) {
    return reinterpret_cast<unsigned char*>(text.data()) + at;
}
const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

void fill_with_chance(unsigned char* where, int size) {
    if (RAND_bytes(where, size) != 1) throw std::runtime_error("no random numbers");
}

}  // namespace

sealed_box sealed_box::with_random_key() {
    std::array<std::uint8_t, 32> key{};
    fill_with_chance(key.data(), static_cast<int>(key.size()));
    return sealed_box(key);
}

sealed_box::sealed_box(const secret& key) : key_(sha256(key.reveal())) {}

std::string sealed_box::seal(std::string_view text, std::string_view purpose) const {
    std::string out(nonce_bytes + text.size() + tag_bytes, '\0');
    fill_with_chance(bytes(out), nonce_bytes);
    const cipher with(EVP_CIPHER_CTX_new());
    int          size = 0;
    const bool   good =
        EVP_EncryptInit_ex(with.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes(out)) == 1 &&
        EVP_EncryptUpdate(
            with.get(), nullptr, &size, bytes(purpose), static_cast<int>(purpose.size())
        ) == 1 &&
        EVP_EncryptUpdate(
            with.get(), bytes(out, nonce_bytes), &size, bytes(text), static_cast<int>(text.size())
        ) == 1 &&
        EVP_EncryptFinal_ex(with.get(), bytes(out, nonce_bytes + text.size()), &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(
            with.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, bytes(out, nonce_bytes + text.size())
        ) == 1;
    if (!good) throw std::runtime_error("a text cannot be sealed");
    return to_base64url(out);
}

std::optional<std::string> sealed_box::open(std::string_view sealed, std::string_view purpose)
    const {
    auto whole = from_base64url(sealed);
    if (!whole || whole->size() < nonce_bytes + tag_bytes) return std::nullopt;
    const auto   length = whole->size() - nonce_bytes - tag_bytes;
    std::string  text(length, '\0');
    const cipher with(EVP_CIPHER_CTX_new());
    int          size = 0;
    const bool   good =
        EVP_DecryptInit_ex(with.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes(*whole)) ==
            1 &&
        EVP_DecryptUpdate(
            with.get(), nullptr, &size, bytes(purpose), static_cast<int>(purpose.size())
        ) == 1 &&
        EVP_DecryptUpdate(
            with.get(), bytes(text), &size, bytes(*whole, nonce_bytes), static_cast<int>(length)
        ) == 1 &&
        EVP_CIPHER_CTX_ctrl(
            with.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, bytes(*whole, nonce_bytes + length)
        ) == 1 &&
        EVP_DecryptFinal_ex(with.get(), bytes(text, length), &size) == 1;
    if (!good) return std::nullopt;
    return text;
}

}  // namespace falconer::net
