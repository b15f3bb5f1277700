// falconer db: the store's schema and care.
#include "commands.hpp"

#include "archive_access.hpp"
#include "db_status.hpp"
#include "decimal.hpp"

#include "store/archive.hpp"
#include "store/migrations.hpp"
#include "store/retention.hpp"
#include "store_access.hpp"

#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

struct db_options {
    store_choice where{};
    int          keep_days = 0;  // 0: as the configuration says
    bool         dry_run   = false;
    bool         json      = false;
    bool         exact     = false;
};

task<result<void>> do_migrate(store::pg_connection& db, time_source&, const db_options&) {
    auto at = co_await store::migrate(db);
    if (!at) co_return std::move(at).error();
    std::cout << "schema version " << *at << '\n';
    co_return result<void>{};
}

using archive = std::shared_ptr<store::vault>;

/// Null: the configuration wants none.
result<archive> archive_of(const store_choice& where) {
    const auto how = find_archive(where);
    if (!how) return failure{errc::malformed, "nothing was changed"};
    if (!how->wanted()) return archive{};
    auto opened = open_archive(where);
    if (!opened) return std::move(opened).error();
    return archive(*std::move(opened));
}

task<result<void>> write_out(
    asio::any_io_executor loop, time_source& time, store::pg_options from, archive to,
    store::archive_request what
) {
    auto done =
        co_await store::archive_day(std::move(loop), time, std::move(from), *to, std::move(what));
    if (!done) co_return std::move(done).error();
    co_return result<void>{};
}

task<result<void>> do_retain(store::pg_connection& db, time_source& time, const db_options& opt) {
    store::retention_options how;
    how.keep = std::chrono::days{opt.keep_days};
    if (opt.keep_days == 0) {
        const auto said = find_retention(opt.where);
        if (!said) co_return failure{errc::malformed, "nothing was changed"};
        how.keep = *said;
    }
    how.dry_run = opt.dry_run;
    auto vault  = opt.dry_run ? result<archive>(nullptr) : archive_of(opt.where);
    if (!vault) co_return std::move(vault).error();
    auto reader = find_store(opt.where, store_user::reader);
    if (*vault && reader) {
        const auto loop = co_await asio::this_coro::executor;
        how.archive     = [loop, &time, to = *vault, from = *reader](auto day, auto clusters) {
            return write_out(loop, time, from, to, {day, clusters, FALCONER_VERSION});
        };
    }
    auto report = co_await store::retain(db, time, time.utc(), how);
    if (!report) co_return std::move(report).error();
    if (opt.dry_run) std::cout << "nothing was changed; a run would do this\n";
    std::cout << "period in days " << how.keep.count() << "\ndays dropped " << report->days_dropped
              << "\ndays rewritten " << report->days_rewritten << "\ndays on hold "
              << report->days_on_hold << "\nevents removed " << report->rows_removed
              << "\nevents kept in rewritten days " << report->rows_kept << " (on hold "
              << report->rows_on_hold << ")\nbodies and tallies removed " << report->aside_removed
              << "\ntexts removed " << report->texts_removed << "\nidentities removed "
              << report->clusters_removed << '\n';
    co_return result<void>{};
}

task<result<void>> do_status(store::pg_connection& db, time_source&, const db_options& opt) {
    co_return co_await print_status(
        db, opt.json ? status_format::json : status_format::text,
        opt.exact ? status_counting::exact : status_counting::estimated
    );
}

using verb = task<result<void>> (*)(store::pg_connection&, time_source&, const db_options&);

}  // namespace

void add_db_command(CLI::App& root, int& exit_code) {
    auto  opt = std::make_shared<db_options>();
    auto* db  = root.add_subcommand("db", "The store's schema and care");
    db->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, store_user who, verb act) {
        auto* sub = db->add_subcommand(name, what);
        sub->footer("Example:\n  falconer db " + std::string(name) + " --data ./falconer-data");
        add_store_options(*sub, opt->where);
        sub->callback([opt, who, act, &exit_code] {
            exit_code =
                with_store(opt->where, who, [opt, act](store::pg_connection& c, time_source& time) {
                    return act(c, time, *opt);
                });
        });
        return sub;
    };
    add("migrate", "Brings the store to this program's schema", store_user::migrator, do_migrate);
    auto* status = add("status", "Shows what the store holds", store_user::reader, do_status);
    status->add_flag("--json", opt->json, "For programs");
    status->add_flag(
        "--exact", opt->exact,
        "Counts every day's events, however long that takes; when a cluster was last heard of is "
        "told to the minute all the same"
    );
    add_db_archive_command(*db, exit_code);
    add_db_backup_command(*db, exit_code);
    add_db_restore_command(*db, exit_code);
    add_import_legacy_command(*db, exit_code);
    add_db_policy_command(*db, exit_code);
    add_db_keeping_commands(*db, exit_code);
    auto* retain =
        add("retain", "Removes what is older than its retention period", store_user::migrator,
            do_retain);
    retain
        ->add_option(
            "--keep-days", opt->keep_days,
            "Days of receipt to keep where `falconer db period` says nothing; default: "
            "store.retentionDays of the configuration"
        )
        ->transform(a_decimal)
        ->check(CLI::Range(1, 36500));
    retain->add_flag("--dry-run", opt->dry_run, "Only says what would go");
}

}  // namespace falconer::cli
