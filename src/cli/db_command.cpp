// falconer db: the store's schema and care.
#include "commands.hpp"

#include "falconer/steady_time_source.hpp"
#include "store/migrations.hpp"
#include "store/retention.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace falconer::cli {
namespace {

struct db_options {
    std::string       data{};
    store::pg_options postgres{};
    int               keep_days = 365;
    bool              dry_run   = false;
};

/// `falconer up` leaves DIR/store.env: lines host= port= database= user= migrator=
void read_store_env(const std::string& folder, store::pg_options& into) {
    std::ifstream file(folder + "/store.env");
    if (!file) throw std::runtime_error("cannot read " + folder + "/store.env");
    std::string user, migrator;
    for (std::string line; std::getline(file, line);) {
        const auto key   = line.substr(0, line.find('='));
        const auto value = line.size() > key.size() ? line.substr(key.size() + 1) : std::string{};
        if (key == "host") into.host = value;
        if (key == "port") into.port = static_cast<std::uint16_t>(std::stoul(value));
        if (key == "database") into.database = value;
        if (key == "user") user = value;
        if (key == "migrator") migrator = value;
    }
    into.user = migrator.empty() ? user : migrator;
}

task<result<void>> do_migrate(store::pg_connection& db, time_source&, const db_options&) {
    auto at = co_await store::migrate(db);
    if (!at) co_return std::move(at).error();
    std::cout << "schema version " << *at << '\n';
    co_return result<void>{};
}

task<result<void>> do_retain(store::pg_connection& db, time_source& time, const db_options& opt) {
    store::retention_options how;
    how.keep    = std::chrono::days{opt.keep_days};
    how.dry_run = opt.dry_run;
    auto report = co_await store::retain(db, time, time.utc(), how);
    if (!report) co_return std::move(report).error();
    if (opt.dry_run) std::cout << "nothing was changed; a run would do this\n";
    std::cout << "days dropped " << report->days_dropped << "\ndays rewritten "
              << report->days_rewritten << "\ndays on hold " << report->days_on_hold
              << "\nevents removed " << report->rows_removed << "\nevents kept in rewritten days "
              << report->rows_kept << " (on hold " << report->rows_on_hold
              << ")\nbodies and tallies removed " << report->aside_removed << '\n';
    co_return result<void>{};
}

constexpr auto figures = R"(
SELECT 'schema version', max(version)::text FROM falconer.schema_version
UNION ALL SELECT 'database size', pg_size_pretty(pg_database_size(current_database()))
UNION ALL SELECT 'clusters', count(*)::text FROM falconer.cluster
UNION ALL SELECT 'dictionary texts', count(*)::text FROM falconer.text
UNION ALL SELECT 'quarantined', count(*)::text FROM falconer.quarantine
UNION ALL SELECT 'only counted', coalesce(sum(count), 0)::text FROM falconer.tally
UNION ALL SELECT 'oldest event', coalesce(min(received)::text, '-') FROM falconer.event
UNION ALL SELECT 'newest event', coalesce(max(received)::text, '-') FROM falconer.event
UNION ALL (SELECT 'events of ' || day, sum(events)::text FROM falconer.events_per_day
           GROUP BY day ORDER BY day))";

task<result<void>> do_status(store::pg_connection& db, time_source&, const db_options&) {
    auto rows = co_await db.query(figures, {}, std::chrono::seconds(60));
    if (!rows) co_return std::move(rows).error();
    for (int row = 0; row < rows->size(); ++row) {
        std::string name(rows->at(row, 0));
        name.resize(std::max<std::size_t>(name.size(), 24), ' ');
        std::cout << name << rows->at(row, 1) << '\n';
    }
    co_return result<void>{};
}

using verb = task<result<void>> (*)(store::pg_connection&, time_source&, const db_options&);

task<void> connect_and(verb act, time_source& time, db_options opt, int& exit_code) {
    auto         loop = co_await asio::this_coro::executor;
    auto         db   = co_await store::pg_connection::open(loop, time, opt.postgres);
    result<void> done;
    if (db)
        done = co_await act(**db, time, opt);
    else
        done = std::move(db).error();
    if (done) co_return;
    std::cerr << done.error().detail << '\n';
    exit_code = answer_is_no;
}

void run(verb act, db_options opt, int& exit_code) {
    try {
        if (!opt.data.empty()) read_store_env(opt.data, opt.postgres);
    } catch (const std::exception& wrong) {
        std::cerr << wrong.what() << '\n';
        exit_code = wrong_usage;
        return;
    }
    opt.postgres.statement_timeout = std::chrono::seconds(60);
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    asio::co_spawn(
        loop, connect_and(act, time, std::move(opt), exit_code),
        [](std::exception_ptr why) {
            if (why) std::rethrow_exception(why);
        }
    );
    loop.run();
}

}  // namespace

void add_db_command(CLI::App& root, int& exit_code) {
    auto  opt = std::make_shared<db_options>();
    auto* db  = root.add_subcommand("db", "The store's schema and care");
    db->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, verb act) {
        auto* sub = db->add_subcommand(name, what);
        sub->footer("Example:\n  falconer db " + std::string(name) + " --data ./falconer-data");
        sub->add_option(
            "--data", opt->data, "Folder of a private store, as `falconer up` makes it"
        );
        sub->add_option("--dsn-host", opt->postgres.host, "Hosts, or the folder of a unix socket");
        sub->add_option("--port", opt->postgres.port, "Port");
        sub->add_option("--database", opt->postgres.database, "Database");
        sub->add_option("--user", opt->postgres.user, "User");
        sub->add_option("--password-file", opt->postgres.password_file, "File with the password");
        sub->callback([opt, act, &exit_code] { run(act, *opt, exit_code); });
        return sub;
    };
    add("migrate", "Brings the store to this program's schema", do_migrate);
    add("status", "Shows what the store holds", do_status);
    auto* retain = add("retain", "Removes what is older than its retention period", do_retain);
    retain
        ->add_option(
            "--keep-days", opt->keep_days,
            "Days of receipt to keep where the table falconer.retention says nothing"
        )
        ->check(CLI::Range(1, 36500));
    retain->add_flag("--dry-run", opt->dry_run, "Only says what would go");
}

}  // namespace falconer::cli
