#include "store_check.hpp"

#include "store/migrations.hpp"

#include <charconv>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// The schema's version; 0 when there is none at all.
task<result<int>> version_of(store::pg_connection& db) {
    auto there =
        co_await db.query("SELECT to_regclass('falconer.schema_version') IS NOT NULL", {}, 5s);
    if (!there) co_return std::move(there).error();
    if (there->at(0, 0) != "t") co_return 0;
    auto rows =
        co_await db.query("SELECT coalesce(max(version), 0) FROM falconer.schema_version", {}, 5s);
    if (!rows) co_return std::move(rows).error();
    const auto text    = rows->at(0, 0);
    int        version = 0;
    std::from_chars(text.data(), text.data() + text.size(), version);
    co_return version;
}

}  // namespace

task<result<void>> prepare_store(
    asio::any_io_executor loop, time_source& time, const store_configuration& how
) {
    auto login = how.postgres;
    if (how.migrate_at_start) login = how.as_migrator();
    login.statement_timeout = 60s;
    auto opened             = co_await store::pg_connection::open(loop, time, login);
    if (!opened) co_return std::move(opened).error();
    if (how.migrate_at_start) {
        auto done = co_await store::migrate(**opened);
        if (!done) co_return std::move(done).error().while_doing("migrating the store");
        co_return result<void>{};
    }
    auto found = co_await version_of(**opened);
    if (!found) co_return std::move(found).error().while_doing("looking at the store's schema");
    const int wanted = store::known_migrations().back().version;
    if (*found >= wanted) co_return result<void>{};
    const std::string is =
        *found == 0 ? "has no schema" : "has schema version " + std::to_string(*found);
    co_return failure{
        errc::broken, "the store " + is + ", this program needs version " + std::to_string(wanted) +
                          ": run 'falconer db migrate --config FILE', or set store.migrateAtStart"
    };
}

}  // namespace falconer::app
