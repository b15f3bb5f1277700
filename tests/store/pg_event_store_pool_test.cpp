#include "store/pg_event_store_pool.hpp"

#include "pg_fixture.hpp"

#include <asio/co_spawn.hpp>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

class PgEventStorePoolTest : public test::pg_fixture {
protected:
    pg_connection::ptr                   admin;
    std::unique_ptr<pg_event_store_pool> pool;
    int                                  stored = 0;

    void SetUp() override {
        pg_fixture::SetUp();
        admin     = open();
        auto done = await(migrate(*admin));
        ASSERT_TRUE(done) << done.error().detail;
        pg_event_store::options opt;
        opt.postgres     = there;
        opt.insert_limit = 30s;
        pool             = std::make_unique<pg_event_store_pool>(loop.get_executor(), time, opt, 2);
    }
    void TearDown() override {
        pool.reset();
        admin.reset();
        pg_fixture::TearDown();
    }
    static record_batch one_event(const uuid& id) {
        static const auto cluster = std::make_shared<const cluster_identity>(cluster_identity{"a"});
        falco_event       e;
        e.from     = cluster;
        e.id       = id;
        e.received = std::chrono::system_clock::now();
        e.time     = event_time_of(e.received);
        e.texts.put(event_texts::part::rule, "r");
        e.texts.put(event_texts::part::output_fields, R"({"a":1})");
        record_batch b;
        b.id = uuid::random();
        b.records.emplace_back(std::move(e));
        return b;
    }
    /// A coroutine of the test's own: it takes its batch by value.
    static task<void> store_one(pg_event_store_pool& into, record_batch batch, int& count) {
        auto how = co_await into.insert(batch);
        if (how && how->front() == stored_as::committed) ++count;
    }
    void run_until(const std::function<bool()>& met) {
        ASSERT_TRUE(falconer::test::eventually(loop, met));
    }
};

TEST_F(PgEventStorePoolTest, MoreInsertsThanConnectionsWaitTheirTurn) {
    task_scope scope(loop.get_executor());
    for (int i = 0; i < 20; ++i)
        scope.spawn("insert", store_one(*pool, one_event(uuid::random()), stored));
    run_until([&] { return stored == 20; });
    EXPECT_EQ(pool->idle(), 2u);
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.event"), "20");
    await(scope.stop());
}

TEST_F(PgEventStorePoolTest, WhoGivesUpWaitingCostsNobodyAPlace) {
    auto watcher = open();  // within a transaction the same is seen again and again
    ask(*admin, "BEGIN");
    ask(*admin, "LOCK TABLE falconer.event IN ACCESS EXCLUSIVE MODE");
    task_scope first(loop.get_executor()), gives_up(loop.get_executor()), last(loop.get_executor());
    for (int i = 0; i < 2; ++i)
        first.spawn("insert", store_one(*pool, one_event(uuid::random()), stored));
    run_until([&] { return pool->idle() == 0; });
    int unseen = 0;
    for (int i = 0; i < 3; ++i)
        gives_up.spawn("insert", store_one(*pool, one_event(uuid::random()), unseen));
    last.spawn("insert", store_one(*pool, one_event(uuid::random()), stored));
    EXPECT_TRUE(answers(*watcher, waiting_for_locks, "2")) << "and the others wait for these";
    await(gives_up.stop());
    ask(*admin, "COMMIT");
    run_until([&] { return stored == 3; });
    EXPECT_EQ(pool->idle(), 2u);
    EXPECT_EQ(unseen, 0);
    await(first.stop());
    await(last.stop());
}

}  // namespace
}  // namespace falconer::store
