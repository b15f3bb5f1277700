#include "peers_configuration.hpp"

#include "configuration.hpp"

#include <asio/ip/address.hpp>

#include <string_view>
#include <system_error>

namespace falconer::app {
namespace {

void read_path(yaml_document::reader& in, std::string_view key, std::filesystem::path& into) {
    std::string text = into.string();
    in.read(key, text);
    into = text;
}

bool is_this_machine(const std::string& host) {
    std::error_code not_one;
    const auto      address = asio::ip::make_address(host, not_one);
    return host == "localhost" || (!not_one && address.is_loopback());
}

}  // namespace

std::vector<net::http_place> peers_configuration::places() const {
    std::vector<net::http_place> all;
    for (const auto& each : ingestors)
        if (auto place = net::parse_place(each)) all.push_back(std::move(*place));
    return all;
}

net::http_client::options peers_configuration::client() const {
    net::http_client::options opt;
    opt.ca          = ca.string();
    opt.certificate = certificate.string();
    opt.key         = key.string();
    opt.server_name = server_name;
    opt.body_bytes  = 4 * 1024 * 1024;
    return opt;
}

std::vector<std::string> configuration_reading::problems_of_peers(const std::set<std::string>& roles
) const {
    std::vector<std::string> all;
    const auto&              peers    = value.peers;
    const auto               complain = [&](const char* key, const std::string& what) {
        all.push_back(place_of(key) + what);
    };
    if (roles.contains("controller") && peers.wanted()) {
        if (value.controller.seed_name.empty())
            complain(
                "peers.ingestors",
                "controller.seedName (or SEED_NAME in the environment) is needed: "
                "for which seed's clusters this controller speaks"
            );
        if (!value.falco.central.token_issuer.given())
            complain(
                "peers.ingestors",
                "falco.centralStorage.tokenIssuerPrivateKeyFile is needed: it "
                "signs what this controller shows to ingestors"
            );
    }
    if (roles.contains("ingestor") && peers.answer && peers.audience == value.ingestor.audience)
        complain(
            "peers.audience", "is ingestor.audience too: a cluster's token would be a controller's"
        );
    return all;
}

void read_peers(yaml_document::reader in, peers_configuration& into) {
    in.read("ingestors", into.ingestors);
    in.read("plainHTTP", into.plain_http);
    for (const auto& each : into.ingestors) {
        const auto place = net::parse_place(each);
        if (!place)
            in.complain("ingestors", place.error().detail);
        else if (!place->tls && !into.plain_http && !is_this_machine(place->host))
            in.complain(
                "ingestors", "'" + each +
                                 "' is another machine, and tokens and heartbeats' keys "
                                 "go there: https, or plainHTTP: true"
            );
    }
    in.read("audience", into.audience);
    if (is_blank(into.audience)) in.complain("audience", "is needed: whom peers' tokens are for");
    in.read("answer", into.answer);
    auto tls = in.section("tls");
    read_path(tls, "caFile", into.ca);
    read_path(tls, "certificateFile", into.certificate);
    read_path(tls, "keyFile", into.key);
    tls.read("serverName", into.server_name);
    if (into.certificate.empty() != into.key.empty())
        tls.complain(
            into.key.empty() ? "keyFile" : "certificateFile", "is needed: the two belong together"
        );
}

}  // namespace falconer::app
