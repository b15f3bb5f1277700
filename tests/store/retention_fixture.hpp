// A store with the days from 2021-02-25 to 2021-03-11, of four clusters, seen on 2021-03-10.
#pragma once

#include "pg_fixture.hpp"
#include "store/retention.hpp"

namespace falconer::store::test {

using namespace std::chrono_literals;
using std::chrono::days;

inline constexpr utc_time now{std::chrono::sys_days{std::chrono::year{2021} / 3 / 10} + 12h};

/// The tests' date is not the server's.
inline constexpr std::chrono::minutes whenever = std::chrono::hours{24 * 365 * 100};

class RetentionTest : public pg_fixture {
protected:
    pg_connection::ptr store;

    void SetUp() override {
        pg_fixture::SetUp();
        store = open();
        ASSERT_TRUE(await(migrate(*store)));
        make_days("2021-02-25", "2021-03-11");
        ask(*store,
            "INSERT INTO falconer.cluster (digest, identity, landscape, project) VALUES "
            "('a', 'cluster-a', 'live', 'a'), ('b', 'cluster-b', 'live', 'b'), "
            "('c', 'cluster-c', 'canary', 'a'), ('s', 'seed', NULL, NULL)");
        // Of a day after all those that tests take for today, whatever day it is.
        ask(*store,
            "INSERT INTO falconer.text (kind, digest, value, used) VALUES (1, 'r', 'rule', "
            "'2021-06-01')");
    }
    void TearDown() override {
        store.reset();
        pg_fixture::TearDown();
    }
    void make_days(const std::string& first, const std::string& last) {
        ask(*store,
            "SELECT falconer.ensure_day(d::date) FROM generate_series($1::date, $2::date, '1 day') "
            "d",
            {first, last});
    }
    static std::string event_at(const std::string& cluster, const std::string& received) {
        return "INSERT INTO falconer.event (received, time, id, cluster, rule, priority, flags, "
               "time_nanos, output_fields) SELECT '" +
               received + "', '" + received +
               "', gen_random_uuid(), c.id, 1, 2, 0, 0, '{\"k\": 1}' FROM falconer.cluster c WHERE "
               "identity = '" +
               cluster + "'";
    }
    void put(const std::string& cluster, const std::string& received) {
        EXPECT_EQ(ask(*store, event_at(cluster, received)), "");
    }
    void hold(const std::string& columns, const std::string& values) {
        EXPECT_EQ(
            ask(*store, "INSERT INTO falconer.legal_hold (reason, placed_by, " + columns +
                            ") VALUES ('case 7', 'legal', " + values + ")"),
            ""
        );
    }
    void keep(const std::string& landscape, const std::string& project, int period) {
        EXPECT_EQ(
            ask(*store, "INSERT INTO falconer.retention VALUES ($1, $2, $3)",
                {landscape, project, std::to_string(period)}),
            ""
        );
    }
    retention_report retained(retention_options opt = {.keep = days{7}}, utc_time at = now) {
        opt.clocks_apart = whenever;
        opt.hold_limit   = 30s;  // a slow machine is no reason to try again
        auto report      = await(retain(*store, time, at, opt));
        if (!report) throw std::runtime_error(report.error().detail);
        return *report;
    }
    std::string partitions() {
        return ask(
            *store,
            "SELECT count(*) || ' ' || min(inhrelid::regclass::text) FROM pg_inherits "
            "WHERE inhparent = 'falconer.event'::regclass"
        );
    }
    /// "a 02-25, b 03-01": whose events of which days there are.
    std::string events() {
        return ask(
            *store,
            "SELECT coalesce(string_agg(concat_ws(' ', substr(identity, 9), to_char(received AT "
            "TIME ZONE 'UTC', 'MM-DD')), ', ' ORDER BY received, identity), '') FROM "
            "falconer.event e JOIN falconer.cluster c ON c.id = e.cluster"
        );
    }
};

}  // namespace falconer::store::test
