// So many batches through the store, as an ingestor sends them, for store_cost.py: it counts what
// PostgreSQL does for them.
//
//   store_cost FOLDER_OF_SOCKET DATABASE EVENTS.ndjson BATCHES EVENTS_A_BATCH
#include "falconer/steady_time_source.hpp"
#include "ingest/event_json.hpp"
#include "store/migrations.hpp"
#include "store/pg_event_store.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace falconer {
namespace {

using namespace std::chrono_literals;

constexpr auto        patience = 600s;  // a server that is looked at works fifty times as long
constexpr std::size_t clusters = 200;

struct work {
    store::pg_options        there{};
    std::vector<falco_event> samples{};
    std::size_t              batches = 0, events = 0;  // in each
};

template <class T>
T must(result<T> got) {
    if (!got) throw std::runtime_error(got.error().detail);
    return *std::move(got);
}

std::vector<falco_event> read_samples(const char* path, utc_time now) {
    std::vector<falco_event> all;
    std::ifstream            file(path);
    for (std::string line; std::getline(file, line);) {
        auto verdict = ingest::check_event_of_any_cluster(line, now);
        if (verdict.what != ingest::event_verdict::kind::store)
            throw std::runtime_error("no event: " + verdict.reason);
        all.push_back(std::move(verdict.event));
    }
    if (all.empty()) throw std::runtime_error(std::string("no events in ") + path);
    return all;
}

task<std::string> ask(store::pg_connection& admin, std::string sql) {
    auto rows = co_await admin.query(std::move(sql), {}, patience);
    co_return std::string(must(std::move(rows)).at(0, 0));
}

/// Prints the number of the server's process that stored, and the WAL's growth: "PID BYTES".
task<void> store_all(asio::any_io_executor loop, time_source& time, const work& what) {
    auto opened = co_await store::pg_connection::open(loop, time, what.there);
    auto admin  = must(std::move(opened));
    auto made   = co_await store::migrate(*admin);
    must(std::move(made));

    std::vector<cluster_ref> senders;
    for (std::size_t i = 0; i < clusters; ++i)
        senders.push_back(std::make_shared<const cluster_identity>(cluster_identity{
            "shoot--load--c" + std::to_string(i) + "-00000000-0000-4000-8000-000000000000-local"
        }));

    store::pg_event_store into(loop, time, {.postgres = what.there, .insert_limit = patience});
    std::string           begin;
    std::size_t           n = 0;
    for (std::size_t i = 0; i <= what.batches; ++i) {
        // The first one connects, makes the days and learns the texts.
        if (i < 2) {
            std::string where = "SELECT pg_current_wal_insert_lsn()";
            begin             = co_await ask(*admin, std::move(where));
        }
        record_batch batch;
        batch.id = uuid::random();
        for (std::size_t each = 0; each < (i == 0 ? clusters : what.events); ++each, ++n) {
            auto event     = what.samples[n % what.samples.size()];
            event.id       = uuid::random();
            event.received = time.utc();
            event.time     = event_time_of(event.received - 1s);
            event.from     = senders[n % clusters];
            batch.records.emplace_back(std::move(event));
        }
        auto stored = co_await into.insert(batch);
        must(std::move(stored));
    }
    std::string grown = "SELECT pg_current_wal_insert_lsn() - '" + begin + "'::pg_lsn";
    std::string who =
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
        "pid <> pg_backend_pid() AND backend_type = 'client backend'";
    const auto bytes = co_await ask(*admin, std::move(grown));
    const auto pid   = co_await ask(*admin, std::move(who));
    std::printf("%s %s\n", pid.c_str(), bytes.c_str());
}

std::size_t number(std::string_view text) {
    std::size_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

int run(char** arguments) {
    asio::io_context   loop{1};
    steady_time_source time(loop.get_executor());
    work               what;
    what.there.host              = arguments[1];
    what.there.database          = arguments[2];
    what.there.user              = "postgres";
    what.there.connect_limit     = patience;
    what.there.statement_timeout = patience;
    what.samples                 = read_samples(arguments[3], time.utc());
    what.batches                 = number(arguments[4]);
    what.events                  = number(arguments[5]);
    std::exception_ptr broken;
    asio::co_spawn(loop, store_all(loop.get_executor(), time, what), [&](std::exception_ptr how) {
        broken = std::move(how);
    });
    loop.run();
    if (broken) std::rethrow_exception(broken);
    return 0;
}

}  // namespace
}  // namespace falconer

int main(int count, char** arguments) {
    if (count != 6) {
        std::fputs(
            "usage: store_cost FOLDER_OF_SOCKET DATABASE EVENTS BATCHES EVENTS_A_BATCH\n", stderr
        );
        return 2;
    }
    try {
        return falconer::run(arguments);
    } catch (const std::exception& why) {
        std::fprintf(stderr, "store_cost: %s\n", why.what());
        return 1;
    }
}
