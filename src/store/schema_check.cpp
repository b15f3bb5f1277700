#include "schema_check.hpp"

#include "migrations.hpp"

#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// A slow store is not one of another schema; whoever may not wait so long has a limit of his own.
constexpr auto patience = 60s;

struct schema {
    int version    = 0;  // 0: there is none at all
    int compatible = 0;  // programs that know less than this version cannot live with it
};

int number_of(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Whom an older migration has shut out a later one does not let in again.
constexpr auto newest =
    "SELECT max(version), max(min_compatible) FROM falconer.schema_version HAVING count(*) > 0";

/// Source: https://www.postgresql.org/docs/15/multibyte.html
constexpr std::string_view needed_encoding = "UTF8";

failure wrong_encoding(std::string_view is) {
    return {
        errc::broken, "the store's database has the encoding " + std::string(is) +
                          ", which cannot hold every event; Falconer needs UTF8: make another one "
                          "with CREATE DATABASE falconer ENCODING 'UTF8' TEMPLATE template0"
    };
}

task<result<schema>> schema_of(pg_connection& db) {
    auto there = co_await db.query(
        "SELECT to_regclass('falconer.schema_version') IS NOT NULL", {}, patience
    );
    if (!there) co_return std::move(there).error();
    if (there->at(0, 0) != "t") co_return schema{};
    auto rows = co_await db.query(newest, {}, patience);
    if (!rows) co_return std::move(rows).error();
    schema found;
    if (rows->size() > 0) found = {number_of(rows->at(0, 0)), number_of(rows->at(0, 1))};
    co_return found;
}

int ours() {
    return known_migrations().back().version;
}

failure too_new(const schema& found) {
    return {
        errc::conflict, "the store has schema version " + std::to_string(found.version) +
                            ", this program knows version " + std::to_string(ours()) +
                            " and is too old for it: start the newer falconer"
    };
}

}  // namespace

task<result<void>> check_encoding(pg_connection& db) {
    auto is = co_await db.query("SHOW server_encoding", {}, patience);
    if (!is) co_return std::move(is).error().while_doing("looking at the store's encoding");
    if (is->at(0, 0) != needed_encoding) co_return wrong_encoding(is->at(0, 0));
    co_return result<void>{};
}

task<result<int>> check_schema(pg_connection& db) {
    auto readable = co_await check_encoding(db);
    if (!readable) co_return std::move(readable).error();
    auto found = co_await schema_of(db);
    if (!found) co_return std::move(found).error().while_doing("looking at the store's schema");
    if (found->compatible > ours()) co_return too_new(*found);
    if (found->version >= ours()) co_return found->version;
    const std::string is = found->version == 0
                               ? "has no schema"
                               : "has schema version " + std::to_string(found->version);
    co_return failure{
        errc::broken, "the store " + is + ", this program needs version " + std::to_string(ours()) +
                          ": run 'falconer db migrate --config FILE', or set store.migrateAtStart"
    };
}

task<result<void>> check_not_too_new(pg_connection& db) {
    auto found = co_await schema_of(db);
    if (!found) co_return std::move(found).error().while_doing("looking at the store's schema");
    if (found->compatible > ours()) co_return too_new(*found);
    co_return result<void>{};
}

task<result<pg_connection::ptr>> open_checked(
    asio::any_io_executor loop, time_source& time, pg_options opt
) {
    auto opened = co_await pg_connection::open(std::move(loop), time, std::move(opt));
    if (!opened) co_return std::move(opened).error();
    auto found = co_await check_schema(**opened);
    if (!found && worth_retrying(found.error())) co_return std::move(found).error();
    // No fault of what somebody wants to store here, whatever the reason is called.
    if (!found) co_return failure{errc::broken, found.error().detail};
    co_return std::move(*opened);
}

}  // namespace falconer::store
