// An event store on a database of its own, whose days are the test's.
#pragma once

#include "pg_fixture.hpp"
#include "store/pg_event_store.hpp"

namespace falconer::store::test {

inline constexpr utc_time noon{
    std::chrono::sys_days{std::chrono::year{2026} / 3 / 10} + std::chrono::hours{12}
};

/// Waits in real time; what the store takes for today is the test's.
class calendar final : public time_source {
public:
    explicit calendar(time_source& real) : real_(real) {}
    steady_time           now() const noexcept override { return real_.now(); }
    utc_time              utc() const noexcept override { return today; }
    std::unique_ptr<bell> make_bell() override { return real_.make_bell(); }

    utc_time today = noon;

private:
    time_source& real_;
};

/// What it stores is of one cluster, on that day at noon, unless a test says otherwise.
class event_store_fixture : public pg_fixture {
protected:
    using verdicts = std::vector<stored_as>;

    calendar                        clock{time};
    pg_connection::ptr              admin;
    std::unique_ptr<pg_event_store> store;

    void SetUp() override {
        pg_fixture::SetUp();
        admin     = open();
        auto done = await(migrate(*admin));
        ASSERT_TRUE(done) << done.error().detail;
        store = make_store();
    }
    void TearDown() override {
        store.reset();
        admin.reset();
        pg_fixture::TearDown();
    }
    std::unique_ptr<pg_event_store> make_store(
        std::chrono::milliseconds limit            = std::chrono::seconds{30},
        std::size_t               dictionary_bytes = 8 << 20
    ) {
        return std::make_unique<pg_event_store>(
            loop.get_executor(), clock,
            pg_event_store::options{
                .postgres = there, .insert_limit = limit, .dictionary_bytes = dictionary_bytes
            }
        );
    }
    static cluster_ref cluster(std::string name) {
        return std::make_shared<const cluster_identity>(cluster_identity{std::move(name)});
    }
    falco_event event(std::string_view rule, std::string_view fields = R"({"a": 1})") const {
        falco_event e;
        e.from     = cluster("shoot--garden--a-5ad2ab3e-1c1e-4f3d-8a2b-0d0d8e0a6b11-live");
        e.id       = uuid::random();
        e.time     = event_time_of(clock.today);
        e.received = clock.today;
        e.level    = priority::critical;
        e.texts.put(event_texts::part::rule, rule);
        e.texts.put(event_texts::part::output_fields, fields);
        return e;
    }
    static record_batch batch(std::vector<ingest_record> records) {
        record_batch b;
        b.id      = uuid::random();
        b.records = std::move(records);
        return b;
    }
    std::vector<stored_as> insert(const record_batch& b) {
        auto how = await(store->insert(b));
        if (!how) throw std::runtime_error(how.error().detail);
        return std::move(*how);
    }
    std::string count(const std::string& table) {
        return ask(*admin, "SELECT count(*) FROM falconer." + table);
    }
};

}  // namespace falconer::store::test
