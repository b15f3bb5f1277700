#include "x509.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
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

/// The last few that were read or made. OpenSSL 3 takes some 200 µs to read a key, and a cluster's
/// plan looks at each of its own several times, one after the other. Kept by their digests, so that
/// no second copy of a key's text lies about.
template <class T, int (*Share)(T*), void (*Free)(T*)>
class lately {
public:
    using owner  = std::unique_ptr<T, freed_by<Free>>;
    using digest = std::array<unsigned char, 32>;  // SHA-256

    static digest digest_of(std::string_view pem) {
        digest made{};
        EVP_Digest(pem.data(), pem.size(), made.data(), nullptr, EVP_sha256(), nullptr);
        return made;
    }
    owner find(const digest& pem) {
        const auto at = std::ranges::find(entries_, pem, &entry::pem);
        if (at == entries_.end() || !at->is) return {};
        Share(at->is.get());
        return owner{at->is.get()};
    }
    void keep(const digest& pem, T* what) {
        if (what == nullptr || Share(what) != 1) return;
        entries_[next_] = {pem, owner{what}};
        next_           = (next_ + 1) % entries_.size();
    }

private:
    struct entry {
        digest pem{};
        owner  is{};
    };
    std::array<entry, 16> entries_{};  // two clusters' worth
    std::size_t           next_ = 0;
};

std::string bytes_of(const ASN1_STRING* text) {
    return {
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
        static_cast<std::size_t>(ASN1_STRING_length(text))
    };
}

std::string ip_text(const std::string& bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int                          family = bytes.size() == 4 ? AF_INET : AF_INET6;
    const bool                         is_one = bytes.size() == 4 || bytes.size() == 16;
    if (!is_one || ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr)
        return {};
    return text.data();
}

thread_local lately<X509, X509_up_ref, X509_free>             certificates_lately;
thread_local lately<EVP_PKEY, EVP_PKEY_up_ref, EVP_PKEY_free> keys_lately;

}  // namespace

x509_ptr parse_certificate(std::string_view pem) {
    const auto digest = certificates_lately.digest_of(pem);
    if (auto found = certificates_lately.find(digest)) return found;
    const auto in = reader_of(pem);
    x509_ptr   read{in ? PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr) : nullptr};
    ERR_clear_error();
    certificates_lately.keep(digest, read.get());
    return read;
}

key_ptr parse_key(std::string_view pem) {
    const auto digest = keys_lately.digest_of(pem);
    if (auto found = keys_lately.find(digest)) return found;
    const auto in = reader_of(pem);
    key_ptr read{in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr};
    ERR_clear_error();
    keys_lately.keep(digest, read.get());
    return read;
}

std::string pem_of(X509* what) {
    return written([&](BIO* out) { return PEM_write_bio_X509(out, what); });
}

secret pem_of(PKCS8_PRIV_KEY_INFO* what, EVP_PKEY* key) {
    secret pem{written([&](BIO* out) { return PEM_write_bio_PKCS8_PRIV_KEY_INFO(out, what); })};
    if (!pem.empty()) keys_lately.keep(keys_lately.digest_of(pem.reveal()), key);
    return pem;
}

utc_time utc_of(const ASN1_TIME* when) {
    constexpr std::int64_t last = 9'000'000'000;  // in 2255; system_clock's nanoseconds end in 2262
    std::tm                parts{};
    if (ASN1_TIME_to_tm(when, &parts) != 1) return {};
    const std::int64_t since_1970 = ::timegm(&parts);
    return utc_time{seconds{std::clamp(since_1970, -last, last)}};
}

std::vector<std::string> alternative_names_of(X509* what) {
    using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;
    const names_ptr all{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(what, NID_subject_alt_name, nullptr, nullptr))
    };
    std::vector<std::string> found;
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(all.get(), i);
        if (name->type == GEN_DNS) found.push_back(bytes_of(name->d.dNSName));
        if (name->type == GEN_IPADD) found.push_back(ip_text(bytes_of(name->d.iPAddress)));
    }
    return found;
}

std::optional<ip_name> ip_name_of(const std::string& text) {
    using bytes_ptr = std::unique_ptr<ASN1_OCTET_STRING, freed_by<ASN1_OCTET_STRING_free>>;
    const bytes_ptr address{a2i_IPADDRESS(text.c_str())};
    ERR_clear_error();
    if (!address) return std::nullopt;
    ip_name made{.bytes = bytes_of(address.get())};
    made.text = ip_text(made.bytes);
    return made;
}

}  // namespace falconer::falco
