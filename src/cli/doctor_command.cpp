// falconer doctor: configuration, keys, ports, clock, store, spool and clusters in one report.
#include "commands.hpp"

#include "app/configuration.hpp"
#include "app/listeners.hpp"
#include "app/server.hpp"
#include "app/store_check.hpp"
#include "app/up.hpp"
#include "falconer/event.hpp"
#include "ingest/key_ring.hpp"
#include "ingest/spool_file.hpp"
#include "store_access.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <set>

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

/// Only looks: what `serve` would make is not made here.
void look_at_folder(report& out, const std::filesystem::path& folder) {
    std::error_code wrong;
    if (std::filesystem::is_directory(folder, wrong)) {
        if (::access(folder.c_str(), W_OK | X_OK) == 0)
            return out.good("spool", folder.string() + " can be written to");
        return out.bad(
            "spool", folder.string() + ": cannot be written to: " + std::strerror(errno)
        );
    }
    if (std::filesystem::exists(folder, wrong))
        return out.bad("spool", folder.string() + ": is not a directory");
    // Only the folder itself is made: a disk that is not mounted shall not be mistaken for one.
    const auto above = std::filesystem::absolute(folder, wrong).parent_path();
    if (::access(above.c_str(), W_OK | X_OK) == 0)
        return out.good("spool", folder.string() + " is not there yet; serve makes it");
    out.bad(
        "spool", folder.string() + ": is not there, and cannot be made in " + above.string() +
                     ": " + std::strerror(errno)
    );
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
    } else if (how.listen.address().is_loopback()) {
        out.good("certificate", "none is needed: events come from this machine only");
    } else {
        out.doubt("certificate", "none: plain HTTP, tokens can be read on the way");
    }
    const auto&     spool = how.spool;
    std::error_code wrong;
    const auto      files_of_spool = ingest::make_posix_files(spool.directory);
    if (const auto owner = files_of_spool->locked_by())
        out.good("spool", spool.directory.string() + " is in use by pid " + std::to_string(*owner));
    else
        look_at_folder(out, spool.directory);
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

std::string now_text(time_source& time) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(time.utc())));
}

/// The store's own view. What is missing there has been said; so this never fails.
task<result<void>> look_at_store(
    asio::any_io_executor loop, time_source& time, store::pg_options where, report& out
) {
    auto opened = co_await store::pg_connection::open(std::move(loop), time, std::move(where));
    if (!opened) {
        out.bad("store", "is away, and events would go to the spool: " + opened.error().detail);
        if (app::clock_is_set(time.utc()))
            out.good("clock", now_text(time) + "; there is no store to compare it with");
        co_return result<void>{};
    }
    auto&      db    = **opened;
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
        out.good("clock", now_text(time) + ", as the store's");

    auto schema = co_await app::check_schema(db);
    if (!schema) {
        out.bad("schema", schema.error().detail);
        co_return result<void>{};
    }
    out.good("schema", "version " + std::to_string(*schema));

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

int sum_of(const report& out, int code) {
    if (out.wrong() == 0) return success;
    std::cout << '\n'
              << out.wrong() << (out.wrong() == 1 ? " thing is wrong\n" : " things are wrong\n");
    return code;
}

/// Those that the configuration has something for.
std::set<std::string> roles_in(const app::configuration& how) {
    std::set<std::string> roles;
    if (!how.ingestor.keys_file.empty()) roles.insert("ingestor");
    if (how.has_admission) roles.insert("admission");
    return roles;
}

const std::map<std::string, std::string> port_names{
    {"ingestor.listen", "ingest port"},
    {"admission.listen", "webhook port"},
    {"metrics.listen", "metrics port"},
    {"health.listen", "health port"},
};

/// `otherwise`: when a port may be taken.
void look_at_ports(report& out, const app::configuration& how, const std::string& otherwise) {
    const auto all = app::listeners_of(how, roles_in(how));
    for (const auto& each : all) {
        const auto& about   = port_names.at(each.key);
        const auto  text    = app::endpoint_text(each.at);
        const bool  clashes = std::ranges::any_of(all, [&](const app::listener& other) {
            return other.key != each.key && app::clash(other.at, each.at);
        });
        if (const auto wrong = app::try_to_listen(each.at))
            out.doubt(about, text + ": " + wrong.message() + " (" + otherwise + ')');
        else if (!clashes)  // has been said
            out.good(about, text + " is free");
    }
}

/// Everything but the configuration itself.
void look_around(
    report& out, const app::configuration& how, const store::pg_options& store,
    const std::string& otherwise
) {
    look_at_ingestor(out, how.ingestor);
    look_at_ports(out, how, otherwise);
    // Whatever is found goes into the report; there is no failure left to print.
    run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return look_at_store(std::move(loop), time, store, out);
    });
}

int examine_configuration(report& out, const std::string& file) {
    const auto got      = app::read_configuration_file(file, {});
    auto       problems = got.problems;
    if (!problems.empty()) {
        for (const auto& each : problems) out.bad("configuration", each);
        return sum_of(out, wrong_usage);
    }
    problems = app::clashing_listeners(got, roles_in(got.value));
    for (const auto& each : problems) out.bad("configuration", each);
    if (problems.empty()) out.good("configuration", file);
    auto store              = got.value.store.as_reader();
    store.statement_timeout = statement_limit;
    look_around(out, got.value, store, "as it should be while falconer serve runs");
    return sum_of(out, problems.empty() ? answer_is_no : wrong_usage);
}

/// Of `falconer up`, whose configuration nobody has written.
int examine_folder(report& out, const std::string& folder) {
    const auto store = private_store(folder, store_user::reader);
    if (!store) {
        out.bad("configuration", store.error().detail);
        return sum_of(out, wrong_usage);
    }
    out.good("configuration", folder + ", a folder of falconer up");
    look_around(
        out, app::configuration_in(folder), *store,
        "as it should be while falconer up runs, which takes another port where one is taken"
    );
    return sum_of(out, answer_is_no);
}

int doctor(const store_choice& where) {
    report out;
    if (const auto set = app::clock_is_set(std::chrono::system_clock::now()); !set)
        out.bad("clock", set.error().detail);
    return where.config.empty() ? examine_folder(out, where.data)
                                : examine_configuration(out, where.config);
}

}  // namespace

void add_doctor_command(CLI::App& root, int& exit_code) {
    auto  where = std::make_shared<store_choice>();
    auto* sub   = root.add_subcommand(
        "doctor", "Configuration, keys, ports, clock, store, spool and clusters in one report"
    );
    sub->footer(
        "Exit 1 if something is wrong.\n\nExample:\n  falconer doctor --config "
        "/etc/falconer/falconer.yaml\n  falconer doctor --data ./falconer-data"
    );
    add_store_options(*sub, *where);
    sub->callback([where, &exit_code] { exit_code = doctor(*where); });
}

}  // namespace falconer::cli
