#include "configuration.hpp"

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using reader = yaml_document::reader;
using std::chrono::milliseconds;

void read_login(reader in, store_login& into) {
    in.read("user", into.user);
    in.read("passwordFile", into.password_file);
}

/// As pg_options has hosts.
std::string list_of(reader& in, const std::vector<std::string>& hosts) {
    std::string list;
    for (const auto& host : hosts) {
        if (is_blank(host) || host.find(',') != std::string::npos)
            in.complain("hosts", "'" + host + "' is no host");
        list += (list.empty() ? "" : ",") + host;
    }
    return list;
}

/// Who reads, and from where.
void read_replicas(reader in, store_configuration& into) {
    read_login(in, into.reader);
    std::vector<std::string> hosts;
    in.read("hosts", hosts);
    into.replicas = list_of(in, hosts);
    in.read_choice(
        "targetSessionAttrs", into.replica_attributes,
        {{"any", "any"},
         {"read-only", "read-only"},
         {"standby", "standby"},
         {"prefer-standby", "prefer-standby"}}
    );
}

}  // namespace

void read_store(reader in, store_configuration& into) {
    auto&                    to = into.postgres;
    std::vector<std::string> hosts{to.host};
    in.read("hosts", hosts);
    if (hosts.empty())
        in.complain("hosts", "at least one name, address or folder of a unix socket is needed");
    to.host = list_of(in, hosts);
    in.read("port", to.port, 1, 65'535);
    in.read("database", to.database);
    // libpq would take the one that is called like its user.
    if (is_blank(to.database)) in.complain("database", "is needed");
    in.read("user", to.user);
    in.read("passwordFile", to.password_file);
    // Of several hosts one is the primary: without it no event can be stored.
    if (hosts.size() > 1) to.target_session_attrs = "read-write";
    in.read_choice(
        "targetSessionAttrs", to.target_session_attrs,
        {{"any", "any"},
         {"read-write", "read-write"},
         {"read-only", "read-only"},
         {"primary", "primary"},
         {"standby", "standby"},
         {"prefer-standby", "prefer-standby"}}
    );
    if (hosts.size() > 1 && to.target_session_attrs == "any")
        in.complain(
            "targetSessionAttrs",
            "with several hosts read-write is needed: of these, any may be a standby, which takes "
            "no event"
        );
    in.read_duration("connectTimeout", to.connect_limit, milliseconds(100ms), milliseconds(60s));

    auto tls = in.section("tls");
    tls.read_choice(
        "mode", to.ssl_mode,
        {{"disable", "disable"},
         {"prefer", "prefer"},
         {"require", "require"},
         {"verify-ca", "verify-ca"},
         {"verify-full", "verify-full"}}
    );
    tls.read("caFile", to.ssl_root_cert);
    tls.read("certificateFile", to.ssl_cert);
    tls.read("keyFile", to.ssl_key);
    if (to.ssl_mode.starts_with("verify-") && to.ssl_root_cert.empty())
        tls.complain("caFile", "is needed for mode " + to.ssl_mode + ": whom to trust");
    if (to.ssl_cert.empty() != to.ssl_key.empty())
        in.complain("tls", "certificateFile and keyFile belong together");

    read_replicas(in.section("reader"), into);
    read_login(in.section("migrator"), into.migrator);
    in.read("dataFolder", into.data_folder);
    in.read_bytes("capacity", into.capacity, 0, std::uint64_t{1} << 50);
    int days = static_cast<int>(into.keep.count());
    in.read("retentionDays", days, 1, 36'500);
    into.keep = std::chrono::days{days};
    in.read("migrateAtStart", into.migrate_at_start);
    in.read("housekeeping", into.housekeeping);
    auto archive = in.section("archive");
    archive.read("directory", into.archive.directory);
    archive.read("command", into.archive.command);
    archive.read_duration(
        "commandTimeout", into.archive.command_timeout, std::chrono::seconds(1),
        std::chrono::seconds(24 * 3600)
    );
    if (!into.archive.directory.empty() && !into.archive.command.empty())
        in.complain("archive", "directory or command: one of the two");
}

store::pg_options store_configuration::as_reader() const {
    auto opt = postgres;
    if (reader.user.empty()) return opt;
    opt.user          = reader.user;
    opt.password_file = reader.password_file;
    return opt;
}

store::pg_options store_configuration::at_replica() const {
    auto opt = as_reader();
    if (replicas.empty()) return opt;
    opt.host                 = replicas;
    opt.target_session_attrs = replica_attributes;
    opt.memory               = replica_memory;
    return opt;
}

store::pg_options store_configuration::as_migrator() const {
    auto opt = postgres;
    if (migrator.user.empty()) return opt;
    opt.user          = migrator.user;
    opt.password_file = migrator.password_file;
    return opt;
}

}  // namespace falconer::app
