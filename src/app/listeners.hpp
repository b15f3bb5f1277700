// The addresses that roles listen at: whether they get along, and whether they are free.
#pragma once

#include "configuration.hpp"
#include "falconer/result.hpp"

#include <asio/ip/tcp.hpp>

#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace falconer::app {

struct listener {
    std::string             key{};   // "metrics.listen"
    std::string             name{};  // for people: "metrics port"
    asio::ip::tcp::endpoint at{};
};

/// What a process with these roles listens at, in the order of the example configuration.
std::vector<listener> listeners_of(const configuration& how, const std::set<std::string>& roles);

/// Whether only one of them can be had: the same port, and an address in common. `[::]` takes IPv4
/// as well. Port 0 is another one each time.
bool clash(const asio::ip::tcp::endpoint& one, const asio::ip::tcp::endpoint& other);

/// A problem for each pair that clashes: "f.yaml:9: health.listen: [::]:8080 is …". Those that
/// could not be read are left out.
std::vector<std::string> clashing_listeners(
    const configuration_reading& got, const std::set<std::string>& roles
);

/// Tries, and lets go again. No error: it is free.
std::error_code try_to_listen(const asio::ip::tcp::endpoint& where);

/// Errors: conflict, one sentence for all that are not free, with what to do.
result<void> all_free(const std::vector<listener>& all);

}  // namespace falconer::app
