#include "falconer/net/token_keys.hpp"

#include "base64url.hpp"
#include "falconer/spelling.hpp"
#include "falconer/strict_yaml.hpp"
#include "json_leaves.hpp"
#include "key_time.hpp"
#include "pem_blocks.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>

namespace falconer::net {
namespace {

struct freed {
    void operator()(BIO* x) const noexcept { BIO_free(x); }
    void operator()(BIGNUM* x) const noexcept { BN_free(x); }
    void operator()(EVP_MD* x) const noexcept { EVP_MD_free(x); }
    void operator()(EVP_MD_CTX* x) const noexcept { EVP_MD_CTX_free(x); }
    void operator()(EVP_PKEY* x) const noexcept { EVP_PKEY_free(x); }
    void operator()(EVP_PKEY_CTX* x) const noexcept { EVP_PKEY_CTX_free(x); }
    void operator()(OSSL_DECODER_CTX* x) const noexcept { OSSL_DECODER_CTX_free(x); }
    void operator()(OSSL_ENCODER_CTX* x) const noexcept { OSSL_ENCODER_CTX_free(x); }
    void operator()(OSSL_PARAM* x) const noexcept { OSSL_PARAM_free(x); }
    void operator()(OSSL_PARAM_BLD* x) const noexcept { OSSL_PARAM_BLD_free(x); }
};
template <class T>
using owned = std::unique_ptr<T, freed>;

constexpr int  least_bits        = 2048;
constexpr int  most_bits         = 8192;  // larger ones cost too much per look
constexpr auto largest_key_files = std::size_t{1} << 20;

const EVP_MD* sha256() {
    static const owned<EVP_MD> fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    return fetched.get();
}

EVP_PKEY* raw(const std::shared_ptr<void>& key) {
    return static_cast<EVP_PKEY*>(key.get());
}

std::string sha256_of(std::string_view text) {
    std::array<unsigned char, 32> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, sha256(), nullptr);
    return {digest.begin(), digest.end()};
}

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// A parameter of a key as base64url of its big-endian bytes. Source: RFC 7518 §6.3.1
std::string parameter(EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return {};
    const owned<BIGNUM> guard{number};
    std::string         out(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
    return to_base64url(out);
}

std::string encoded(EVP_PKEY* key, int selection, const char* structure) {
    const owned<OSSL_ENCODER_CTX> out{
        OSSL_ENCODER_CTX_new_for_pkey(key, selection, "PEM", structure, nullptr)
    };
    unsigned char* text = nullptr;
    std::size_t    size = 0;
    if (!out || OSSL_ENCODER_to_data(out.get(), &text, &size) != 1) return {};
    std::string pem(reinterpret_cast<const char*>(text), size);
    OPENSSL_clear_free(text, size);
    return pem;
}

/// Why a key will not do; nothing when it will.
std::optional<std::string> objection(EVP_PKEY* key) {
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return "is not an RSA key";
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < least_bits || bits > most_bits)
        return "is an RSA key of " + std::to_string(bits) + " bits; 2048 to 8192 are accepted";
    // Such as an exponent of 1, with which everybody can sign.
    const owned<EVP_PKEY_CTX> check{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
    const bool                possible = EVP_PKEY_public_check(check.get()) == 1;
    ERR_clear_error();
    if (!possible) return "is damaged: its numbers make no RSA key";
    return std::nullopt;
}

owned<BIO> reading(std::string_view text) {
    return owned<BIO>{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

int no_passphrase(char*, int, int, void*) {
    return -1;
}

}  // namespace

/// Makes public keys from what OpenSSL holds.
struct key_maker {
    static public_key make(owned<EVP_PKEY> key, std::string kid = {}) {
        public_key made;
        const auto e = parameter(key.get(), OSSL_PKEY_PARAM_RSA_E);
        const auto n = parameter(key.get(), OSSL_PKEY_PARAM_RSA_N);
        // The members in this order, without blanks. Source: RFC 7638 §3.2
        made.thumbprint_ =
            to_base64url(sha256_of(R"({"e":")" + e + R"(","kty":"RSA","n":")" + n + "\"}"));
        made.kid_ = kid.empty() ? made.thumbprint_ : std::move(kid);
        made.key_ = std::shared_ptr<void>(key.release(), [](void* x) {
            EVP_PKEY_free(static_cast<EVP_PKEY*>(x));
        });
        return made;
    }

    /// Errors: why the block is no key of ours, without its place.
    static result<public_key> from_pem(const pem_block& block) {
        const auto no = [](std::string why) { return failure{errc::malformed, std::move(why)}; };
        if (block.label.ends_with("PRIVATE KEY"))
            return no(
                "holds a private key; public keys belong here (falconer token keys --key FILE "
                "makes them)"
            );
        if (block.label.ends_with("CERTIFICATE"))
            return no(
                "holds a certificate; a public key is expected (openssl x509 -pubkey -noout prints "
                "it)"
            );
        if (!block.whole)
            return no("is cut off: -----END " + in_one_line(block.label) + "----- is missing");
        auto key = decoded(block.text);
        if (!key) return no("is no public key in PEM form");
        if (const auto why = objection(key.get())) return no(*why);
        return make(std::move(key));
    }

    static result<public_key> from_numbers(
        const std::string& name, std::string_view n, std::string_view e, std::string kid
    ) {
        const auto no = [&](const std::string& why) {
            return failure{errc::malformed, name + ": " + why};
        };
        const auto modulus  = from_base64url(n);
        const auto exponent = from_base64url(e);
        if (!modulus || !exponent || modulus->empty() || exponent->empty())
            return no("n and e must be base64url");
        if (modulus->size() > most_bits / 8 + 1 || exponent->size() > 8)
            return no("n or e is too long");
        const owned<BIGNUM> big_n{
            BN_bin2bn(bytes(*modulus), static_cast<int>(modulus->size()), nullptr)
        };
        const owned<BIGNUM> big_e{
            BN_bin2bn(bytes(*exponent), static_cast<int>(exponent->size()), nullptr)
        };
        const owned<OSSL_PARAM_BLD> builder{OSSL_PARAM_BLD_new()};
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, big_n.get());
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, big_e.get());
        const owned<OSSL_PARAM>   parameters{OSSL_PARAM_BLD_to_param(builder.get())};
        const owned<EVP_PKEY_CTX> context{EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr)};
        EVP_PKEY*                 key = nullptr;
        EVP_PKEY_fromdata_init(context.get());
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
        owned<EVP_PKEY> mine{key};
        ERR_clear_error();
        if (!mine) return no("n and e make no key");
        if (const auto why = objection(mine.get())) return no(*why);
        return make(std::move(mine), std::move(kid));
    }

private:
    /// PKIX ("PUBLIC KEY") or PKCS#1 ("RSA PUBLIC KEY").
    static owned<EVP_PKEY> decoded(std::string_view pem) {
        EVP_PKEY*                     key = nullptr;
        const owned<OSSL_DECODER_CTX> how{OSSL_DECODER_CTX_new_for_pkey(
            &key, "PEM", nullptr, nullptr, EVP_PKEY_PUBLIC_KEY, nullptr, nullptr
        )};
        const auto*                   from = bytes(pem);
        std::size_t                   size = pem.size();
        OSSL_DECODER_CTX_set_pem_password_cb(how.get(), no_passphrase, nullptr);
        OSSL_DECODER_from_data(how.get(), &from, &size);
        ERR_clear_error();
        return owned<EVP_PKEY>{key};
    }
};

bool public_key::verifies(std::string_view text, std::string_view signature) const {
    const owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
    const bool              good =
        EVP_DigestVerifyInit(context.get(), nullptr, sha256(), nullptr, raw(key_)) == 1 &&
        EVP_DigestVerify(
            context.get(), bytes(signature), signature.size(), bytes(text), text.size()
        ) == 1;
    ERR_clear_error();
    return good;
}

std::string public_key::pem() const {
    return encoded(raw(key_), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
}
std::string public_key::modulus() const {
    return parameter(raw(key_), OSSL_PKEY_PARAM_RSA_N);
}
std::string public_key::exponent() const {
    return parameter(raw(key_), OSSL_PKEY_PARAM_RSA_E);
}

result<private_key> private_key::parse(std::string_view pem) {
    const auto      in = reading(pem);
    owned<EVP_PKEY> key{PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr)};
    ERR_clear_error();
    if (!key) return failure{errc::malformed, "no private key in PEM form without a passphrase"};
    if (const auto why = objection(key.get())) return failure{errc::malformed, "the key " + *why};
    private_key made;
    made.public_ = key_maker::make(std::move(key));
    return made;
}

result<private_key> private_key::generate(unsigned bits) {
    if (bits != 2048 && bits != 3072 && bits != 4096)
        return failure{errc::malformed, "an RSA key has 2048, 3072 or 4096 bits"};
    owned<EVP_PKEY> key{EVP_RSA_gen(bits)};
    if (!key) return failure{errc::broken, "OpenSSL made no key"};
    private_key made;
    made.public_ = key_maker::make(std::move(key));
    return made;
}

std::string private_key::sign(std::string_view text) const {
    const owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
    std::size_t             size = 0;
    EVP_DigestSignInit(context.get(), nullptr, sha256(), nullptr, raw(public_.key_));
    EVP_DigestSign(context.get(), nullptr, &size, bytes(text), text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(
        context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes(text),
        text.size()
    );
    signature.resize(size);
    return signature;
}

secret private_key::pem() const {
    return secret{encoded(raw(public_.key_), EVP_PKEY_KEYPAIR, "type-specific")};
}

namespace {

/// How a line of a text is called.
using line_name = std::function<std::string(int line)>;

/// All keys of a text, in its order. What is no key is named, all of it at once.
result<std::vector<public_key>> keys_in(const pem_blocks& pem, const line_name& place) {
    std::vector<public_key>    keys;
    std::map<int, std::string> wrong;
    for (const auto line : pem.broken_marks) wrong.emplace(line, "is no mark of a PEM block");
    for (const auto& block : pem.blocks) {
        auto key = key_maker::from_pem(block);
        if (key)
            keys.push_back(std::move(*key));
        else
            wrong.emplace(block.line, key.error().detail);
    }
    if (wrong.empty()) return keys;
    std::string all;
    for (const auto& [line, why] : wrong)
        all += (all.empty() ? "" : "; ") + place(line) + ": " + why;
    return failure{errc::malformed, all};
}

/// Each key once; a file may say the same twice.
std::vector<public_key> without_repetitions(std::vector<public_key> all) {
    std::vector<public_key> keys;
    for (auto& each : all) {
        const bool again = std::ranges::any_of(keys, [&](const public_key& other) {
            return other.thumbprint() == each.thumbprint();
        });
        if (!again) keys.push_back(std::move(each));
    }
    return keys;
}

/// Nothing but PEM blocks: what people try first.
result<std::vector<public_key>> parse_pem_file(const std::string& name, std::string_view text) {
    auto pem = split_pem(text);
    // Explanations are no key, and a key whose first line is misspelt would look like one.
    pem.broken_marks.insert(pem.broken_marks.end(), pem.other_lines.begin(), pem.other_lines.end());
    auto keys = keys_in(pem, [&](int line) { return name + ':' + std::to_string(line); });
    if (!keys) return keys;
    return without_repetitions(std::move(*keys));
}

result<std::vector<public_key>> parse_jwks(const std::string& name, const json_leaves& all) {
    std::vector<public_key> keys;
    for (std::size_t i = 0;; ++i) {
        const auto at    = "keys[" + std::to_string(i) + ']';
        const auto given = [&](const char* member) { return text_at(all, at + '.' + member); };
        if (!all.contains(at)) break;
        const bool ours = given("kty") == "RSA" && given("use").value_or("sig") == "sig" &&
                          given("alg").value_or("RS256") == "RS256";
        if (!ours) continue;
        if (all.contains(at + ".d"))
            return failure{
                errc::malformed, name + ": " + at +
                                     ": holds a private key; public keys belong here (falconer "
                                     "token keys --key FILE --format jwks makes them)"
            };
        auto key = key_maker::from_numbers(
            name + ": " + at, given("n").value_or(""), given("e").value_or(""),
            std::string(given("kid").value_or(""))
        );
        if (!key) return std::move(key).error();
        keys.push_back(std::move(*key));
    }
    if (keys.empty())
        return failure{errc::malformed, name + ": holds no RSA key for signatures (RS256)"};
    return keys;
}

result<std::vector<public_key>> parse_go_keys(const std::string& name, std::string_view text) {
    struct found_key {
        public_key key;
        key_time   created;
    };
    yaml_document          file{name, text};
    auto                   root = file.root();
    std::vector<found_key> found;
    for (const char* which : {"key_1", "key_2"}) {
        if (!root.has(which)) {
            root.leave(which);
            continue;
        }
        auto        entry = root.section(which);
        std::string pem, created;
        entry.read("publicKey", pem);
        const bool dated = entry.has("created") && !entry.is_empty("created");
        if (dated)
            entry.read("created", created);
        else
            entry.leave("created");
        const auto when = parse_key_time(created);
        if (dated && !when)
            entry.complain(
                "created", "expected a time such as 2026-11-20T00:00:00Z, found '" +
                               in_one_line(created) + '\''
            );
        if (pem.empty()) continue;
        const auto place = name + ": " + which + ".publicKey";
        const auto split = split_pem(pem);
        if (split.blocks.empty())
            return failure{errc::malformed, place + ": is no public key in PEM form"};
        auto keys = keys_in(split, [&](int line) {
            return line == 1 ? place : place + ", line " + std::to_string(line) + " of it";
        });
        if (!keys) return std::move(keys).error();
        for (auto& key : *keys) found.push_back({std::move(key), when.value_or(key_time::min())});
    }
    if (const auto problems = file.problems(); !problems.empty())
        return failure{errc::malformed, problems.front()};
    if (found.empty())
        return failure{
            errc::malformed,
            name + ": holds no key: key_1.publicKey is expected, or a JWKS document"
        };
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.created > b.created;
    });
    std::vector<public_key> keys;
    for (auto& each : found) keys.push_back(std::move(each.key));
    return without_repetitions(std::move(keys));
}

}  // namespace

result<std::vector<public_key>> parse_keys(const std::string& name, std::string_view text) {
    const auto blank = text.find_first_not_of(" \t\r\n");
    if (blank == std::string_view::npos)
        return failure{
            errc::malformed, name +
                                 ": is empty; the public keys of the clusters' tokens belong there "
                                 "(falconer token keys --key FILE)"
        };
    if (text.size() > largest_key_files)
        return failure{errc::malformed, name + ": is larger than a mebibyte: no keys file"};
    if (looks_like_pem(text)) return parse_pem_file(name, text);
    if (const auto all = read_json_leaves(text); all && all->contains("keys"))
        return parse_jwks(name, *all);
    return parse_go_keys(name, text);
}

}  // namespace falconer::net
