// OpenSSL's certificates and keys with owners, and their PEM.
#pragma once

#include "falconer/log.hpp"
#include "falconer/time_source.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* what) const noexcept {
        Free(what);
    }
};

using bio_ptr  = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using key_ptr  = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;

/// All of them: null, when it is not one. The error queue of OpenSSL is left empty. What they give
/// may be shared with others: it must not be changed.
x509_ptr parse_certificate(std::string_view pem);
key_ptr  parse_key(std::string_view pem);  // never asks for a passphrase

std::string pem_of(X509* what);
/// PKCS#8. `key` is the one in it: parse_key() will know it again.
secret pem_of(PKCS8_PRIV_KEY_INFO* what, EVP_PKEY* key);

/// Cut off to what utc_time can hold.
utc_time utc_of(const ASN1_TIME* when);

/// The DNS names and IP addresses among the alternative names.
std::vector<std::string> alternative_names_of(X509* what);

/// The bytes of an IP address in the only spelling that alternative_names_of() has for them; of
/// anything else: nothing.
struct ip_name {
    std::string bytes{}, text{};
};
std::optional<ip_name> ip_name_of(const std::string& text);

}  // namespace falconer::falco
