#pragma once

#include <asio/ip/tcp.hpp>

namespace falconer::app {

/// The address, or a free port of it where that one is taken. Until somebody listens there another
/// program may take it: whoever does, tries again.
asio::ip::tcp::endpoint free_near(asio::ip::tcp::endpoint wanted);

}  // namespace falconer::app
