#include "free_port.hpp"

#include "listeners.hpp"

namespace falconer::app {

asio::ip::tcp::endpoint free_near(asio::ip::tcp::endpoint wanted) {
    if (wanted.port() != 0 && !try_to_listen(wanted)) return wanted;
    asio::io_context        scratch;
    std::error_code         wrong;
    asio::ip::tcp::acceptor probe(scratch);
    wanted.port(0);
    probe.open(wanted.protocol(), wrong);
    probe.bind(wanted, wrong);
    const auto found = probe.local_endpoint(wrong);
    return wrong ? wanted : found;  // what is wrong is said when it is listened at
}

}  // namespace falconer::app
