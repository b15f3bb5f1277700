// An HTTP server with its TLS, as the roles use it.
#pragma once

#include "falconer/task_scope.hpp"
#include "net/http_server.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <optional>
#include <string>

namespace falconer::app {

/// Lifetime : start() once; stop() before destruction.
class http_endpoint {
public:
    http_endpoint(
        std::string name, asio::any_io_executor loop, time_source& time,
        const net::http_server::options& opt, net::http_handler& handler
    );

    /// Errors: those of listening, and of the certificate's files.
    result<void> start(
        const asio::ip::tcp::endpoint&                         where,
        const std::optional<net::tls_server_context::options>& tls = std::nullopt
    );
    /// The same in steps, for a certificate that comes later: connections wait from listen() until
    /// serve(). Errors: those of listening.
    result<void> listen(const asio::ip::tcp::endpoint& where) { return server_.listen(where); }
    void         serve();
    /// New connections get it from now on; nobody watches it. Errors: of the certificate.
    result<void> present(net::tls_server_context::options certificate);

    /// Reads the certificate's files again.
    void       reload();
    task<void> drain(net::http_server::farewell how) { return server_.drain(how); }
    task<void> stop();

    unsigned short                 port() const { return server_.port(); }
    net::http_server::statistics   counts() const { return server_.counts(); }
    const net::tls_server_context* tls() const { return tls_.get(); }

private:
    void       heard(const result<bool>& changed);
    task<void> watch_its_end();

    std::string                              name_;
    time_source&                             time_;
    net::http_server                         server_;
    std::unique_ptr<net::tls_server_context> tls_;
    task_scope                               scope_;
};

}  // namespace falconer::app
