// Which addresses may be connected to on behalf of somebody who is not the operator.
#pragma once

#include "falconer/result.hpp"

#include <asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::net {

/// All addresses that begin with the same bits.
struct address_range {
    asio::ip::address first{};
    unsigned          bits = 0;  // how many count

    /// An IPv4 address is in no IPv6 range, nor the other way round.
    bool holds(const asio::ip::address& one) const noexcept;
};

/// "10.0.0.0/8", "fd00::/8", or an address alone. Bits behind those that count must be zero.
/// Errors: malformed.
result<address_range> parse_address_range(std::string_view text);

/// A tenant may name a receiver, and so make us talk to whatever we can reach: metadata services,
/// other tenants' networks, ourselves. So only addresses of the public internet are connected to,
/// but for what the operator allows. It judges addresses, not names: whoever asks it does so with
/// what a name resolved to, at the moment of connecting.
class address_policy {
public:
    struct options {
        std::vector<address_range> refused{};  // public ones that are ours: the garden's ranges
        std::vector<address_range> allowed{};  // wins over everything else
    };

    explicit address_policy(options opt) : opt_(std::move(opt)) {}

    /// Nothing: it may be connected to. Else what it is: "a loopback address".
    ///
    /// IPv6 addresses that stand for an IPv4 one (mapped; NAT64's well-known prefix) are judged as
    /// that one. Sources: the IANA registries of special-purpose addresses (RFC 6890), RFC 4291,
    /// RFC 6052 §2.1.
    std::optional<std::string> objection(const asio::ip::address& to) const;

private:
    options opt_;
};

}  // namespace falconer::net
