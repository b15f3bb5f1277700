#include "configuration.hpp"

#include "falconer/duration.hpp"
#include "falconer/value.hpp"
#include "rules_source_section.hpp"

#include <asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using reader = yaml_document::reader;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view api_version = "falco.extensions.config.gardener.cloud/v1alpha1";
constexpr std::string_view kind        = "Configuration";
constexpr std::uint64_t    kibi = 1 << 10, mebi = 1 << 20, gibi = 1 << 30;

/// Sections that have lists of mappings: they are read as objects of the API are.
constexpr const char* other_sections[] = {"falco", "alerts"};

void read_header(reader& root) {
    for (const auto& [key, expected] :
         {std::pair{"apiVersion", api_version}, std::pair{"kind", kind}}) {
        std::string found;
        root.read(key, found);
        if (found != expected)
            root.complain(
                key, "expected " + std::string(expected) +
                         (found.empty() ? "" : ", found '" + found + "'")
            );
    }
}

void read_endpoint(reader& in, std::string_view key, asio::ip::tcp::endpoint& into) {
    std::string text = endpoint_text(into);
    in.read(key, text);
    if (const auto where = parse_endpoint(text))
        into = *where;
    else
        in.complain(
            key, "expected an address and a port such as 127.0.0.1:3200 or [::]:3200, found '" +
                     text + '\''
        );
}

void read_path(reader& in, std::string_view key, std::filesystem::path& into) {
    std::string text = into.string();
    in.read(key, text);
    into = text;
}

void read_tls(reader in, bool present, std::optional<net::tls_server_context::options>& into) {
    using ask = net::tls_server_context::client_certificate;
    net::tls_server_context::options tls;
    read_path(in, "certificateFile", tls.certificate);
    read_path(in, "keyFile", tls.key);
    read_path(in, "clientCAFile", tls.client_ca);
    in.read_choice(
        "clientCertificates", tls.ask,
        {{"none", ask::none}, {"request", ask::request}, {"require", ask::require}}
    );
    if (!present) return;
    if (tls.certificate.empty()) in.complain("certificateFile", "is needed for TLS");
    if (tls.key.empty()) in.complain("keyFile", "is needed for TLS");
    if (tls.ask != ask::none && tls.client_ca.empty())
        in.complain("clientCAFile", "is needed to check clients' certificates");
    into = std::move(tls);
}

void read_token_profiles(reader& in, std::set<net::token_profile>& into) {
    using enum net::token_profile;
    std::vector<std::string> names{"central", "cluster-identity"};
    in.read("tokenProfiles", names);
    into.clear();
    for (const auto& each : names) {
        if (each == "central")
            into.insert(central);
        else if (each == "cluster-identity")
            into.insert(cluster_identity);
        else
            in.complain(
                "tokenProfiles", "expected central or cluster-identity, found '" + each + "'"
            );
    }
    if (names.empty()) in.complain("tokenProfiles", "at least one is needed");
}

void read_limits(reader& in, ingestor_configuration& into) {
    in.read("dailyEvents", into.clusters.cluster.events_per_day, 1);
    in.read("dailySamples", into.clusters.cluster.samples_per_day, 0);
    in.read("hardRate", into.clusters.cluster.requests_per_second, 1, 1'000'000);
    in.read_duration("floodHold", into.push.hold, milliseconds(0ms), milliseconds(30s));
    into.clusters.cluster.hold = into.push.hold;
    in.read_bytes("bodyLimit", into.push.body_bytes, kibi, 16 * mebi);
    into.http.limits.body_bytes = into.push.body_bytes;
    in.read("connections", into.http.connections, 1, 1'000'000);
    in.read_bytes("bodyMemory", into.http.body_budget, mebi, 64 * gibi);
    in.read_bytes("waitingMemory", into.writer.waiting_bytes, mebi, 64 * gibi);
    in.read_duration("idleTimeout", into.http.idle, seconds(120s), seconds(1h));
    in.read_duration("receiveTimeout", into.http.receive, seconds(1s), seconds(10min));
    in.read_duration(
        "clusterIdle", into.clusters.idle, std::chrono::minutes(1min), std::chrono::minutes(168h)
    );

    auto aside = in.section("quarantine");
    aside.read("perDay", into.clusters.cluster.quarantined_per_day, 0);
    aside.read_bytes(
        "bytesPerDay", into.clusters.cluster.quarantined_bytes_per_day, 0, std::uint64_t{1} << 40
    );
}

void read_ingestor(reader in, ingestor_configuration& into, bool needed) {
    read_endpoint(in, "listen", into.listen);
    const bool with_tls = in.has("tls");
    read_tls(in.section("tls"), with_tls, into.tls);
    read_path(in, "keysFile", into.keys_file);
    if (needed && into.keys_file.empty())
        in.complain("keysFile", "is needed: the public keys that clusters' tokens are signed with");
    in.read("issuer", into.issuer);
    in.read("audience", into.audience);
    // Every token would be refused, or taken that somebody made for somebody else.
    if (is_blank(into.issuer)) in.complain("issuer", "is needed: who issues the tokens");
    if (is_blank(into.audience)) in.complain("audience", "is needed: whom the tokens are for");
    read_token_profiles(in, into.token_profiles);
    read_limits(in, into);

    in.read_duration(
        "storeTimeout", into.writer.store_limit, milliseconds(100ms), milliseconds(30s)
    );
    in.read_duration("hold", into.writer.hold, milliseconds(1s), milliseconds(30s));

    auto spool = in.section("spool");
    read_path(spool, "directory", into.spool.directory);
    spool.read_bytes("capacity", into.spool.capacity, mebi, std::uint64_t{1} << 44);
    spool.read_bytes("segment", into.spool.segment, 64 * kibi, gibi);
    if (into.spool.segment > into.spool.capacity)
        spool.complain("segment", "is larger than the spool's capacity");
    if (needed && into.spool.directory.empty()) spool.complain("directory", "is needed");

    read_farewell(in.section("drain"), into.drain);
}

void read_controller(reader in, controller_configuration& into) {
    read_path(in, "kubeconfig", into.kubeconfig);
    read_path(in, "gardenKubeconfig", into.garden_kubeconfig);
    in.read("seedName", into.seed_name);
    in.read("namespace", into.namespace_name);
    std::vector<std::string> classes{"shoot"};
    in.read("extensionClasses", classes);
    for (auto& wrong : take_classes(classes, into.classes))
        in.complain("extensionClasses", std::move(wrong));
    read_path(in, "rules", into.rules);
    read_rules_source(in.section("rulesSource"), into.rules_source);
    in.read_duration("resync", into.resync, seconds(1min), seconds(24h));
    in.read("roundsAtOnce", into.at_once, 1, most_rounds_at_once);
    in.read("requestsAtOnce", into.requests, 1, 1000);
    in.read("leaderElection", into.leader_election);
    in.read("leaderElectionID", into.lease);
    in.read("leaderElectionNamespace", into.lease_namespace);
    in.read_duration("heartbeatInterval", into.heartbeat, shortest_heartbeat, longest_heartbeat);
}

void read_logging(reader in, log_options& into) {
    using namespace spdlog;
    in.read_choice(
        "level", into.level,
        {{"debug", level::debug},
         {"info", level::info},
         {"warn", level::warn},
         {"error", level::err}}
    );
    in.read_choice(
        "format", into.form,
        {{"text", log_options::shape::text}, {"json", log_options::shape::json}}
    );
}

void read_other_sections(
    const std::string& name, std::string_view text, configuration_reading& into
) {
    const auto whole = parse_yaml(text);
    if (!whole) return;  // said already
    const auto section = [&](const char* key) {
        const auto* is = whole->find(key);
        return is != nullptr ? *is : value();
    };
    field_problems problems;
    into.value.falco  = falco::decode_operator_settings(section("falco"), problems);
    into.value.alerts = read_alerts(section("alerts"), problems);
    for (const auto& each : problems)
        into.problems.push_back(name + ':' + std::to_string(each.line) + ": " + each.text());
}

}  // namespace

rules_stock_options configuration::rules_of(const std::set<std::string>& roles) const {
    if (roles.contains("controller"))
        return {
            .section = "controller", .folder = controller.rules, .source = controller.rules_source
        };
    return {.section = "admission", .folder = admission.rules, .source = admission.rules_source};
}

ingest::key_ring::options keys_of(const ingestor_configuration& how) {
    ingest::key_ring::options keys;
    keys.file     = how.keys_file;
    keys.issuer   = how.issuer;
    keys.audience = how.audience;
    keys.profiles = how.token_profiles;
    return keys;
}

std::vector<std::string> take_classes(
    const std::vector<std::string>& said, std::set<falco::extension_class>& into
) {
    using enum falco::extension_class;
    std::vector<std::string> wrong;
    into.clear();
    for (const auto& each : said) {
        const std::array all{shoot, seed, garden};
        const auto* is = std::ranges::find(all, each, [](auto one) { return falco::name_of(one); });
        if (is != all.end())
            into.insert(*is);
        else
            wrong.push_back("expected shoot, seed or garden, found '" + each + "'");
    }
    if (said.empty()) wrong.emplace_back("at least one is needed");
    // Both would bring Falco to the same nodes. Source: facts of Gardener's garden class, that is
    // an installation of its own.
    if (into.contains(seed) && into.contains(garden))
        wrong.emplace_back("seed and garden need a process each");
    return wrong;
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t") == std::string_view::npos;
}

void read_farewell(reader in, net::http_server::farewell& into) {
    in.read_duration("accept", into.accept, milliseconds(0s), milliseconds(10min));
    in.read_duration("idle", into.idle, milliseconds(0s), milliseconds(10min));
    in.read_duration("limit", into.grace, milliseconds(1s), milliseconds(30min));
    if (into.accept + into.idle > into.grace)
        in.complain(
            "limit", "is " + duration_text(into.grace) +
                         ", shorter than accept and idle together (" + duration_text(into.accept) +
                         " and " + duration_text(into.idle) +
                         "): connections would be cut off in the middle of it"
        );
}

std::string configuration_reading::place_of(const std::string& key) const {
    const auto line = lines.find(key);
    return name + (line == lines.end() ? "" : ':' + std::to_string(line->second)) + ": " + key +
           ": ";
}

std::vector<std::string> configuration_reading::problems_of_rules(const std::set<std::string>& roles
) const {
    if (!roles.contains("controller") || !roles.contains("admission")) return {};
    std::vector<std::string> all;
    const auto               differs = [&](const std::string& key) {
        all.push_back(
            place_of("admission." + key) + "differs from controller." + key +
            ", and a process has one set of rules; leave it out"
        );
    };
    const auto& ours   = value.admission;
    const auto& theirs = value.controller;
    if (!ours.rules.empty() && ours.rules != theirs.rules) differs("rules");
    if (!ours.rules_source.source.from.empty() && ours.rules_source != theirs.rules_source)
        differs("rulesSource");
    return all;
}

configuration_reading read_configuration(
    std::string name, std::string_view text, const std::set<std::string>& roles
) {
    yaml_document         file{name, text};
    configuration_reading got;
    got.name     = name;
    got.readable = file.readable();
    if (!got.readable) {
        got.problems = file.problems();
        return got;
    }
    auto root = file.root();
    read_header(root);
    read_store(root.section("store"), got.value.store);
    read_ingestor(root.section("ingestor"), got.value.ingestor, roles.contains("ingestor"));
    got.value.has_controller = root.has("controller");
    read_controller(root.section("controller"), got.value.controller);
    got.value.has_admission = root.has("admission");
    read_admission(root.section("admission"), got.value.admission);
    got.value.has_console = root.has("console");
    auto console          = root.section("console");
    read_endpoint(console, "listen", got.value.console.listen);
    const bool console_tls = console.has("tls");
    read_tls(console.section("tls"), console_tls, got.value.console.tls);
    read_farewell(console.section("drain"), got.value.console.drain);
    read_console(console, got.value.console, got.value.has_console && roles.contains("console"));
    read_peers(root.section("peers"), got.value.peers);
    auto metrics = root.section("metrics");
    read_endpoint(metrics, "listen", got.value.metrics);
    auto health = root.section("health");
    read_endpoint(health, "listen", got.value.health);
    read_logging(root.section("logging"), got.value.logging);
    auto heartbeat = root.section("heartbeat");
    read_path(heartbeat, "secretFile", got.value.ingestor.heartbeat_secret);
    for (const auto* key : other_sections) root.leave(key);
    got.keys = file.keys();
    // Of the Go extension's configuration, which ours may be put into the place of.
    const bool of_old = root.has("healthCheckConfig");
    root.leave("healthCheckConfig");
    got.problems = file.problems();
    got.lines    = file.lines();
    read_other_sections(name, text, got);
    got.value.falco.heartbeat_secret_file = got.value.ingestor.heartbeat_secret.string();
    if (of_old) got.value.falco.warnings.emplace_back("healthCheckConfig has no effect");
    return got;
}

configuration_reading read_configuration_file(
    const std::filesystem::path& file, const std::set<std::string>& roles
) {
    constexpr std::uintmax_t most = 1 << 20;
    std::error_code          wrong;
    const auto               size = std::filesystem::file_size(file, wrong);
    configuration_reading    got;
    if (wrong) {
        got.problems.push_back(file.string() + ": " + wrong.message());
        return got;
    }
    if (size > most) {
        got.problems.push_back(file.string() + ": larger than a mebibyte: no configuration");
        return got;
    }
    std::ifstream      in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        got.problems.push_back(file.string() + ": cannot be read");
        return got;
    }
    got            = read_configuration(file.string(), text.view(), roles);
    got.value.file = file;
    return got;
}

std::optional<asio::ip::tcp::endpoint> parse_endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto          host      = text.substr(0, colon);
    const auto    tail      = text.substr(colon + 1);
    std::uint16_t port      = 0;
    const auto [end, wrong] = std::from_chars(tail.data(), tail.data() + tail.size(), port);
    if (wrong != std::errc{} || end != tail.data() + tail.size()) return std::nullopt;
    if (host.empty()) return asio::ip::tcp::endpoint{asio::ip::address_v6::any(), port};
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    std::error_code not_one;
    const auto      address = asio::ip::make_address(std::string(host), not_one);
    if (not_one || address.is_v6() != bracketed) return std::nullopt;
    return asio::ip::tcp::endpoint{address, port};
}

std::string endpoint_text(const asio::ip::tcp::endpoint& where) {
    const auto host = where.address().to_string();
    return (where.address().is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(where.port());
}

}  // namespace falconer::app
