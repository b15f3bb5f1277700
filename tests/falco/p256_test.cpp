#include "falco/p256.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace falconer::falco {
namespace {

std::string written_by_openssl(EVP_PKEY* key) {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    char*      at   = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &at);
    return {at, static_cast<std::size_t>(size)};
}

TEST(P256, AKeyIsWrittenAsOpensslWritesIt) {
    for (int i = 0; i < 300; ++i) {  // one in 256 begins with a zero
        const auto key = make_p256_key();
        ASSERT_EQ(p256_pem_of(key.get()).reveal(), written_by_openssl(key.get()));
    }
}

TEST(P256, ACertificatesKeyIsWhatOpensslMakesOfIt) {
    const auto     key = make_p256_key();
    const x509_ptr ours{X509_new()}, its{X509_new()};
    ASSERT_TRUE(give_p256_key(ours.get(), key.get()));
    ASSERT_EQ(X509_set_pubkey(its.get(), key.get()), 1);
    const auto der_of = [](X509* what) {
        unsigned char*    der  = nullptr;
        const int         size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(what), &der);
        const std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
        OPENSSL_free(der);
        return text;
    };
    EXPECT_EQ(der_of(ours.get()), der_of(its.get()));
}

TEST(P256, KeysOfOtherKindsAreNone) {
    const x509_ptr to{X509_new()};
    for (const key_ptr& key : {
             key_ptr{EVP_EC_gen("P-384")},
             key_ptr{EVP_RSA_gen(2048)},
             key_ptr{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")},
         }) {
        ASSERT_TRUE(key);
        EXPECT_FALSE(give_p256_key(to.get(), key.get()));
        EXPECT_TRUE(p256_pem_of(key.get()).empty());
    }
}

}  // namespace
}  // namespace falconer::falco
