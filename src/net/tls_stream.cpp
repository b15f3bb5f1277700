// TLS over a non-blocking socket, without buffers of our own: OpenSSL reads from and writes to the
// socket itself, and an idle connection holds next to nothing.
#include "tcp_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <asio/ip/address.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace falconer::net {
namespace {

struct ssl_free {
    void operator()(SSL* one) const noexcept { SSL_free(one); }
};

/// What OpenSSL's own socket BIO does, but a broken connection raises no SIGPIPE, and whether the
/// socket has been read empty is remembered, which saves asking it again.
struct wire {
    int  socket = -1;
    bool empty  = true;
};

wire& wire_of(BIO* bio) {
    return *static_cast<wire*>(BIO_get_data(bio));
}

bool try_later() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int wire_read(BIO* bio, char* into, int size) {
    auto& here = wire_of(bio);
    BIO_clear_retry_flags(bio);
    const auto got = ::recv(here.socket, into, static_cast<std::size_t>(size), 0);
    here.empty     = got < size;
    if (got < 0 && try_later()) BIO_set_retry_read(bio);
    if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(got);
}

int wire_write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    const auto put =
        ::send(wire_of(bio).socket, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (put < 0 && try_later()) BIO_set_retry_write(bio);
    return static_cast<int>(put);
}

long wire_control(BIO* bio, int what, long, void*) {
    if (what == BIO_CTRL_FLUSH) return 1;
    if (what == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return 0;
}

const BIO_METHOD* wire_method() {
    static BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        BIO_meth_set_read(made, wire_read);
        BIO_meth_set_write(made, wire_write);
        BIO_meth_set_ctrl(made, wire_control);
        return made;
    }();
    return method;
}

class tls_stream : public byte_stream {
public:
    enum class side { server, client };

    tls_stream(tcp_socket socket, SSL_CTX* context, side which)
        : socket_(std::move(socket)), ssl_(SSL_new(context)) {
        std::error_code ignored;
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        socket_.native_non_blocking(true, ignored);
        wire_.socket = socket_.native_handle();

        auto* bio = BIO_new(wire_method());
        BIO_set_data(bio, &wire_);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_.get(), bio, bio);
        SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
        SSL_set_read_ahead(ssl_.get(), 1);  // a record in one read, not header and rest
        if (which == side::server)
            SSL_set_accept_state(ssl_.get());
        else
            SSL_set_connect_state(ssl_.get());
    }

    void expect_server(const std::string& name, server_check check) {
        std::error_code not_an_address;
        asio::ip::make_address(name, not_an_address);
        if (not_an_address) SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
        if (check == server_check::none) {
            SSL_set_verify(ssl_.get(), SSL_VERIFY_NONE, nullptr);
            return;
        }
        auto* rules = SSL_get0_param(ssl_.get());
        if (not_an_address) {
            X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size());
            X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        } else {
            X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str());
        }
        SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
    }

    task<result<void>> open() override {
        for (;;) {
            ERR_clear_error();
            const int done = SSL_do_handshake(ssl_.get());
            if (done == 1) co_return result<void>{};
            auto wait = co_await until_ready(done, "TLS handshake");
            if (!wait) co_return std::move(wait).error();
        }
    }

    task<result<void>> wait_readable() override {
        if (SSL_has_pending(ssl_.get()) != 0 || !wire_.empty) co_return result<void>{};
        co_return co_await wait_for(tcp_socket::wait_read, "waiting");
    }

    task<result<std::size_t>> read_some(std::span<char> into) override {
        if (SSL_has_pending(ssl_.get()) == 0 && wire_.empty) {
            auto wait = co_await wait_for(tcp_socket::wait_read, "reading");
            if (!wait) co_return std::move(wait).error();
        }
        for (;;) {
            ERR_clear_error();
            std::size_t size = 0;
            const int   done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
            if (done == 1) co_return size;
            if (SSL_get_error(ssl_.get(), done) == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
            auto wait = co_await until_ready(done, "reading");
            if (!wait) co_return std::move(wait).error();
        }
    }

    task<result<void>> write_all(std::string_view bytes) override {
        while (!bytes.empty()) {
            ERR_clear_error();
            std::size_t size = 0;
            const int   done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
            if (done == 1) {
                bytes.remove_prefix(size);
                continue;
            }
            auto wait = co_await until_ready(done, "writing");
            if (!wait) co_return std::move(wait).error();
        }
        co_return result<void>{};
    }

    task<void> finish() override {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());  // our close_notify; the peer's is for whoever reads on
        std::error_code ignored;
        socket_.shutdown(tcp_socket::shutdown_send, ignored);
        co_return;
    }

    void interrupt() noexcept override {
        interrupted_ = true;
        std::error_code ignored;
        socket_.cancel(ignored);
    }

    bool peer_left() const noexcept override { return hung_up(wire_.socket); }

    void close() noexcept override {
        closed_      = true;
        wire_.socket = -1;  // the number may soon be somebody else's
        std::error_code ignored;
        socket_.close(ignored);
    }

private:
    task<result<void>> wait_for(tcp_socket::wait_type what, std::string_view doing) {
        interrupted_ = false;
        if (closed_) co_return failure{errc::unavailable, "closed"};
        auto [ec] = co_await socket_.async_wait(what, no_throw);
        if (closed_) co_return failure{errc::unavailable, "closed"};
        if (ec && std::exchange(interrupted_, false))
            co_return failure{errc::timed_out, "interrupted"};
        if (ec) co_return failure{errc::unavailable, ec.message()}.while_doing(doing);
        co_return result<void>{};
    }

    /// After `done` from OpenSSL: waits for what it wants, or says what went wrong.
    task<result<void>> until_ready(int done, std::string_view doing) {
        const int why = SSL_get_error(ssl_.get(), done);
        if (why == SSL_ERROR_WANT_READ) co_return co_await wait_for(tcp_socket::wait_read, doing);
        if (why == SSL_ERROR_WANT_WRITE) co_return co_await wait_for(tcp_socket::wait_write, doing);
        co_return reason(why).while_doing(doing);
    }

    failure reason(int why) const {
        const int lost = errno;
        if (const auto verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
            return {
                errc::unavailable,
                std::string("certificate verify failed: ") + X509_verify_cert_error_string(verdict)
            };
        if (const auto code = ERR_peek_error(); code != 0) {
            const auto* text = ERR_reason_error_string(code);
            return {errc::unavailable, text != nullptr ? text : "TLS error"};
        }
        if (why == SSL_ERROR_SYSCALL && lost != 0)
            return {errc::unavailable, std::system_category().message(lost)};
        return {errc::unavailable, "the peer closed the connection"};
    }

    tcp_socket                     socket_;
    wire                           wire_{};
    std::unique_ptr<SSL, ssl_free> ssl_;
    bool                           closed_      = false;
    bool                           interrupted_ = false;
};

}  // namespace

std::unique_ptr<byte_stream> tls_server_stream(tcp_socket socket, asio::ssl::context& context) {
    return std::make_unique<tls_stream>(
        std::move(socket), context.native_handle(), tls_stream::side::server
    );
}

std::unique_ptr<byte_stream> tls_client_stream(
    tcp_socket socket, asio::ssl::context& context, const std::string& server_name,
    server_check check
) {
    auto stream = std::make_unique<tls_stream>(
        std::move(socket), context.native_handle(), tls_stream::side::client
    );
    stream->expect_server(server_name, check);
    return stream;
}

}  // namespace falconer::net
