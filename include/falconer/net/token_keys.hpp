// The RSA keys that tokens are signed with and checked by.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::net {

/// A public RSA key of at least 2048 bits. Copies share it.
class public_key {
public:
    /// Its name: what the document it came from calls it, otherwise its thumbprint.
    const std::string& kid() const noexcept { return kid_; }
    /// RFC 7638: the same key has the same thumbprint everywhere.
    const std::string& thumbprint() const noexcept { return thumbprint_; }

    /// RSASSA-PKCS1-v1_5 with SHA-256. Source: RFC 7518 §3.3
    bool verifies(std::string_view text, std::string_view signature) const;

    std::string pem() const;      // SubjectPublicKeyInfo
    std::string modulus() const;  // base64url, as in a JWKS
    std::string exponent() const;

private:
    friend class private_key;
    friend struct key_maker;
    std::shared_ptr<void> key_;  // EVP_PKEY
    std::string           kid_;
    std::string           thumbprint_;
};

class private_key {
public:
    /// PKCS#1 or PKCS#8 PEM without a passphrase. Errors: malformed.
    static result<private_key> parse(std::string_view pem);
    /// Errors: malformed, unless 2048, 3072 or 4096.
    static result<private_key> generate(unsigned bits);

    const public_key& its_public() const noexcept { return public_; }
    std::string       sign(std::string_view text) const;
    secret            pem() const;  // PKCS#1, which the Go extension reads

private:
    public_key public_;
};

/// The keys of a document: the Go ingestor's keys file (key_1, key_2, each with publicKey as PEM
/// and created), a JWKS (RFC 7517; members that are no RS256 keys for signatures are left out), or
/// PEM blocks one after another (blank lines and comments with # between them). All blocks count,
/// and one that is no key is an error that names its line.
/// The newest first, PEM blocks in their order. Errors: malformed, in a sentence that begins with
/// `name`.
result<std::vector<public_key>> parse_keys(const std::string& name, std::string_view text);

/// As parse_keys() reads them. `created`: RFC 3339.
struct dated_key {
    public_key  key;
    std::string created;
};
std::string go_keys_file(const std::vector<dated_key>& keys);  // one or two
std::string jwks(const std::vector<public_key>& keys);

}  // namespace falconer::net
