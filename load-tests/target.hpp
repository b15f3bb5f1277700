// Where a load may go: this machine, and nowhere else.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace falconer::load {

struct target {
    bool             tls{false};
    std::string      host{};  ///< a numeric address
    std::string      path{"/"};
    sockaddr_storage address{};
    socklen_t        address_size{0};
};

/// Reads `http(s)://ADDRESS:PORT/PATH`. Throws std::runtime_error if it is anything else, or if the
/// address is not a loopback one (127.0.0.0/8, ::1, or the name localhost, taken as 127.0.0.1).
target parse_target(std::string_view url);

}  // namespace falconer::load
