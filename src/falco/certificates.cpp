#include "falconer/falco/certificates.hpp"

#include "lately_made.hpp"
#include "p256.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr std::size_t longest_common_name = 64;  // ub-common-name, RFC 5280 appendix A.1
/// As TLS's security level 2: RSA 2048, P-256, SHA-256.
constexpr int weakest_bits   = 112;
constexpr int security_level = 2;

failure impossible(std::string_view what) {
    ERR_clear_error();
    return {errc::malformed, "making a certificate: " + std::string(what)};
}

/// A name that fits; a long one keeps its beginning and ends in a digest of the whole.
std::string fitting(const std::string& name) {
    if (name.size() <= longest_common_name) return name;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    EVP_Digest(name.data(), name.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    std::string           text = name.substr(0, longest_common_name - 17) + '-';
    constexpr const char* hex  = "0123456789abcdef";
    for (std::size_t i = 0; i < 8; ++i) {
        text += hex[digest[i] >> 4];
        text += hex[digest[i] & 15];
    }
    return text;
}

std::time_t seconds_of(utc_time when) {
    return std::chrono::floor<seconds>(when).time_since_epoch().count();
}

/// 128 random bits, not negative. Source: RFC 5280 §4.1.2.2
bool give_serial(X509* to) {
    const std::unique_ptr<BIGNUM, freed_by<BN_free>> number{BN_new()};
    return number && BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(to)) != nullptr;
}

bool give_name(X509* to, const std::string& name) {
    const auto text = fitting(name);
    return X509_NAME_add_entry_by_txt(
               X509_get_subject_name(to), "CN", MBSTRING_UTF8,
               reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()),
               -1, 0
           ) == 1;
}

/// Authorities that follow each other share the common name. With this their subjects differ, so
/// that nobody takes one for the other, not even for leaves that do not say which key signed them.
bool give_name_of_its_own(X509* to) {
    const std::unique_ptr<BIGNUM, freed_by<BN_free>> number{
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(to), nullptr)
    };
    const std::unique_ptr<char, decltype([](char* text) { OPENSSL_free(text); })> hex{
        number ? BN_bn2hex(number.get()) : nullptr
    };
    return hex && X509_NAME_add_entry_by_NID(
                      X509_get_subject_name(to), NID_serialNumber, MBSTRING_ASC,
                      reinterpret_cast<const unsigned char*>(hex.get()), -1, -1, 0
                  ) == 1;
}

bool give_life(X509* to, std::time_t from, std::time_t until) {
    return from < until && ASN1_TIME_set(X509_getm_notBefore(to), from) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(to), until) != nullptr;
}

bool extend(X509* what, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, what, nullptr, nullptr, 0);
    using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
    const extension_ptr made{X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
    return made && X509_add_ext(what, made.get(), -1) == 1;
}

GENERAL_NAME* name_of(const std::string& name) {
    auto*       entry   = GENERAL_NAME_new();
    const auto  address = ip_name_of(name);
    auto*       text    = address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    const auto& is      = address ? address->bytes : name;
    ASN1_STRING_set(text, is.data(), static_cast<int>(is.size()));
    GENERAL_NAME_set0_value(entry, address ? GEN_IPADD : GEN_DNS, text);
    return entry;
}

/// The names are put in as they are: in the text form that extend() takes a comma would begin
/// another name.
bool give_names(X509* to, const std::vector<std::string>& names) {
    using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;
    const names_ptr all{sk_GENERAL_NAME_new_null()};
    if (!all) return false;
    for (const auto& name : names) sk_GENERAL_NAME_push(all.get(), name_of(name));
    return X509_add1_ext_i2d(to, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

/// RSA authorities of the Go extension sign with SHA-384; P-256 goes with SHA-256.
bool sign(X509* what, EVP_PKEY* key) {
    return X509_sign(what, key, EVP_PKEY_is_a(key, "RSA") ? EVP_sha384() : EVP_sha256()) != 0;
}

struct blank {
    key_ptr  key;
    x509_ptr certificate;
};

/// What authority and leaf have in common: a new key, version 3, a serial number, a name.
blank begin(const std::string& name) {
    blank made{make_p256_key(), x509_ptr{X509_new()}};
    if (!made.key || !made.certificate) return {};
    auto*      x    = made.certificate.get();
    const bool done = X509_set_version(x, X509_VERSION_3) == 1 && give_serial(x) &&
                      give_name(x, name) && give_p256_key(x, made.key.get());
    return done ? std::move(made) : blank{};
}

key_pair finished(const blank& made) {
    return {pem_of(made.certificate.get()), p256_pem_of(made.key.get())};
}

bool is_authority(X509* what) {
    return X509_check_ca(what) == 1 && (X509_get_key_usage(what) & KU_KEY_CERT_SIGN) != 0 &&
           X509_self_signed(what, 1) == 1;
}

bool is_strong(const EVP_PKEY* key) {
    return key && EVP_PKEY_get_security_bits(key) >= weakest_bits;
}

certificate_fault fault_in_time(const certificate_check& is, utc_time now) {
    if (now >= is.valid_until) return certificate_fault::expired;
    if (now < is.valid_from) return certificate_fault::not_yet_valid;
    return certificate_fault::none;
}

certificate_fault fault_in_key(X509* certificate, const secret& key) {
    if (key.empty()) return certificate_fault::key_missing;
    const auto parsed = parse_key(key.reveal());
    if (!is_strong(parsed.get())) return certificate_fault::key_corrupt;
    const bool fits = X509_check_private_key(certificate, parsed.get()) == 1;
    ERR_clear_error();
    return fits ? certificate_fault::none : certificate_fault::key_mismatch;
}

bool has_names(X509* leaf, std::vector<std::string> wanted) {
    auto has = alternative_names_of(leaf);
    for (auto& name : wanted)
        if (const auto address = ip_name_of(name)) name = address->text;
    std::ranges::sort(has);
    std::ranges::sort(wanted);
    return has == wanted;
}

/// As the other side of a TLS connection that trusts nothing but `authority` would do it.
certificate_fault fault_in_chain(X509* leaf, X509* authority, leaf_usage usage, utc_time now) {
    using store_ptr   = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;
    using context_ptr = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;
    const store_ptr   trusted{X509_STORE_new()};
    const context_ptr check{X509_STORE_CTX_new()};
    if (!trusted || !check || X509_STORE_add_cert(trusted.get(), authority) != 1 ||
        X509_STORE_CTX_init(check.get(), trusted.get(), leaf, nullptr) != 1)
        return certificate_fault::wrong_authority;
    auto* how = X509_STORE_CTX_get0_param(check.get());
    X509_VERIFY_PARAM_set_time(how, seconds_of(now));
    X509_VERIFY_PARAM_set_auth_level(how, security_level);
    X509_VERIFY_PARAM_set_purpose(
        how, usage == leaf_usage::server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT
    );
    const bool good = X509_verify_cert(check.get()) == 1;
    const int  why  = X509_STORE_CTX_get_error(check.get());
    ERR_clear_error();
    if (good) return certificate_fault::none;
    switch (why) {
        case X509_V_ERR_INVALID_PURPOSE: return certificate_fault::wrong_usage;
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK: return certificate_fault::corrupt;
        default: return certificate_fault::wrong_authority;
    }
}

/// A cluster's plan looks at what it has just made: that key, signature, names and use fit was
/// settled in the making, and OpenSSL 3 takes a millisecond to find it out again. Only what is made
/// of nothing but our own parts is kept: an authority, and a leaf signed by such a one.
thread_local lately_made made_here;

std::string digest_of_authority(std::string_view certificate, const secret& key) {
    return lately_made::digest_of({"authority", certificate, key.reveal()});
}

std::string digest_of_leaf(
    const key_pair& leaf, std::string_view authority, leaf_usage usage,
    const std::vector<std::string>& names
) {
    std::string all;
    for (const auto& name : names) all += std::to_string(name.size()) + ':' + name;
    return lately_made::digest_of(
        {usage == leaf_usage::server ? "server" : "client", leaf.certificate, leaf.key.reveal(),
         authority, all}
    );
}

lately_made::life life_of(const X509* certificate) {
    return {utc_of(X509_get0_notBefore(certificate)), utc_of(X509_get0_notAfter(certificate))};
}

certificate_check as_made(const lately_made::life& is) {
    return {.fault = certificate_fault::none, .valid_from = is.from, .valid_until = is.until};
}

/// Its times and, as far as it has one, its fault.
certificate_check read_times(X509* certificate, utc_time now) {
    certificate_check is;
    is.valid_from  = utc_of(X509_get0_notBefore(certificate));
    is.valid_until = utc_of(X509_get0_notAfter(certificate));
    is.fault       = fault_in_time(is, now);
    return is;
}

}  // namespace

result<key_pair> make_authority(const authority_request& what) {
    const auto made = begin(what.name);
    if (!made.key) return impossible("the name '" + what.name + "' cannot be one");
    auto* x = made.certificate.get();
    if (!give_life(x, seconds_of(what.now - backdated), seconds_of(what.now + what.lifetime)))
        return impossible("it would not live");
    const bool done =
        give_name_of_its_own(x) && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
        extend(x, x, NID_basic_constraints, "critical,CA:TRUE") &&
        extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        extend(x, x, NID_subject_key_identifier, "hash") &&
        extend(x, x, NID_authority_key_identifier, "keyid:always") && sign(x, made.key.get());
    if (!done) return impossible("OpenSSL refused an authority");
    auto pair = finished(made);
    if (!pair.key.empty())
        made_here.keep(digest_of_authority(pair.certificate, pair.key), life_of(x));
    return pair;
}

result<key_pair> make_leaf(const leaf_request& what, const key_pair& authority) {
    const auto issuer = parse_certificate(authority.certificate);
    const auto signer = parse_key(authority.key.reveal());
    if (!issuer || !signer || X509_check_private_key(issuer.get(), signer.get()) != 1)
        return impossible("the authority cannot sign");
    const auto made = begin(what.name);
    if (!made.key) return impossible("the name '" + what.name + "' cannot be one");
    auto*      x     = made.certificate.get();
    const auto from  = std::max(what.now - backdated, utc_of(X509_get0_notBefore(issuer.get())));
    const auto until = std::min(what.now + what.lifetime, utc_of(X509_get0_notAfter(issuer.get())));
    if (!give_life(x, seconds_of(from), seconds_of(until))) return impossible("it would not live");
    const bool done =
        X509_set_issuer_name(x, X509_get_subject_name(issuer.get())) == 1 &&
        extend(x, x, NID_basic_constraints, "critical,CA:FALSE") &&
        extend(x, x, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
        extend(
            x, x, NID_ext_key_usage, what.usage == leaf_usage::server ? "serverAuth" : "clientAuth"
        ) &&
        extend(x, x, NID_subject_key_identifier, "hash") &&
        (X509_get0_subject_key_id(issuer.get()) == nullptr ||
         extend(x, issuer.get(), NID_authority_key_identifier, "keyid:always")) &&
        give_names(x, what.dns_names) && sign(x, signer.get());
    if (!done) return impossible("OpenSSL refused a leaf");
    auto       pair = finished(made);
    const auto by   = digest_of_authority(authority.certificate, authority.key);
    const bool ours = !pair.key.empty() && !what.dns_names.empty() && made_here.find(by) != nullptr;
    // It begins and ends within its authority's life, so its own is the chain's.
    if (ours)
        made_here.keep(
            digest_of_leaf(pair, authority.certificate, what.usage, what.dns_names), life_of(x)
        );
    return pair;
}

std::string_view text_of(certificate_fault what) noexcept {
    switch (what) {
        case certificate_fault::none: return "is good";
        case certificate_fault::missing: return "is missing";
        case certificate_fault::corrupt: return "is corrupt";
        case certificate_fault::expired: return "has expired";
        case certificate_fault::not_yet_valid: return "is not yet valid";
        case certificate_fault::wrong_names: return "has other names than wanted";
        case certificate_fault::wrong_authority: return "is signed by another authority";
        case certificate_fault::wrong_usage: return "is not for this side of TLS";
        case certificate_fault::key_missing: return "lacks its key";
        case certificate_fault::key_corrupt: return "has a corrupt key";
        case certificate_fault::key_mismatch: return "has another certificate's key";
    }
    return "";
}

certificate_check check_authority(std::string_view certificate, const secret& key, utc_time now) {
    if (certificate.empty()) return {};
    const auto* ours = made_here.find(digest_of_authority(certificate, key));
    if (ours != nullptr && ours->holds(now)) return as_made(*ours);
    const auto parsed = parse_certificate(certificate);
    if (!parsed) return {.fault = certificate_fault::corrupt};
    auto is = read_times(parsed.get(), now);
    if (!is_authority(parsed.get()) || !is_strong(X509_get0_pubkey(parsed.get())))
        is.fault = certificate_fault::corrupt;
    ERR_clear_error();
    if (is) is.fault = fault_in_key(parsed.get(), key);
    return is;
}

certificate_check check_leaf(
    const key_pair& leaf, std::string_view authority, leaf_usage usage,
    const std::vector<std::string>& dns_names, utc_time now
) {
    if (leaf.certificate.empty()) return {};
    const auto* ours = made_here.find(digest_of_leaf(leaf, authority, usage, dns_names));
    if (ours != nullptr && ours->holds(now)) return as_made(*ours);
    const auto parsed = parse_certificate(leaf.certificate);
    if (!parsed) return {.fault = certificate_fault::corrupt};
    auto       is      = read_times(parsed.get(), now);
    const auto trusted = parse_certificate(authority);
    if (is && !has_names(parsed.get(), dns_names)) is.fault = certificate_fault::wrong_names;
    if (is && !trusted) is.fault = certificate_fault::wrong_authority;
    if (is) is.fault = fault_in_chain(parsed.get(), trusted.get(), usage, now);
    if (is) is.fault = fault_in_key(parsed.get(), leaf.key);
    return is;
}

utc_time renewal::due(utc_time from, utc_time until) const noexcept {
    if (until <= from || lifetime <= 0s) return from;
    const auto fraction = std::clamp(
        static_cast<double>(renew_after.count()) / static_cast<double>(lifetime.count()), 0.0, 1.0
    );
    const auto life = std::chrono::duration_cast<seconds>(until - from);
    return from + seconds{std::llround(static_cast<double>(life.count()) * fraction)};
}

}  // namespace falconer::falco
