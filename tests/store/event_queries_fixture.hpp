// A real PostgreSQL with some events, and the console's questions.
#pragma once

#include "pg_fixture.hpp"
#include "store/pg_event_queries.hpp"
#include "store/pg_event_store.hpp"
#include "store/rollups.hpp"

#include <memory>
#include <string>
#include <vector>

namespace falconer::store::test {

using namespace std::chrono_literals;
using part = event_texts::part;

inline constexpr auto team_a = "shoot--a--web-11111111-2222-4333-8444-555555555555-live";
inline constexpr auto team_b = "shoot--b--db-66666666-7777-4888-8999-aaaaaaaaaaaa-live";

class event_queries_fixture : public pg_fixture {
protected:
    pg_connection::ptr                admin;
    std::unique_ptr<pg_event_store>   store;
    std::unique_ptr<pg_event_queries> queries;
    utc_time noon = std::chrono::floor<std::chrono::days>(time.utc()) - 12h;  // of yesterday

    void SetUp() override {
        pg_fixture::SetUp();
        admin     = open();
        auto done = await(migrate(*admin));
        ASSERT_TRUE(done) << done.error().detail;
        store = std::make_unique<pg_event_store>(
            loop.get_executor(), time,
            pg_event_store::options{.postgres = there, .insert_limit = 30s}
        );
        make_queries({});
    }
    void make_queries(pg_event_queries::options opt) {
        opt.pool.postgres = there;
        queries = std::make_unique<pg_event_queries>(loop.get_executor(), time, std::move(opt));
    }
    void TearDown() override {
        queries.reset();
        store.reset();
        admin.reset();
        pg_fixture::TearDown();
    }
    falco_event event(std::string cluster, std::string_view rule, utc_time received) const {
        falco_event e;
        e.from     = std::make_shared<const cluster_identity>(cluster_identity{std::move(cluster)});
        e.id       = uuid::random();
        e.received = received;
        e.time     = event_time_of(received);
        e.level    = priority::error;
        e.texts.put(part::rule, rule);
        e.texts.put(
            part::output_fields, R"({"proc.name": "cat", "evt.time": 1794788426779200001})"
        );
        return e;
    }
    /// The roll-ups know of everything that is there.
    void count_all() {
        metrics_registry metrics;
        rollups counting(loop.get_executor(), time, metrics, rollup_options{.postgres = there});
        until_countable(*admin);
        auto counted = await(counting.once());
        ASSERT_TRUE(counted) << counted.error().detail;
    }
    void insert(std::vector<falco_event> events) {
        record_batch b;
        b.id = uuid::random();
        for (auto& each : events) b.records.emplace_back(std::move(each));
        auto how = await(store->insert(b));
        ASSERT_TRUE(how) << how.error().detail;
    }
    event_search search(std::string_view filter = "", readable_clusters who = {.everything = true})
        const {
        event_search it{.who = std::move(who), .patience = 30s};
        it.what = std::get<filter::node_ptr>(filter::parse(filter, time.utc()));
        return it;
    }
    event_slice page(std::string_view filter = "", std::size_t limit = 50) {
        page_search what;
        what.search = search(filter);
        what.limit  = limit;
        return page(std::move(what));
    }
    event_slice page(page_search what) {
        auto got = await(queries->page(std::move(what)));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    static std::string rules_of(const event_slice& of) {
        std::string all;
        for (const auto& each : of.events) all += (all.empty() ? "" : " ") + each.rule;
        return all;
    }
};

}  // namespace falconer::store::test
