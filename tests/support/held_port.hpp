// A port of 127.0.0.1 that nobody else is given, and where nobody listens.
#pragma once

#include <asio/ip/tcp.hpp>

namespace falconer::test {

/// Bound, not listening: who connects is refused, for as long as this lives. A server may listen on
/// it meanwhile (both say SO_REUSEADDR), and when that has gone, who connects is refused again. A
/// port that was closed is anybody's: another program may be given it and listen there.
class held_port {
public:
    explicit held_port(asio::io_context& loop) : socket_(loop, asio::ip::tcp::v4()) {
        socket_.set_option(asio::socket_base::reuse_address(true));
        socket_.bind({asio::ip::address_v4::loopback(), 0});
    }
    asio::ip::tcp::endpoint where() const { return socket_.local_endpoint(); }
    unsigned short          port() const { return where().port(); }

private:
    asio::ip::tcp::socket socket_;
};

}  // namespace falconer::test
