// Certificates as the tests need them: those of the Go extension, wrong ones, and both sides of a
// TLS connection through memory.
#pragma once

#include "falconer/falco/certificates.hpp"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace falconer::test {

using namespace std::chrono_literals;
using days = std::chrono::days;

inline constexpr utc_time the_start{std::chrono::seconds{1'767'225'600}};  // 2026-01-01

inline const std::vector<std::string> sidekick_names{
    "falcosidekick", "falcosidekick.kube-system", "falcosidekick.kube-system.svc",
    "falcosidekick.kube-system.svc.cluster", "falcosidekick.kube-system.svc.cluster.local"
};

inline std::string written(const std::function<void(BIO*)>& write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), BIO_free};
    write(out.get());
    char*      at   = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &at);
    return {at, static_cast<std::size_t>(size)};
}

inline std::unique_ptr<X509, decltype(&X509_free)> x509_of(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in{
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free
    };
    return {PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free};
}

inline std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_of(const secret& pem) {
    const auto&                                     text = pem.reveal();
    const std::unique_ptr<BIO, decltype(&BIO_free)> in{
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free
    };
    return {PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

/// A certificate in every detail.
struct recipe {
    std::string              name{};
    utc_time                 from{}, until{};
    bool                     authority = false;
    std::string              usage{};  // extended
    std::vector<std::string> dns_names{};
    unsigned                 rsa_bits = 2048;
    bool                     key_ids  = true;  // which key signed
};

/// As the Go extension makes them: RSA (2048 bits, for speed), PKCS#1, SHA-384. Source: the
/// extension's pkg/secrets; Go's crypto/x509 adds both key identifiers.
inline falco::key_pair bake(const recipe& what, const falco::key_pair* authority = nullptr) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
        EVP_RSA_gen(what.rsa_bits), EVP_PKEY_free
    };
    const std::unique_ptr<X509, decltype(&X509_free)> x{X509_new(), X509_free};
    auto issuer = x509_of(authority ? authority->certificate : "");
    auto signer = key_of(authority ? authority->key : secret{});
    X509_set_version(x.get(), 2);
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial{BN_new(), BN_free};
    BN_rand(serial.get(), 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x.get()));
    ASN1_TIME_set(X509_getm_notBefore(x.get()), std::chrono::system_clock::to_time_t(what.from));
    ASN1_TIME_set(X509_getm_notAfter(x.get()), std::chrono::system_clock::to_time_t(what.until));
    X509_set_pubkey(x.get(), key.get());
    auto* name = X509_get_subject_name(x.get());
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(what.name.c_str()), -1, -1,
        0
    );
    auto* above = issuer ? issuer.get() : x.get();
    X509_set_issuer_name(x.get(), X509_get_subject_name(above));
    X509V3_CTX context{};
    X509V3_set_ctx(&context, above, x.get(), nullptr, nullptr, 0);
    const auto extend = [&](int nid, const std::string& value) {
        auto* made = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
        X509_add_ext(x.get(), made, -1);
        X509_EXTENSION_free(made);
    };
    extend(
        NID_key_usage, what.authority ? "critical,keyCertSign,cRLSign"
                                      : "critical,digitalSignature,keyEncipherment"
    );
    if (!what.usage.empty()) extend(NID_ext_key_usage, what.usage);
    extend(NID_basic_constraints, what.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (what.authority && what.key_ids) extend(NID_subject_key_identifier, "hash");
    if (issuer && what.key_ids) extend(NID_authority_key_identifier, "keyid:always");
    std::string names;
    for (const auto& each : what.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + each;
    if (!names.empty()) extend(NID_subject_alt_name, names);
    X509_sign(x.get(), signer ? signer.get() : key.get(), EVP_sha384());
    return {
        written([&](BIO* to) { PEM_write_bio_X509(to, x.get()); }), secret{written([&](BIO* to) {
            PEM_write_bio_PrivateKey_traditional(
                to, key.get(), nullptr, nullptr, 0, nullptr, nullptr
            );
        })}
    };
}

struct tls_outcome {
    bool        server_accepts = false, client_accepts = false;
    std::string client_error{}, server_error{};

    explicit operator bool() const noexcept { return server_accepts && client_accepts; }
};

/// What one side of mTLS holds.
struct tls_side {
    falco::key_pair leaf{};
    std::string     trust{};  // PEM of one or several authorities
};

/// A TLS handshake, both sides checking the other, at a time of our choosing, and one message each
/// way. Both ends are OpenSSL with its default security level.
inline tls_outcome handshake(
    const tls_side& server, const tls_side& client, utc_time now,
    const char* host = "falcosidekick.kube-system.svc.cluster.local"
) {
    using context_ptr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
    const auto make   = [&](const SSL_METHOD* method, const tls_side& side) {
        context_ptr made{SSL_CTX_new(method), SSL_CTX_free};
        if (!side.leaf.certificate.empty()) {
            SSL_CTX_use_certificate(made.get(), x509_of(side.leaf.certificate).get());
            SSL_CTX_use_PrivateKey(made.get(), key_of(side.leaf.key).get());
        }
        const std::unique_ptr<BIO, decltype(&BIO_free)> in{
            BIO_new_mem_buf(side.trust.data(), static_cast<int>(side.trust.size())), BIO_free
        };
        while (X509* each = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(made.get()), each);
            X509_free(each);
        }
        ERR_clear_error();
        X509_VERIFY_PARAM_set_time(
            SSL_CTX_get0_param(made.get()), std::chrono::system_clock::to_time_t(now)
        );
        SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        return made;
    };
    const auto server_context = make(TLS_server_method(), server);
    const auto client_context = make(TLS_client_method(), client);
    using ssl_ptr             = std::unique_ptr<SSL, decltype(&SSL_free)>;
    const ssl_ptr s{SSL_new(server_context.get()), SSL_free};
    const ssl_ptr c{SSL_new(client_context.get()), SSL_free};
    BIO*          near = nullptr;
    BIO*          far  = nullptr;
    BIO_new_bio_pair(&near, 0, &far, 0);
    SSL_set_bio(s.get(), near, near);
    SSL_set_bio(c.get(), far, far);
    SSL_set_accept_state(s.get());
    SSL_set_connect_state(c.get());
    SSL_set1_host(c.get(), host);
    for (int i = 0; i < 20; ++i) {
        SSL_do_handshake(c.get());
        SSL_do_handshake(s.get());
    }
    tls_outcome out;
    char        heard[4]{};
    // In TLS 1.3 the client is done before the server has judged it: a message each way tells.
    const auto hears = [&](SSL* from, SSL* to) {
        SSL_write(from, "falco", 3);
        return SSL_read(to, heard, 3) == 3;
    };
    out.server_accepts = SSL_is_init_finished(s.get()) && hears(c.get(), s.get());
    out.client_accepts = SSL_is_init_finished(c.get()) && hears(s.get(), c.get());
    out.client_error   = X509_verify_cert_error_string(SSL_get_verify_result(c.get()));
    out.server_error   = X509_verify_cert_error_string(SSL_get_verify_result(s.get()));
    ERR_clear_error();
    return out;
}

}  // namespace falconer::test
