// falconer doctor: configuration, keys, ports, clock, store, spool and clusters in one report.
#include "commands.hpp"
#include "doctor_alerts.hpp"
#include "doctor_clock.hpp"
#include "doctor_clusters.hpp"
#include "doctor_durability.hpp"
#include "doctor_peers.hpp"

#include "app/configuration.hpp"
#include "app/image_overwrite.hpp"
#include "app/listeners.hpp"
#include "app/server.hpp"
#include "app/up.hpp"
#include "falconer/event.hpp"
#include "ingest/key_ring.hpp"
#include "ingest/spool_file.hpp"
#include "ingest/spool_folder.hpp"
#include "ingest/spool_survey.hpp"
#include "store/census.hpp"
#include "store/schema_check.hpp"
#include "store_access.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

/// Only looks: what `serve` would make is not made here, and whose it is stays as it is.
void look_at_spool(doctor_report& out, const std::string& folder) {
    if (const auto owner = ingest::make_posix_files(folder)->locked_by())
        return out.good("spool", folder + " is in use by pid " + std::to_string(*owner));
    const auto found = ingest::look_at_spool_folder(folder);
    if (found.will_do())
        return out.good(
            "spool",
            folder + (found.there ? " can be written to" : " is not there yet; serve makes it")
        );
    const auto whose = folder + " belongs to user " + std::to_string(found.owner) +
                       ", as whom serve must run then";
    if (!found.may_be_anothers()) return out.bad("spool", found.objection.detail);
    if (::geteuid() == 0 && found.owner != 0) return out.good("spool", whose);
    out.doubt("spool", whose + "; this is user " + std::to_string(::geteuid()));
}

void look_at_ingestor(doctor_report& out, const app::ingestor_configuration& how) {
    if (how.keys_file.empty()) {
        out.doubt("keys", "none are configured: no role ingestor");
    } else if (auto ring = ingest::key_ring::load(app::keys_of(how)); ring) {
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
    look_at_spool(out, spool.directory);
    if (const auto letters = spool.directory / ingest::spool_dead_letters_name;
        std::filesystem::exists(letters, wrong))
        out.doubt("spool", letters.string() + " has what the store takes in no form: look at it");
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

constexpr auto aside = "SELECT count(*) FROM falconer.quarantine WHERE replayed IS NULL";
constexpr auto refused =
    "SELECT coalesce(sum(count), 0) FROM falconer.tally WHERE cause = 3 AND minute > now() - "
    "interval '1 day'";

using maybe_number = result<std::optional<std::int64_t>>;

std::string text_of(const maybe_number& number) {
    return *number ? std::to_string(**number) : "not counted within a second";
}

/// What it holds, each as soon as it is known; none takes longer than a second.
task<result<void>> look_at_contents(store::pg_connection& db, doctor_report& out) {
    auto known = co_await store::number_in_time(db, "SELECT count(*) FROM falconer.cluster");
    if (!known) co_return std::move(known).error();
    auto heard = co_await store::clusters_heard_of(db);
    if (!heard) co_return std::move(heard).error();
    auto bytes = co_await store::number_in_time(db, "SELECT pg_database_size(current_database())");
    if (!bytes) co_return std::move(bytes).error();
    out.good(
        "clusters", text_of(known) + " known, " + text_of(heard) +
                        " heard of in the last 24 h; the database has " +
                        (*bytes ? std::to_string(**bytes >> 20) + " MiB" : text_of(bytes))
    );
    auto kept = co_await store::number_in_time(db, aside);
    if (!kept) co_return std::move(kept).error();
    if (*kept != 0)
        out.doubt(
            "quarantine", text_of(kept) + " bodies are kept aside: 'falconer quarantine list'"
        );
    auto tokens = co_await store::number_in_time(db, refused);
    if (!tokens) co_return std::move(tokens).error();
    if (*tokens != 0)
        out.doubt("tokens", text_of(tokens) + " requests with refused tokens in the last 24 h");
    co_return result<void>{};
}

/// The store's own view. What is missing there has been said; so this never fails.
task<result<void>> look_at_store(
    asio::any_io_executor loop, time_source& time, const store_logins& who, doctor_report& out
) {
    auto opened = co_await store::pg_connection::open(loop, time, who.reader);
    if (!opened) {
        out.bad("store", "is away, and events would go to the spool: " + opened.error().detail);
        if (app::clock_is_set(time.utc()))
            out.good("clock", now_text(time) + "; there is no store to compare it with");
        co_return result<void>{};
    }
    auto& db     = **opened;
    auto  clocks = co_await look_at_clocks(db, time, out);
    if (!clocks) {
        out.bad("store", clocks.error().detail);
        co_return result<void>{};
    }

    co_await look_at_durability(loop, time, who.writer, out);
    if (who.replica) co_await look_at_replica(loop, time, *who.replica, db, out);

    auto schema = co_await store::check_schema(db);
    if (!schema) {
        out.bad("schema", schema.error().detail);
        co_return result<void>{};
    }
    out.good("schema", "version " + std::to_string(*schema));
    auto retention = co_await look_at_retention(db, out);
    if (!retention) out.bad("retention", retention.error().detail);

    auto quick = co_await store::be_quick(db, 1s);
    if (quick) quick = co_await look_at_contents(db, out);
    if (!quick) out.bad("clusters", quick.error().detail);
    co_return result<void>{};
}

int sum_of(const doctor_report& out, int code) {
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
    if (how.has_console) roles.insert("console");
    if (how.has_controller) roles.insert("controller");
    return roles;
}

/// `otherwise`: when a port may be taken.
void look_at_ports(
    doctor_report& out, const app::configuration& how, const std::string& otherwise
) {
    const auto all = app::listeners_of(how, roles_in(how));
    for (const auto& each : all) {
        const auto& about   = each.name;
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
    doctor_report& out, const app::configuration& how, const store_logins& store,
    const std::string& otherwise
) {
    look_at_ingestor(out, how.ingestor);
    look_at_ports(out, how, otherwise);
    // Whatever is found goes into the report; there is no failure left to print.
    run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return look_at_store(std::move(loop), time, store, out);
    });
}

int examine_configuration(
    doctor_report& out, const std::string& file, const cluster_choice& clusters
) {
    auto got      = app::read_configuration_file(file, {});
    auto problems = got.problems;
    if (!problems.empty()) {
        for (const auto& each : problems) out.bad("configuration", each);
        return sum_of(out, wrong_usage);
    }
    problems = app::clashing_listeners(got, roles_in(got.value));
    if (got.value.has_controller) app::apply_environment(got.value.falco, problems);
    app::apply_environment(got.value.controller);
    for (auto& each : got.problems_of_peers(roles_in(got.value)))
        problems.push_back(std::move(each));
    for (const auto& each : problems) out.bad("configuration", each);
    if (problems.empty()) out.good("configuration", file);
    app::apply_environment(got.value.admission);
    app::apply_environment(got.value.console);
    clusters.apply_to(got.value);
    store_logins store;
    store.reader                   = got.value.store.as_reader();
    store.reader.statement_timeout = statement_limit;
    store.writer                   = got.value.store.postgres;
    if (got.value.store.has_replicas()) store.replica = got.value.store.at_replica();
    look_around(out, got.value, store, "as it should be while falconer serve runs");
    look_at_clusters(out, got.value);
    look_at_peers(out, got.value);
    if (roles_in(got.value).contains("ingestor")) look_at_alerts(out, got.value.alerts);
    return sum_of(out, problems.empty() ? answer_is_no : wrong_usage);
}

/// Of `falconer up`, whose configuration nobody has written.
int examine_folder(doctor_report& out, const std::string& folder) {
    const auto reader = private_store(folder, store_user::reader);
    const auto writer = private_store(folder, store_user::writer);
    if (!reader || !writer) {
        out.bad("configuration", (reader ? writer : reader).error().detail);
        return sum_of(out, wrong_usage);
    }
    const store_logins store{*reader, *writer, std::nullopt};
    out.good("configuration", folder + ", a folder of falconer up");
    look_around(
        out, app::configuration_in(folder), store,
        "as it should be while falconer up runs, which takes another port where one is taken"
    );
    // One cluster plays both.
    app::configuration how;
    how.has_controller               = true;
    how.controller.kubeconfig        = std::filesystem::path(folder) / "kubernetes" / "kubeconfig";
    how.controller.garden_kubeconfig = how.controller.kubeconfig;
    look_at_clusters(out, how);
    return sum_of(out, answer_is_no);
}

int doctor(const store_choice& where, const cluster_choice& clusters) {
    doctor_report out;
    if (const auto set = app::clock_is_set(std::chrono::system_clock::now()); !set)
        out.bad("clock", set.error().detail);
    return where.config.empty() ? examine_folder(out, where.data)
                                : examine_configuration(out, where.config, clusters);
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
    auto clusters = std::make_shared<cluster_choice>();
    sub->add_option("--kubeconfig", clusters->kubeconfig, "As of `falconer serve`");
    sub->add_option("--garden-kubeconfig", clusters->garden_kubeconfig, "As of `falconer serve`");
    sub->callback([where, clusters, &exit_code] { exit_code = doctor(*where, *clusters); });
}

}  // namespace falconer::cli
