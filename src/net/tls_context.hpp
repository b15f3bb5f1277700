// Certificates and keys from files, for both ends of TLS; re-read when they change.
#pragma once

#include "byte_stream.hpp"
#include "falconer/result.hpp"
#include "falconer/time_source.hpp"
#include "tcp_stream.hpp"

#include <asio/ssl/context.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace falconer::net {

/// TLS 1.2 and newer, ALPN http/1.1, one stateless ticket per session.
///
/// Lifetime : outlives the streams' creation, not the streams.
/// Threading: the loop thread only.
class tls_server_context {
public:
    enum class client_certificate { none, request, require };  // request: verified if there is one

    struct options {
        std::filesystem::path certificate{};  // PEM: ours, then intermediate ones
        std::filesystem::path key{};          // PEM, without a passphrase
        std::filesystem::path client_ca{};    // PEM; needed unless `ask` is none
        client_certificate    ask = client_certificate::none;
    };

    /// Errors: not_found, denied (files); malformed (contents, a key that does not belong to the
    /// certificate, an expired certificate). Each names the file.
    static result<std::unique_ptr<tls_server_context>> load(options which, utc_time now);

    /// Takes what the files hold now, if they have changed. True: they had. New connections use the
    /// new pair. Errors: as load; the old pair stays in use, and the same files are not complained
    /// of again.
    result<bool> reload(utc_time now);

    /// Reloads every so often, and tells `heard` of every change and every failure.
    task<void> watch(
        time_source& time, std::chrono::seconds every,
        std::function<void(const result<bool>&)> heard
    );

    /// With the pair of this moment: `server.run([&](auto s) { return context.wrap(std::move(s));
    /// })`
    std::unique_ptr<byte_stream> wrap(tcp_socket socket);

    utc_time expires() const noexcept { return expires_; }

private:
    using stamp = std::vector<std::string>;  // changes when one of the files does

    explicit tls_server_context(options which) : which_(std::move(which)) {}
    stamp        look() const;
    result<void> take(utc_time now);

    options                             which_;
    stamp                               seen_{};
    std::unique_ptr<asio::ssl::context> now_{};
    utc_time                            expires_{};
};

/// Files, or the PEM itself.
struct tls_client_options {
    std::filesystem::path ca{};           // PEM; empty: what the system trusts
    std::filesystem::path certificate{};  // PEM; empty: none is shown
    std::filesystem::path key{};
    bool                  anybody = false;  // whoever answers is believed
};

/// When the first certificate of a file ends. Errors: as tls_server_context::load.
result<utc_time> certificate_end(const std::filesystem::path& file);

/// What a client shows, and whom it believes. For tls_client_stream, which checks the name.
///
/// Threading: the loop thread only.
class tls_client_context {
public:
    /// Errors: as tls_server_context::load.
    static result<std::unique_ptr<tls_client_context>> load(tls_client_options which, utc_time now);

    /// As tls_server_context::reload: a CA or a certificate that has been renewed counts for new
    /// connections.
    result<bool> reload(utc_time now);

    /// Of this moment. Streams that were made with an older one go on with it.
    asio::ssl::context& now() noexcept { return *now_; }

private:
    using stamp = std::vector<std::string>;

    explicit tls_client_context(tls_client_options which) : which_(std::move(which)) {}
    stamp        look() const;
    result<void> take(utc_time now);

    tls_client_options                  which_;
    stamp                               seen_{};
    std::unique_ptr<asio::ssl::context> now_{};
};

}  // namespace falconer::net
