// One non-blocking connection, plain or TLS.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "target.hpp"

namespace falconer::load {

/// The TLS settings of a run. Throws std::runtime_error if the CA file cannot be used.
class tls_settings {
public:
    /// `ca_file` empty: the server's certificate is not checked.
    explicit tls_settings(const std::string& ca_file);
    SSL* make(const target& to) const;

private:
    struct freed {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, freed> context_{};
    bool                            verify_{false};
};

class channel {
public:
    channel()                          = default;
    channel(const channel&)            = delete;
    channel& operator=(const channel&) = delete;
    ~channel() { close(); }

    /// Begins to connect; the connection is usable when the socket is writable. False: refused at
    /// once.
    bool open(const target& to, const tls_settings* tls);
    void close();
    bool is_open() const { return fd_ >= 0; }
    int  fd() const { return fd_; }

    /// What became of connect(): 0, or errno.
    int connect_error() const;

    /// Bytes moved; 0: it would block; -1: the connection is over.
    long write(std::string_view bytes);
    long read(char* into, std::size_t room);

private:
    long verdict(int returned) const;

    struct freed {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    int                         fd_{-1};
    std::unique_ptr<SSL, freed> ssl_{};
};

}  // namespace falconer::load
