// falconer doctor: configuration, keys, ports, clock, store, spool and clusters in one report.
#include "commands.hpp"

#include "app/configuration.hpp"
#include "app/server.hpp"
#include "falconer/event.hpp"
#include "ingest/key_ring.hpp"
#include "ingest/spool_file.hpp"
#include "store/migrations.hpp"
#include "store_access.hpp"

#include <sys/resource.h>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

/// Lines as they are found, the worst remembered.
class report {
public:
    void good(const std::string& about, const std::string& what) { say("ok   ", about, what); }
    void doubt(const std::string& about, const std::string& what) { say("look ", about, what); }
    void bad(const std::string& about, const std::string& what) {
        say("WRONG", about, what);
        ++wrong_;
    }
    int wrong() const { return wrong_; }

private:
    static void say(const char* how, const std::string& about, const std::string& what) {
        auto padded = about;
        padded.resize(std::max<std::size_t>(padded.size(), 14), ' ');
        std::cout << how << "  " << padded << what << '\n';
    }
    int wrong_ = 0;
};

void look_at_port(report& out, const std::string& about, const asio::ip::tcp::endpoint& where) {
    asio::io_context        scratch;
    asio::ip::tcp::acceptor probe(scratch);
    std::error_code         wrong;
    probe.open(where.protocol(), wrong);
    if (!wrong) probe.set_option(asio::socket_base::reuse_address(true), wrong);
    if (!wrong) probe.bind(where, wrong);
    const auto text = app::endpoint_text(where);
    if (wrong)
        out.doubt(
            about, text + ": " + wrong.message() + " (as it should be while falconer serve runs)"
        );
    else
        out.good(about, text + " is free");
}

void look_at_ingestor(report& out, const app::ingestor_configuration& how) {
    ingest::key_ring::options keys;
    keys.file     = how.keys_file;
    keys.issuer   = how.issuer;
    keys.audience = how.audience;
    if (how.keys_file.empty()) {
        out.doubt("keys", "none are configured: no role ingestor");
    } else if (auto ring = ingest::key_ring::load(std::move(keys)); ring) {
        out.good(
            "keys",
            how.keys_file.string() + ": " + std::to_string((*ring)->keys().size()) + " public keys"
        );
    } else {
        out.bad("keys", ring.error().detail);
    }
    if (how.tls) {
        const auto now    = std::chrono::system_clock::now();
        auto       loaded = net::tls_server_context::load(*how.tls, now);
        if (!loaded)
            out.bad("certificate", loaded.error().detail);
        else if ((*loaded)->expires() < now + 7 * 24h)
            out.doubt("certificate", "ends soon: " + text_of(event_time_of((*loaded)->expires())));
        else
            out.good("certificate", "until " + text_of(event_time_of((*loaded)->expires())));
    } else {
        out.doubt("certificate", "none: plain HTTP, tokens can be read on the way");
    }
    const auto&     spool = how.spool;
    std::error_code wrong;
    const auto      files_of_spool = ingest::make_posix_files(spool.directory);
    if (const auto owner = files_of_spool->locked_by())
        out.good("spool", spool.directory.string() + " is in use by pid " + std::to_string(*owner));
    else if (auto ready = files_of_spool->prepare(); ready)
        out.good("spool", spool.directory.string() + " can be written to");
    else
        out.bad("spool", ready.error().detail);
    const auto room = std::filesystem::space(spool.directory, wrong);
    if (!wrong && room.available < spool.capacity)
        out.doubt(
            "spool", "its disk has " + std::to_string(room.available >> 20) +
                         " MiB left, less than its capacity of " +
                         std::to_string(spool.capacity >> 20) + " MiB"
        );
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < how.http.connections + 64)
        out.bad(
            "descriptors", "at most " + std::to_string(files.rlim_max) +
                               ", and ingestor.connections is " +
                               std::to_string(how.http.connections)
        );
    else
        out.good("descriptors", "at most " + std::to_string(files.rlim_max));
}

long long number(std::string_view text) {
    long long value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The store's own view. What is missing there has been said; so this never fails.
task<result<void>> look_at_store(store::pg_connection& db, time_source& time, report& out) {
    const auto begun = time.now();
    auto       clock = co_await db.query(
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8, "
              "current_setting('server_version')",
        {}, 5s
    );
    if (!clock) {
        out.bad("store", clock.error().detail);
        co_return result<void>{};
    }
    const auto took   = std::chrono::duration_cast<std::chrono::microseconds>(time.now() - begun);
    const auto theirs = utc_time{std::chrono::milliseconds{number(clock->at(0, 0))}};
    const auto apart  = std::chrono::duration_cast<std::chrono::milliseconds>(theirs - time.utc());
    out.good(
        "store", "PostgreSQL " + std::string(clock->at(0, 1)) + " answers in " +
                     std::to_string(took.count()) + " µs"
    );
    if (std::chrono::abs(apart) > 5s)
        out.bad(
            "clock", "the store's clock is " + std::to_string(apart.count()) + " ms ahead of ours"
        );
    else
        out.good(
            "clock", text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(time.utc()))) +
                         ", as the store's"
        );

    auto schema = co_await db.query("SELECT max(version) FROM falconer.schema_version", {}, 5s);
    if (!schema) {
        out.bad("schema", schema.error().detail + "; run 'falconer db migrate'");
        co_return result<void>{};
    }
    const auto version = number(schema->at(0, 0));
    const auto ours    = store::known_migrations().back().version;
    if (version < ours)
        out.bad(
            "schema", "version " + std::to_string(version) + ", this program needs " +
                          std::to_string(ours) + ": run 'falconer db migrate'"
        );
    else
        out.good("schema", "version " + std::to_string(version));

    auto seen = co_await db.query(
        "SELECT count(*), (SELECT count(DISTINCT cluster) FROM falconer.event WHERE received > "
        "now() - interval '1 day'), "
        "pg_size_pretty(pg_database_size(current_database())), (SELECT count(*) FROM "
        "falconer.quarantine WHERE replayed IS NULL), "
        "(SELECT coalesce(sum(count), 0) FROM falconer.tally WHERE cause = 3 AND minute > now() - "
        "interval '1 day') FROM falconer.cluster",
        {}, 60s
    );
    if (!seen) {
        out.bad("clusters", seen.error().detail);
        co_return result<void>{};
    }
    out.good(
        "clusters", std::string(seen->at(0, 0)) + " known, " + std::string(seen->at(0, 1)) +
                        " heard of in the last 24 h; the database has " +
                        std::string(seen->at(0, 2))
    );
    if (seen->at(0, 3) != "0")
        out.doubt(
            "quarantine",
            std::string(seen->at(0, 3)) + " bodies are kept aside: 'falconer quarantine list'"
        );
    if (seen->at(0, 4) != "0")
        out.doubt(
            "tokens", std::string(seen->at(0, 4)) + " requests with refused tokens in the last 24 h"
        );
    co_return result<void>{};
}

int doctor(const store_choice& where) {
    report out;
    if (!where.config.empty()) {
        const auto got = app::read_configuration_file(where.config, {});
        for (const auto& problem : got.problems) out.bad("configuration", problem);
        if (!got.problems.empty()) return wrong_usage;
        out.good("configuration", where.config);
        look_at_ingestor(out, got.value.ingestor);
        look_at_port(out, "ingest port", got.value.ingestor.listen);
        look_at_port(out, "metrics port", got.value.metrics);
        look_at_port(out, "health port", got.value.health);
    }
    const auto store = find_store(where, store_user::reader);
    if (!store) return wrong_usage;
    const int code = with_store(where, store_user::reader, [&](auto& db, auto& time) {
        return look_at_store(db, time, out);
    });
    if (code != success) out.bad("store", "is away; events would go to the spool");
    if (out.wrong() == 0) return success;
    std::cout << '\n'
              << out.wrong() << (out.wrong() == 1 ? " thing is wrong\n" : " things are wrong\n");
    return answer_is_no;
}

}  // namespace

void add_doctor_command(CLI::App& root, int& exit_code) {
    auto  where = std::make_shared<store_choice>();
    auto* sub   = root.add_subcommand(
        "doctor", "Configuration, keys, ports, clock, store, spool and clusters in one report"
    );
    sub->footer(
        "Exit 1 if something is wrong.\n\nExample:\n  falconer doctor --config "
        "/etc/falconer/falconer.yaml"
    );
    add_store_options(*sub, *where);
    sub->callback([where, &exit_code] { exit_code = doctor(*where); });
}

}  // namespace falconer::cli
