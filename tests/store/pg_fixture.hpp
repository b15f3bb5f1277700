// A database of its own for each test, in the shared private cluster, and gone afterwards.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/steady_time_source.hpp"
#include "store/migrations.hpp"
#include "store/pg_connection.hpp"
#include "support/actor_fixture.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>

namespace falconer::store::test {

class pg_fixture : public ::testing::Test {
protected:
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    pg_options         there = options();  // the superuser, trusted, in this test's database
    std::string        login;              // a user with the password "falcon"

    static pg_options options() {
        const char* path = std::getenv("FALCONER_TEST_PG");
        if (!path) throw std::runtime_error("FALCONER_TEST_PG is not set: run me by ctest");
        std::map<std::string, std::string> env;
        std::ifstream                      file(path);
        for (std::string line; std::getline(file, line);)
            env[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
        pg_options o;
        o.host              = env.at("host");
        o.port              = static_cast<std::uint16_t>(std::stoi(env.at("port")));
        o.user              = "postgres";
        o.database          = "postgres";
        o.connect_limit     = std::chrono::seconds(30);
        o.statement_timeout = std::chrono::seconds(30);
        return o;
    }
    void SetUp() override {
        const auto name =
            "t" + std::to_string(::getpid()) + "_" + uuid::random().text().substr(0, 8);
        auto admin = open();
        ASSERT_EQ(ask(*admin, "CREATE DATABASE " + name), "");
        ASSERT_EQ(ask(*admin, "CREATE ROLE " + name + " LOGIN PASSWORD 'falcon'"), "");
        there.database = login = name;
    }
    void TearDown() override {
        auto opt   = options();
        auto admin = await(pg_connection::open(loop.get_executor(), time, opt));
        ASSERT_TRUE(admin) << admin.error().detail;
        EXPECT_EQ(ask(**admin, "DROP DATABASE " + login + " WITH (FORCE)"), "");
        EXPECT_EQ(ask(**admin, "DROP ROLE " + login), "");
    }
    template <class T>
    T await(task<T> work) {
        return falconer::test::run(loop, std::move(work));
    }
    result<pg_connection::ptr> open(pg_options opt) {
        return await(pg_connection::open(loop.get_executor(), time, std::move(opt)));
    }
    pg_connection::ptr open() {
        auto opened = open(there);
        if (!opened) throw std::runtime_error(opened.error().detail);
        return std::move(*opened);
    }
    /// Asks again and again until the answer is `is`; what is under way in the loop goes on.
    bool answers(pg_connection& c, const std::string& sql, std::string_view is) {
        const auto end = time.now() + falconer::test::patience;
        while (ask(c, sql) != is) {
            if (time.now() > end) return false;
            loop.restart();
            loop.run_for(std::chrono::milliseconds(5));
        }
        return true;
    }
    /// Until all that has been committed may be counted and followed. Every transaction of the
    /// server counts, and other tests are at work in other databases of it.
    void until_countable(pg_connection& c) {
        const auto mine = ask(c, "SELECT pg_current_xact_id()");
        const auto end  = time.now() + std::chrono::seconds(120);
        while (ask(c,
                   "SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 FROM pg_sleep(0.01)",
                   {mine}) != "t")
            if (time.now() > end) throw std::runtime_error("an old transaction does not end");
    }
    /// How many others in this database wait for a lock that somebody holds.
    static constexpr auto waiting_for_locks =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event_type = 'Lock'";

    /// One value, or the failure's text.
    std::string ask(pg_connection& c, std::string sql, pg_connection::params values = {}) {
        auto rows = await(c.query(std::move(sql), std::move(values), std::chrono::seconds(30)));
        if (!rows) return rows.error().detail;
        return rows->size() > 0 ? std::string(rows->at(0, 0)) : "";
    }
};

}  // namespace falconer::store::test
