#include "listeners.hpp"

#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address_v6.hpp>
#include <asio/ip/v6_only.hpp>

#include <algorithm>

namespace falconer::app {
namespace {

using asio::ip::tcp;

asio::ip::address plain(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return address;
}

/// Whether whoever listens at `all` gets what is meant for `one`, too.
bool takes(const asio::ip::address& all, const asio::ip::address& one) {
    return all.is_unspecified() && (all.is_v6() || one.is_v4());
}

/// "f.yaml:3", or that nobody has said so.
std::string line_of(const configuration_reading& got, const std::string& key) {
    const auto line = got.lines.find(key);
    return line == got.lines.end() ? "by default" : got.name + ':' + std::to_string(line->second);
}

bool is_wrong(const configuration_reading& got, const std::string& key) {
    return std::ranges::any_of(got.problems, [&](const std::string& problem) {
        return problem.find(": " + key + ": ") != std::string::npos;
    });
}

}  // namespace

std::vector<listener> listeners_of(const configuration& how, const std::set<std::string>& roles) {
    std::vector<listener> all;
    if (roles.contains("ingestor"))
        all.push_back({"ingestor.listen", "ingest port", how.ingestor.listen});
    if (roles.contains("admission"))
        all.push_back({"admission.listen", "webhook port", how.admission.listen});
    if (roles.contains("console"))
        all.push_back({"console.listen", "console port", how.console.listen});
    all.push_back({"metrics.listen", "metrics port", how.metrics});
    all.push_back({"health.listen", "health port", how.health});
    return all;
}

bool clash(const tcp::endpoint& one, const tcp::endpoint& other) {
    if (one.port() != other.port() || one.port() == 0) return false;
    const auto first = plain(one.address()), second = plain(other.address());
    return first == second || takes(first, second) || takes(second, first);
}

std::vector<std::string> clashing_listeners(
    const configuration_reading& got, const std::set<std::string>& roles
) {
    auto all = listeners_of(got.value, roles);
    std::erase_if(all, [&](const listener& each) { return is_wrong(got, each.key); });
    std::vector<std::string> problems;
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (clash(all[i].at, all[k].at))
                problems.push_back(
                    got.place_of(all[i].key) + endpoint_text(all[i].at) + " clashes with " +
                    all[k].key + ", " + endpoint_text(all[k].at) + " (" + line_of(got, all[k].key) +
                    "): each needs a port of its own"
                );
    return problems;
}

std::error_code try_to_listen(const tcp::endpoint& where) {
    asio::io_context scratch;
    tcp::acceptor    probe(scratch);
    std::error_code  wrong;
    probe.open(where.protocol(), wrong);
    if (!wrong) probe.set_option(tcp::acceptor::reuse_address(true), wrong);
    if (!wrong && where.address().is_v6() && where.address().is_unspecified())
        probe.set_option(asio::ip::v6_only(false), wrong);
    if (!wrong) probe.bind(where, wrong);
    // Two may be bound to one address; only one of them may listen.
    if (!wrong) probe.listen(1, wrong);
    return wrong;
}

result<void> all_free(const std::vector<listener>& all) {
    std::string taken, others;
    for (const auto& each : all) {
        const auto wrong = try_to_listen(each.at);
        if (!wrong) continue;
        auto& list  = wrong == asio::error::address_in_use ? taken : others;
        list       += (list.empty() ? "" : ", ") + each.key + ' ' + endpoint_text(each.at);
        if (&list == &others) list += " (" + wrong.message() + ')';
    }
    if (taken.empty() && others.empty()) return {};
    std::string said;
    if (!taken.empty())
        said = taken +
               (taken.find(", ") == std::string::npos
                    ? " is in use: another program listens there; stop it"
                    : " are in use: other programs listen there; stop them") +
               ", or choose another `listen`";
    if (!others.empty())
        said +=
            (said.empty() ? "" : "; ") + others + " cannot be listened at: choose another `listen`";
    return failure{errc::conflict, said};
}

}  // namespace falconer::app
