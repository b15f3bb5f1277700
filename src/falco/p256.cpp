#include "p256.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace falconer::falco {
namespace {

constexpr std::size_t scalar_bytes = 32;
/// Uncompressed: 4, x, y. Source: SEC 1 §2.3.3
constexpr std::size_t point_bytes = 1 + 2 * scalar_bytes;

using bytes = unsigned char;
using point = std::array<bytes, point_bytes>;

/// ECPrivateKey without its parameters, which stand beside it in PKCS#8: SEQUENCE { INTEGER 1,
/// OCTET STRING scalar, [1] { BIT STRING point } }.
constexpr std::array<bytes, 7> before_scalar{0x30, 0x6B, 0x02, 0x01, 0x01, 0x04, 0x20};
constexpr std::array<bytes, 5> before_point{0xA1, 0x44, 0x03, 0x42, 0x00};
constexpr std::size_t          private_bytes =
    before_scalar.size() + scalar_bytes + before_point.size() + point_bytes;
static_assert(private_bytes == 2 + 0x6B);

/// Memory that OpenSSL's structures take over.
struct openssl_freed {
    void operator()(bytes* what) const noexcept { OPENSSL_clear_free(what, private_bytes); }
};
using buffer = std::unique_ptr<bytes, openssl_freed>;

buffer make_buffer() {
    return buffer{static_cast<bytes*>(OPENSSL_zalloc(private_bytes))};
}

bool read_point(const EVP_PKEY* key, point& into) {
    std::array<char, 32> group{};
    std::size_t          size = 0;
    return EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
           OBJ_sn2nid(group.data()) == NID_X9_62_prime256v1 &&
           EVP_PKEY_get_octet_string_param(
               key, OSSL_PKEY_PARAM_PUB_KEY, into.data(), into.size(), &size
           ) == 1 &&
           size == into.size() && into.front() == 4;
}

bool read_scalar(const EVP_PKEY* key, bytes* into) {
    BIGNUM*    number = nullptr;
    const bool read   = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
                      BN_bn2binpad(number, into, scalar_bytes) == scalar_bytes;
    BN_clear_free(number);
    return read;
}

/// Null: not a private key of P-256.
buffer private_der_of(const EVP_PKEY* key) {
    point of_key{};
    auto  made = make_buffer();
    if (!made || !read_point(key, of_key)) return {};
    auto* scalar = std::ranges::copy(before_scalar, made.get()).out;
    if (!read_scalar(key, scalar)) return {};
    auto* rest = std::ranges::copy(before_point, scalar + scalar_bytes).out;
    std::ranges::copy(of_key, rest);
    return made;
}

}  // namespace

key_ptr make_p256_key() {
    return key_ptr{EVP_EC_gen("P-256")};
}

bool give_p256_key(X509* to, EVP_PKEY* key) {
    point of_key{};
    auto  owned = make_buffer();
    if (!owned || !read_point(key, of_key)) return false;
    std::ranges::copy(of_key, owned.get());
    if (X509_PUBKEY_set0_param(
            X509_get_X509_PUBKEY(to), OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
            OBJ_nid2obj(NID_X9_62_prime256v1), owned.get(), point_bytes
        ) != 1)
        return false;
    static_cast<void>(owned.release());
    return true;
}

secret p256_pem_of(EVP_PKEY* key) {
    using info_ptr     = std::unique_ptr<PKCS8_PRIV_KEY_INFO, freed_by<PKCS8_PRIV_KEY_INFO_free>>;
    auto           der = private_der_of(key);
    const info_ptr info{PKCS8_PRIV_KEY_INFO_new()};
    ERR_clear_error();
    if (!der || !info ||
        PKCS8_pkey_set0(
            info.get(), OBJ_nid2obj(NID_X9_62_id_ecPublicKey), 0, V_ASN1_OBJECT,
            OBJ_nid2obj(NID_X9_62_prime256v1), der.get(), private_bytes
        ) != 1)
        return {};
    static_cast<void>(der.release());
    return pem_of(info.get(), key);
}

}  // namespace falconer::falco
