// The configuration file as options of the rooms.
#pragma once

#include "actors/clusters.hpp"
#include "actors/store_writer.hpp"
#include "admission_configuration.hpp"
#include "alerts_configuration.hpp"
#include "console_configuration.hpp"
#include "controller_role.hpp"
#include "falconer/falco/operator_settings.hpp"
#include "falconer/log.hpp"
#include "falconer/net/jwt.hpp"
#include "falconer/strict_yaml.hpp"
#include "ingest/key_ring.hpp"
#include "ingest/push_handler.hpp"
#include "net/http_server.hpp"
#include "net/tls_context.hpp"
#include "peers_configuration.hpp"
#include "rules_stock.hpp"
#include "store/pg_connection.hpp"

#include <asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::app {

/// One user of the database. Empty: the writer's.
struct store_login {
    std::string user{};
    std::string password_file{};
};

/// Where days are written out to before retention takes them: one of the two, or neither.
struct archive_configuration {
    std::string directory{};
    std::string command{};  // of the shell, as `falconer db backup --to-command`
    /// Of a command that takes nothing, or does not end.
    std::chrono::seconds command_timeout{1800};

    bool wanted() const { return !directory.empty() || !command.empty(); }
};

struct store_configuration {
    store::pg_options postgres{};  // with the writer's login
    store_login       reader{};
    std::string       replicas{};  // store.reader.hosts, as pg_options has hosts; empty: none
    std::string       replica_attributes = "prefer-standby";
    /// Of those hosts.
    std::shared_ptr<store::host_memory> replica_memory = std::make_shared<store::host_memory>();
    store_login                         migrator{};
    std::uint64_t                       capacity = 0;  // bytes; 0: not told
    std::string       data_folder{};                   // of the server, where it is on this machine
    std::chrono::days keep{365};
    bool              migrate_at_start = false;
    bool              housekeeping     = true;

    archive_configuration archive{};

    store::pg_options as_reader() const;
    /// As the reader, at a replica where some are named. For whoever can do with what is a moment
    /// old.
    store::pg_options at_replica() const;
    bool              has_replicas() const { return !replicas.empty(); }
    store::pg_options as_migrator() const;
};

struct spool_configuration {
    std::filesystem::path directory = "/var/lib/falconer/spool";
    std::uint64_t         capacity  = std::uint64_t{1} << 30;
    std::uint64_t         segment   = std::uint64_t{16} << 20;
};

struct ingestor_configuration {
    asio::ip::tcp::endpoint                         listen{asio::ip::address_v6::any(), 3200};
    std::optional<net::tls_server_context::options> tls{};
    std::filesystem::path                           keys_file{};
    std::filesystem::path                           heartbeat_secret{};  // heartbeat.secretFile
    std::string                   issuer         = "urn:gardener:gardener-falco-extension";
    std::string                   audience       = "falco-db";
    std::set<net::token_profile>  token_profiles = net::jwt_rules{}.profiles;
    net::http_server_options      http{};
    net::http_server::farewell    drain{};
    ingest::push_handler::options push{};
    actors::clusters::options     clusters{};
    actors::store_writer::options writer{};
    spool_configuration           spool{};
};

/// How the keys file is read. For the role as for those who only look.
ingest::key_ring::options keys_of(const ingestor_configuration& how);

struct configuration {
    std::filesystem::path    file{};  // it was read from; empty: from none
    store_configuration      store{};
    ingestor_configuration   ingestor{};
    controller_configuration controller{};
    bool                     has_controller = false;  // there is such a section
    admission_configuration  admission{};
    bool                     has_admission = false;
    console_configuration    console{};
    bool                     has_console = false;
    peers_configuration      peers{};
    alerts_configuration     alerts{};
    falco::operator_settings falco{};
    asio::ip::tcp::endpoint  metrics{asio::ip::address_v6::any(), 8080};
    asio::ip::tcp::endpoint  health{asio::ip::address_v6::any(), 8081};
    log_options              logging{};

    /// Of a process with these roles: the controller's, which admission then shares; else
    /// admission's own.
    rules_stock_options rules_of(const std::set<std::string>& roles) const;
};

struct configuration_reading {
    configuration            value{};
    std::vector<std::string> problems{};  // "falconer.yaml:12: ingestor.listn: unknown key; …"
    std::set<std::string>    keys{};      // every option there is, "ingestor.spool.directory"

    /// The text is a mapping; if not, nothing else is known of it than its problems.
    bool                       readable = false;
    std::string                name{};   // of the text
    std::map<std::string, int> lines{};  // of the options that were given

    /// "falconer.yaml:12: ingestor.keysFile: "; to be followed by what is wrong with it.
    std::string place_of(const std::string& key) const;
    /// Admission reads rules behind what the controller beside it delivers: two sets in a process
    /// of both are a mistake.
    std::vector<std::string> problems_of_rules(const std::set<std::string>& roles) const;
    /// Whoever asks ingestors elsewhere says for which seed it speaks, and signs that.
    std::vector<std::string> problems_of_peers(const std::set<std::string>& roles) const;
};

/// Pure, but that it knows the machine's time zones. `name` is what problems call the text.
/// `roles`: what these need must be there.
configuration_reading read_configuration(
    std::string name, std::string_view text, const std::set<std::string>& roles
);

/// Also looks at the files that the configuration names. A file that cannot be read is a problem
/// like any other.
configuration_reading read_configuration_file(
    const std::filesystem::path& file, const std::set<std::string>& roles
);

/// Of controller.heartbeatInterval: gardenlet believes a heartbeat for five minutes. Source:
/// gardenlet's staleExtensionHealthChecks.threshold.
inline constexpr std::chrono::seconds shortest_heartbeat{5}, longest_heartbeat{120};
/// Of controller.roundsAtOnce.
inline constexpr std::size_t most_rounds_at_once = 1000;

/// The section `store`.
void read_store(yaml_document::reader in, store_configuration& into);

/// Of a value that must say something.
bool is_blank(std::string_view text);

/// A role's section `drain`.
void read_farewell(yaml_document::reader in, net::http_server::farewell& into);

/// "[::]:3200", "127.0.0.1:3200", ":3200" (all addresses).
std::optional<asio::ip::tcp::endpoint> parse_endpoint(std::string_view text);
std::string                            endpoint_text(const asio::ip::tcp::endpoint& where);

}  // namespace falconer::app
