#include "store_check.hpp"

#include "store/migrations.hpp"

#include <charconv>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

struct schema {
    int version    = 0;  // 0: there is none at all
    int compatible = 0;  // programs that know less than this version cannot live with it
};

int number_of(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

task<result<schema>> schema_of(store::pg_connection& db) {
    auto there =
        co_await db.query("SELECT to_regclass('falconer.schema_version') IS NOT NULL", {}, 5s);
    if (!there) co_return std::move(there).error();
    if (there->at(0, 0) != "t") co_return schema{};
    auto rows = co_await db.query(
        "SELECT version, min_compatible FROM falconer.schema_version ORDER BY version DESC LIMIT 1",
        {}, 5s
    );
    if (!rows) co_return std::move(rows).error();
    schema found;
    if (rows->size() > 0) found = {number_of(rows->at(0, 0)), number_of(rows->at(0, 1))};
    co_return found;
}

failure too_new(const schema& found, int ours) {
    return {
        errc::conflict, "the store has schema version " + std::to_string(found.version) +
                            ", this program knows version " + std::to_string(ours) +
                            " and is too old for it: start the newer falconer"
    };
}

}  // namespace

task<result<int>> check_schema(store::pg_connection& db) {
    auto found = co_await schema_of(db);
    if (!found) co_return std::move(found).error().while_doing("looking at the store's schema");
    const int wanted = store::known_migrations().back().version;
    if (found->compatible > wanted) co_return too_new(*found, wanted);
    if (found->version >= wanted) co_return found->version;
    const std::string is = found->version == 0
                               ? "has no schema"
                               : "has schema version " + std::to_string(found->version);
    co_return failure{
        errc::broken, "the store " + is + ", this program needs version " + std::to_string(wanted) +
                          ": run 'falconer db migrate --config FILE', or set store.migrateAtStart"
    };
}

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
    auto found = co_await check_schema(**opened);
    if (!found) co_return std::move(found).error();
    co_return result<void>{};
}

}  // namespace falconer::app
