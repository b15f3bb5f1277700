#include "falconer/net/address_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace falconer::net {
namespace {

using asio::ip::address;
using asio::ip::address_v4;

template <std::size_t Size>
bool same_beginning(
    const std::array<unsigned char, Size>& a, const std::array<unsigned char, Size>& b,
    unsigned bits
) noexcept {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin()))
        return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

struct named_range {
    const char* first;
    unsigned    bits;
    const char* what;
};

/// What is not the public internet. Source: IANA IPv4 Special-Purpose Address Registry, RFC 1112
/// §4 (class E), RFC 5771 (multicast).
constexpr std::array special_v4{
    named_range{"0.0.0.0", 8, "an address of this host"},
    named_range{"10.0.0.0", 8, "a private address"},
    named_range{"100.64.0.0", 10, "an address of a carrier's own network"},
    named_range{"127.0.0.0", 8, "a loopback address"},
    named_range{"169.254.0.0", 16, "a link-local address"},
    named_range{"172.16.0.0", 12, "a private address"},
    named_range{"192.0.0.0", 24, "an address with a special purpose"},
    named_range{"192.0.2.0", 24, "an address for documentation"},
    named_range{"192.88.99.0", 24, "an address with a special purpose"},
    named_range{"192.168.0.0", 16, "a private address"},
    named_range{"198.18.0.0", 15, "an address with a special purpose"},
    named_range{"198.51.100.0", 24, "an address for documentation"},
    named_range{"203.0.113.0", 24, "an address for documentation"},
    named_range{"224.0.0.0", 4, "a multicast address"},
    named_range{"240.0.0.0", 4, "a reserved address"},
};

/// Within 2000::/3, the only part that is given out. Source: IANA IPv6 Special-Purpose Address
/// Registry; 2001::/23 holds Teredo, benchmarking and ORCHID; 6to4 leads to any IPv4 address.
constexpr std::array special_v6{
    named_range{"2001::", 23, "an address with a special purpose"},
    named_range{"2001:db8::", 32, "an address for documentation"},
    named_range{"2002::", 16, "an address with a special purpose"},
    named_range{"3fff::", 20, "an address for documentation"},
};

/// Outside of it, for a better word than "reserved".
constexpr std::array other_v6{
    named_range{"::1", 128, "a loopback address"},
    named_range{"fc00::", 7, "a private address"},
    named_range{"fe80::", 10, "a link-local address"},
    named_range{"fec0::", 10, "a private address"},
    named_range{"ff00::", 8, "a multicast address"},
};

template <std::size_t Size>
std::optional<std::string> named(const std::array<named_range, Size>& among, const address& one) {
    for (const auto& each : among) {
        const address_range range{asio::ip::make_address(each.first), each.bits};
        if (range.holds(one)) return each.what;
    }
    return std::nullopt;
}

/// The IPv4 address that an IPv6 one stands for, where it does.
address plain(const address& one) {
    if (!one.is_v6()) return one;
    const auto bytes = one.to_v6().to_bytes();
    const auto last  = address_v4({bytes[12], bytes[13], bytes[14], bytes[15]});
    if (one.to_v6().is_v4_mapped()) return last;
    static constexpr std::array<unsigned char, 12> nat64{0x00, 0x64, 0xff, 0x9b};
    if (std::equal(nat64.begin(), nat64.end(), bytes.begin())) return last;
    return one;
}

bool among(const std::vector<address_range>& ranges, const address& one) {
    return std::ranges::any_of(ranges, [&](const auto& range) { return range.holds(one); });
}

}  // namespace

bool address_range::holds(const asio::ip::address& one) const noexcept {
    if (first.is_v4() != one.is_v4()) return false;
    if (first.is_v4())
        return same_beginning(first.to_v4().to_bytes(), one.to_v4().to_bytes(), bits);
    return same_beginning(first.to_v6().to_bytes(), one.to_v6().to_bytes(), bits);
}

result<address_range> parse_address_range(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return failure{errc::malformed, "'" + std::string(text) + "' " + std::string(why)};
    };
    const auto      slash = text.find('/');
    std::error_code not_one;
    address_range   range;
    range.first = asio::ip::make_address(std::string(text.substr(0, slash)), not_one);
    if (not_one) return bad("is no address");
    if (range.first.is_v6() && range.first.to_v6().scope_id() != 0)
        return bad("names an interface");
    const unsigned most = range.first.is_v4() ? 32 : 128;
    range.bits          = most;
    if (slash != text.npos) {
        const auto  digits    = text.substr(slash + 1);
        const auto* end       = digits.data() + digits.size();
        const auto [stop, ec] = std::from_chars(digits.data(), end, range.bits);
        if (ec != std::errc{} || stop != end || range.bits > most)
            return bad("does not end in a number of bits");
    }
    const auto beyond = [&](const auto& bytes) {
        for (unsigned bit = range.bits; bit < most; ++bit)
            if (((bytes[bit / 8] >> (7 - bit % 8)) & 1) != 0) return true;
        return false;
    };
    const bool more = range.first.is_v4() ? beyond(range.first.to_v4().to_bytes())
                                          : beyond(range.first.to_v6().to_bytes());
    if (more) return bad("has bits behind those that count");
    return range;
}

std::optional<std::string> address_policy::objection(const asio::ip::address& to) const {
    const auto one = plain(to);
    if (among(opt_.allowed, one) || among(opt_.allowed, to)) return std::nullopt;
    if (among(opt_.refused, one) || among(opt_.refused, to))
        return "an address of the landscape itself";
    if (one.is_v4()) return named(special_v4, one);
    static const address_range given_out{asio::ip::make_address("2000::"), 3};
    if (given_out.holds(one)) return named(special_v6, one);
    return named(other_v6, one).value_or("a reserved address");
}

}  // namespace falconer::net
