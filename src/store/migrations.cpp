#include "migrations.hpp"

#include "schema_check.hpp"

#include <algorithm>
#include <charconv>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

// A number of our own choosing; whoever migrates holds it.
constexpr auto lock   = "SELECT pg_advisory_lock(7205759403792794)";
constexpr auto unlock = "SELECT pg_advisory_unlock(7205759403792794)";

// Looked up first: a store that is ready needs no right to create anything.
constexpr auto is_new  = "SELECT to_regclass('falconer.schema_version') IS NULL";
constexpr auto history = R"(
CREATE SCHEMA IF NOT EXISTS falconer;
CREATE TABLE falconer.schema_version (
    version        int PRIMARY KEY,
    name           text NOT NULL,
    checksum       text NOT NULL,
    min_compatible int NOT NULL,  -- the oldest schema whose programs can live with this one
    applied        timestamptz NOT NULL DEFAULT now()
))";

constexpr auto checksum = "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')";

int number_of(std::string_view text) {
    int n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

const migration* ours_of(int version) {
    const auto known = known_migrations();
    const auto which = std::ranges::find(known, version, &migration::version);
    return which == known.end() ? nullptr : &*which;
}

/// The newest that this program knows. Numbers may have gaps.
int newest() {
    return known_migrations().back().version;
}

failure changed(const migration& which) {
    return {
        errc::conflict,
        "migration " + std::to_string(which.version) + " differs from the one applied"
    };
}

/// The version applied last, if all before it are ours too.
task<result<int>> version_of(pg_connection& store) {
    auto rows = co_await store.query(
        "SELECT version, checksum, (SELECT max(min_compatible) FROM falconer.schema_version) "
        "FROM falconer.schema_version ORDER BY version",
        {}, patience
    );
    if (!rows) co_return std::move(rows).error();
    int at = 0;
    for (int row = 0; row < rows->size(); ++row) {
        at               = number_of(rows->at(row, 0));
        const auto* ours = ours_of(at);
        if (ours == nullptr) {
            if (number_of(rows->at(row, 2)) <= newest()) continue;
            co_return failure{
                errc::conflict,
                "the store's schema is newer than this program: start the newer falconer"
            };
        }
        pg_connection::params text;
        text.emplace_back(ours->sql);
        auto sum = co_await store.query(checksum, std::move(text), patience);
        if (!sum) co_return std::move(sum).error();
        if (sum->at(0, 0) != rows->at(row, 1)) co_return changed(*ours);
    }
    co_return at;
}

/// A script is one transaction: its statements travel in one message.
task<result<void>> apply(pg_connection& store, const migration& next) {
    std::string script(next.sql);
    script +=
        ";\nINSERT INTO falconer.schema_version (version, name, checksum, min_compatible) VALUES "
        "(" +
        std::to_string(next.version) + ", '" + std::string(next.name) +
        "', encode(sha256(convert_to($falconer$" + std::string(next.sql) +
        "$falconer$, 'UTF8')), 'hex'), 1)";
    const auto doing = "migration " + std::string(next.name);  // named: GCC 12 suspects a temporary
    auto       done  = co_await store.run_script(std::move(script), patience);
    result<void> verdict;
    if (!done) verdict = std::move(done).error().while_doing(doing);
    co_return verdict;
}

task<result<int>> migrate_locked(pg_connection& store) {
    auto missing = co_await store.query(is_new, {}, patience);
    if (!missing) co_return std::move(missing).error();
    if (missing->at(0, 0) == "t") {
        auto made = co_await store.run_script(history, patience);
        if (!made) co_return std::move(made).error();
    }
    auto at = co_await version_of(store);
    if (!at) co_return std::move(at).error();
    for (const auto& next : known_migrations()) {
        if (next.version <= *at) continue;
        auto done = co_await apply(store, next);
        if (!done) co_return std::move(done).error();
        *at = next.version;
    }
    // A newer program has granted already what its schema needs, which we do not know.
    if (*at <= newest()) {
        auto granted = co_await store.run_script(std::string(grants_script()), patience);
        if (!granted) co_return std::move(granted).error().while_doing("granting privileges");
    }
    co_return *at;
}

}  // namespace

task<result<int>> migrate(pg_connection& store) {
    auto readable = co_await check_encoding(store);
    if (!readable) co_return std::move(readable).error();
    auto held = co_await store.query(lock, {}, patience);
    if (!held) co_return std::move(held).error().while_doing("waiting for another migration");
    auto at = co_await migrate_locked(store);
    if (store.usable()) static_cast<void>(co_await store.query(unlock, {}, patience));
    co_return at;
}

}  // namespace falconer::store
