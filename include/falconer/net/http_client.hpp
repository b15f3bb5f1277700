// Asks HTTP servers.
#pragma once

#include "falconer/net/address_policy.hpp"
#include "falconer/net/http_message.hpp"
#include "falconer/result.hpp"
#include "falconer/task.hpp"
#include "falconer/time_source.hpp"

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace falconer::net {

/// Whom to ask.
struct http_place {
    bool          tls  = false;
    std::string   host = "localhost";  // a name or an address; IPv6 without brackets
    std::uint16_t port = 80;

    auto operator<=>(const http_place&) const = default;
};

/// "https://[::1]:8443": scheme, host and perhaps a port. Errors: malformed, also if a path
/// follows.
result<http_place> parse_place(std::string_view url);

/// Keeps connections and uses them again.
class http_client {
public:
    struct options {
        std::size_t               spare = 64;  // connections kept per place, between requests
        std::chrono::seconds      idle{60};    // … for so long
        std::chrono::milliseconds connect{5000};
        std::chrono::milliseconds answer{30'000};  // the whole exchange, connecting included
        std::uint64_t             body_bytes = 16 * 1024 * 1024;  // of an answer
        // PEM, or the files that hold it; files are read again when they change.
        std::string ca{};           // empty: what the system trusts
        std::string certificate{};  // empty: none is shown
        std::string key{};
        std::string server_name{};    // whom its certificate must name; empty: the host
        bool        anybody = false;  // no certificate is looked at: whoever answers is believed
        /// Which addresses may be connected to; none: all. Redirections are never followed, so that
        /// no answer leads past it.
        std::shared_ptr<const address_policy> policy{};
    };

    virtual ~http_client() = default;

    /// One request, one whole answer, whatever its status. Adds Host where there is none. If a kept
    /// connection turns out to have ended, the request is sent again on a new one, provided that
    /// its method or an Idempotency-Key field says that this is harmless. An answer in gzip, as a
    /// request with Accept-Encoding may get, is unpacked; `body_bytes` counts what it unpacks to.
    ///
    /// Errors : unavailable (the name, the connection, TLS; says which), timed_out, malformed,
    ///          too_large; denied (the policy objects to the address)
    /// Cancel : the connection is closed; the peer may act on the request all the same
    virtual task<result<http_response>> send(http_place to, http_request request) = 0;

    /// Hears a body piece by piece and never suspends; the first piece is empty, and comes when the
    /// answer has begun. False: that is enough.
    using listener = std::function<bool(std::string_view piece)>;

    /// As send(), on a connection of its own, for answers that have no end: the body of an answer
    /// below 300 goes to `hear` as it comes, whatever its length; any other is in the response.
    /// Returns when the body has ended, or `hear` has had enough.
    ///
    /// Errors : as send(); timed_out, when nothing came for `silence`; malformed, when the body was
    /// cut short.
    virtual task<result<http_response>> stream(
        http_place to, http_request request, listener hear, steady_time::duration silence
    ) = 0;
};

/// Errors: those of reading the certificate files.
/// Lifetime: must outlive every send().
result<std::unique_ptr<http_client>> make_http_client(
    asio::any_io_executor loop, time_source& time, http_client::options opt
);

}  // namespace falconer::net
