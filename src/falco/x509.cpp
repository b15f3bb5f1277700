#include "x509.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <ctime>

namespace falconer::falco {
namespace {

using std::chrono::seconds;

bio_ptr reader_of(std::string_view text) {
    if (text.size() > INT_MAX) return {};
    return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Without it OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

template <class Write>
std::string written(Write&& write) {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    if (!out || write(out.get()) != 1) return {};
    char*      at   = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &at);
    return {at, static_cast<std::size_t>(size)};
}

}  // namespace

x509_ptr parse_certificate(std::string_view pem) {
    const auto in = reader_of(pem);
    x509_ptr   found{in ? PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr) : nullptr};
    ERR_clear_error();
    return found;
}

key_ptr parse_key(std::string_view pem) {
    const auto in = reader_of(pem);
    key_ptr    found{
        in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr
    };
    ERR_clear_error();
    return found;
}

std::string pem_of(X509* what) {
    return written([&](BIO* out) { return PEM_write_bio_X509(out, what); });
}

secret pem_of(EVP_PKEY* what) {
    return secret{written([&](BIO* out) {
        return PEM_write_bio_PKCS8PrivateKey(out, what, nullptr, nullptr, 0, nullptr, nullptr);
    })};
}

utc_time utc_of(const ASN1_TIME* when) {
    constexpr std::int64_t last = 9'000'000'000;  // in 2255; system_clock's nanoseconds end in 2262
    std::tm                parts{};
    if (ASN1_TIME_to_tm(when, &parts) != 1) return {};
    const std::int64_t since_1970 = ::timegm(&parts);
    return utc_time{seconds{std::clamp(since_1970, -last, last)}};
}

std::vector<std::string> dns_names_of(X509* what) {
    using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;
    const names_ptr all{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(what, NID_subject_alt_name, nullptr, nullptr))
    };
    std::vector<std::string> found;
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(all.get(), i);
        if (name->type != GEN_DNS) continue;
        const auto* text = name->d.dNSName;
        found.emplace_back(
            reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))
        );
    }
    return found;
}

}  // namespace falconer::falco
