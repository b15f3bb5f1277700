#include "tls_context.hpp"

#include "falconer/file_stamp.hpp"
#include "falconer/read_file.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>

namespace falconer::net {
namespace {

namespace fs = std::filesystem;

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* one) const noexcept {
        Free(one);
    }
};
using bio_ptr  = std::unique_ptr<BIO, freed_by<BIO_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using key_ptr  = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;

/// PEM itself in the place of the file that holds it: as kubeconfigs have it.
bool is_inline(const fs::path& file) {
    return file.native().starts_with("-----BEGIN");
}
/// For people; a key is not shown.
std::string name_of(const fs::path& file) {
    return is_inline(file) ? "(given as text)" : file.string();
}

failure wrong(std::string_view what, const fs::path& file, std::string_view why) {
    return {errc::malformed, std::string(what) + " " + name_of(file) + " " + std::string(why)};
}

result<std::string> contents_of(std::string_view what, const fs::path& file) {
    if (is_inline(file)) return file.string();
    auto text = falconer::read_file(file);
    if (text) return text;
    return failure{
        text.error().code,
        std::string(what) + " " + file.string() + " cannot be read: " + text.error().detail
    };
}

bio_ptr bio_of(const std::string& text) {
    return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_passphrase(char*, int, int, void*) {
    return -1;
}

result<std::vector<x509_ptr>> read_certificates(std::string_view what, const fs::path& file) {
    auto text = contents_of(what, file);
    if (!text) return std::move(text).error();
    const auto            in = bio_of(*text);
    std::vector<x509_ptr> all;
    ERR_clear_error();
    while (auto* one = PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr))
        all.emplace_back(one);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (all.empty()) return wrong(what, file, "holds no certificate in PEM form");
    if (!at_end) return wrong(what, file, "holds a damaged certificate");
    return all;
}

result<key_ptr> read_key(const fs::path& file) {
    auto text = contents_of("key", file);
    if (!text) return std::move(text).error();
    const auto in = bio_of(*text);
    key_ptr    key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key) return wrong("key", file, "holds no private key in PEM form without a passphrase");
    return key;
}

utc_time end_of(const X509* certificate) {
    std::tm when{};
    ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when);
    return std::chrono::system_clock::from_time_t(timegm(&when));
}

std::string day_of(utc_time when) {
    const auto seconds = std::chrono::system_clock::to_time_t(when);
    std::tm    parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

/// Our own certificate and key go into `context`. Returns when the certificate expires.
result<utc_time> show_as(
    SSL_CTX* context, const fs::path& certificate, const fs::path& key, utc_time now
) {
    auto chain = read_certificates("certificate", certificate);
    if (!chain) return std::move(chain).error();
    auto secret_key = read_key(key);
    if (!secret_key) return std::move(secret_key).error();

    const auto& ours = chain->front();
    const auto  end  = end_of(ours.get());
    if (end <= now) return wrong("certificate", certificate, "expired on " + day_of(end));
    if (X509_check_private_key(ours.get(), secret_key->get()) != 1) {
        ERR_clear_error();
        return wrong("key", key, "does not belong to the certificate " + name_of(certificate));
    }
    bool fine = SSL_CTX_use_certificate(context, ours.get()) == 1 &&
                SSL_CTX_use_PrivateKey(context, secret_key->get()) == 1;
    for (std::size_t i = 1; i < chain->size(); ++i)
        fine = fine && SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) == 1;
    ERR_clear_error();
    if (!fine) return wrong("certificate", certificate, "is too weak or of a kind TLS cannot use");
    return end;
}

result<void> trust(SSL_CTX* context, std::string_view what, const fs::path& file) {
    auto roots = read_certificates(what, file);
    if (!roots) return std::move(roots).error();
    for (const auto& each : *roots)
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get());
    ERR_clear_error();
    return {};
}

constexpr unsigned char http11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered, unsigned int offered_size, void*) {
    unsigned char* choice = nullptr;
    if (SSL_select_next_proto(&choice, size, http11, sizeof http11, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = choice;
    return SSL_TLSEXT_ERR_OK;
}

/// Source: Mozilla's "intermediate" configuration, without the DHE suites.
void harden(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
}

}  // namespace

result<std::unique_ptr<tls_server_context>> tls_server_context::load(options which, utc_time now) {
    std::unique_ptr<tls_server_context> made(new tls_server_context(std::move(which)));
    made->seen_ = made->look();
    auto taken  = made->take(now);
    if (!taken) return std::move(taken).error();
    return made;
}

tls_server_context::stamp tls_server_context::look() const {
    stamp all;
    for (const auto& file : {which_.certificate, which_.key, which_.client_ca})
        all.push_back(file_stamp(file));
    return all;
}

result<void> tls_server_context::take(utc_time now) {
    auto  made    = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    auto* context = made->native_handle();
    harden(context);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    constexpr unsigned char name[] = "falconer";
    SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);

    auto end = show_as(context, which_.certificate, which_.key, now);
    if (!end) return std::move(end).error();
    if (which_.ask != client_certificate::none) {
        auto trusted = trust(context, "client CA", which_.client_ca);
        if (!trusted) return trusted;
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(which_.client_ca.c_str()));
        const int always =
            which_.ask == client_certificate::require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | always, nullptr);
    }
    now_     = std::move(made);
    expires_ = *end;
    return {};
}

result<bool> tls_server_context::reload(utc_time now) {
    auto current = look();
    if (current == seen_) return false;
    seen_      = std::move(current);
    auto taken = take(now);
    if (!taken) return std::move(taken).error().while_doing("keeping the old certificate");
    return true;
}

task<void> tls_server_context::watch(
    time_source& time, std::chrono::seconds every, std::function<void(const result<bool>&)> heard
) {
    const auto clock = time.make_bell();
    for (;;) {
        co_await clock->wait_until(time.now() + every);
        const auto changed = reload(time.utc());
        if (!changed || *changed) heard(changed);
    }
}

std::unique_ptr<byte_stream> tls_server_context::wrap(tcp_socket socket) {
    return tls_server_stream(std::move(socket), *now_);
}

result<utc_time> certificate_end(const std::filesystem::path& file) {
    auto chain = read_certificates("certificate", file);
    if (!chain) return std::move(chain).error();
    return end_of(chain->front().get());
}

result<std::unique_ptr<tls_client_context>> tls_client_context::load(
    tls_client_options which, utc_time now
) {
    std::unique_ptr<tls_client_context> made(new tls_client_context(std::move(which)));
    made->seen_ = made->look();
    auto taken  = made->take(now);
    if (!taken) return std::move(taken).error();
    return made;
}

tls_client_context::stamp tls_client_context::look() const {
    stamp all;
    for (const auto& file : {which_.ca, which_.certificate, which_.key})
        if (!file.empty() && !is_inline(file)) all.push_back(file_stamp(file));
    return all;
}

result<void> tls_client_context::take(utc_time now) {
    auto  made    = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    auto* context = made->native_handle();
    harden(context);
    SSL_CTX_set_alpn_protos(context, http11, sizeof http11);
    SSL_CTX_set_verify(context, which_.anybody ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    if (which_.ca.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else {
        auto trusted = trust(context, "CA", which_.ca);
        if (!trusted) return trusted;
    }
    if (!which_.certificate.empty()) {
        auto shown = show_as(context, which_.certificate, which_.key, now);
        if (!shown) return std::move(shown).error();
    }
    now_ = std::move(made);
    return {};
}

result<bool> tls_client_context::reload(utc_time now) {
    auto current = look();
    if (current == seen_) return false;
    seen_      = std::move(current);
    auto taken = take(now);
    if (!taken) return std::move(taken).error().while_doing("keeping what was read before");
    return true;
}

}  // namespace falconer::net
