// The DER of P-256 keys. Its form never changes, and OpenSSL 3.0 takes a quarter of a millisecond
// to find the encoder for it, each time.
#pragma once

#include "x509.hpp"

namespace falconer::falco {

/// A new key. Null: OpenSSL has none to give.
key_ptr make_p256_key();

/// Makes `key` the certificate's. Such a certificate can be signed and written, but not be verified
/// with before it has been read again: OpenSSL does not look at the key again that it was given so.
/// Source of the form: RFC 5480 §2. False: `key` is not of P-256.
bool give_p256_key(X509* to, EVP_PKEY* key);

/// PKCS#8 in PEM, byte by byte as PEM_write_bio_PKCS8PrivateKey() writes it. Source of the form:
/// RFC 5208 §5, RFC 5915 §3. Empty: `key` is not of P-256.
secret p256_pem_of(EVP_PKEY* key);

}  // namespace falconer::falco
