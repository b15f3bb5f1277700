// Sockets and OpenSSL behind four functions.
#include "channel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <stdexcept>

namespace falconer::load {

tls_settings::tls_settings(const std::string& ca_file)
    : context_(SSL_CTX_new(TLS_client_method())), verify_(!ca_file.empty()) {
    if (!context_) throw std::bad_alloc();
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    // A request is copied before it is retried, so its address may change.
    SSL_CTX_set_mode(
        context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
    );
    if (verify_) {
        if (SSL_CTX_load_verify_file(context_.get(), ca_file.c_str()) != 1) {
            throw std::runtime_error("--ca " + ca_file + ": holds no certificate");
        }
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
}

SSL* tls_settings::make(const target& to) const {
    SSL* ssl = SSL_new(context_.get());
    if (ssl == nullptr) throw std::bad_alloc();
    if (verify_) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), to.host.c_str());
    SSL_set_connect_state(ssl);
    return ssl;
}

bool channel::open(const target& to, const tls_settings* tls) {
    close();
    fd_ = ::socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return false;
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to.address), to.address_size) != 0 &&
        errno != EINPROGRESS) {
        close();
        return false;
    }
    if (tls != nullptr) {
        ssl_.reset(tls->make(to));
        SSL_set_fd(ssl_.get(), fd_);
    }
    return true;
}

void channel::close() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

int channel::connect_error() const {
    int       error = 0;
    socklen_t size  = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

long channel::verdict(int returned) const {
    const int error = SSL_get_error(ssl_.get(), returned);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

long channel::write(std::string_view bytes) {
    if (ssl_) {
        const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        return n > 0 ? n : verdict(n);
    }
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) return n;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

long channel::read(char* into, std::size_t room) {
    if (ssl_) {
        const int n = SSL_read(ssl_.get(), into, static_cast<int>(room));
        return n > 0 ? n : verdict(n);
    }
    const auto n = ::recv(fd_, into, room, 0);
    if (n > 0) return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

}  // namespace falconer::load
