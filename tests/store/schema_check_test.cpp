#include "store/schema_check.hpp"

#include "pg_fixture.hpp"
#include "store/pg_event_store.hpp"

#include <gmock/gmock.h>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto too_old = "is too old for it: start the newer falconer";

class SchemaCheckTest : public test::pg_fixture {
protected:
    pg_connection::ptr admin;

    void SetUp() override {
        pg_fixture::SetUp();
        admin = open();
    }
    void TearDown() override {
        admin.reset();
        pg_fixture::TearDown();
    }
    void prepare() {
        auto done = await(migrate(*admin));
        ASSERT_TRUE(done) << done.error().detail;
    }
    /// As a later Falconer would leave it.
    void become_newer(int version, int compatible) {
        ask(*admin, "INSERT INTO falconer.schema_version VALUES (" + std::to_string(version) +
                        ", 'later', '', " + std::to_string(compatible) + ")");
    }
    std::string check() {
        auto found = await(check_schema(*admin));
        return found ? std::to_string(*found) : found.error().detail;
    }
};

TEST_F(SchemaCheckTest, SaysWhatIsMissing) {
    EXPECT_THAT(check(), HasSubstr("has no schema"));
    EXPECT_TRUE(await(check_not_too_new(*admin)));
    prepare();
    const auto ours = known_migrations().back().version;
    EXPECT_EQ(check(), std::to_string(ours));
    ask(*admin, "DELETE FROM falconer.schema_version WHERE version = " + std::to_string(ours));
    EXPECT_THAT(check(), HasSubstr("run 'falconer db migrate"));
    EXPECT_TRUE(await(check_not_too_new(*admin)));
}

TEST_F(SchemaCheckTest, ADatabaseThatIsNotInUtf8IsRefusedByWhoeverMeetsIt) {
    const auto name = there.database + "_latin";
    ASSERT_EQ(
        ask(*admin, "CREATE DATABASE " + name +
                        " ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"),
        ""
    );
    auto elsewhere     = there;
    elsewhere.database = name;
    {
        auto latin = open(elsewhere);
        ASSERT_TRUE(latin) << latin.error().detail;
        const auto told = HasSubstr("has the encoding LATIN1, which cannot hold every event");
        auto       done = await(migrate(**latin));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, errc::broken);
        EXPECT_THAT(done.error().detail, told);
        EXPECT_EQ(ask(**latin, "SELECT to_regclass('falconer.schema_version') IS NULL"), "t");
        auto checked = await(check_schema(**latin));
        ASSERT_FALSE(checked);
        EXPECT_THAT(checked.error().detail, told);
        auto opened = await(open_checked(loop.get_executor(), time, elsewhere));
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, errc::broken) << "no fault of what is to be stored";
    }
    EXPECT_EQ(ask(*admin, "DROP DATABASE " + name + " WITH (FORCE)"), "");
}

TEST_F(SchemaCheckTest, WhatHasShutUsOutDoesNotLetUsInAgain) {
    prepare();
    become_newer(998, 1);
    EXPECT_EQ(check(), "998");
    become_newer(999, 999);
    EXPECT_THAT(check(), HasSubstr(too_old));
    become_newer(1000, 1);
    EXPECT_THAT(check(), HasSubstr(too_old)) << "version 999 still counts";
    const auto too = await(check_not_too_new(*admin));
    ASSERT_FALSE(too);
    EXPECT_EQ(too.error().code, errc::conflict);
    EXPECT_EQ(await(migrate(*admin)).error().code, errc::conflict);
}

TEST_F(SchemaCheckTest, IsLookedAtAgainAfterAReconnect) {
    prepare();
    pg_event_store store(
        loop.get_executor(), time, pg_event_store::options{.postgres = there, .insert_limit = 30s}
    );
    record_batch batch;
    batch.id = uuid::random();
    batch.records.emplace_back(event_tally{
        .from   = std::make_shared<const cluster_identity>(cluster_identity{"a"}),
        .minute = std::chrono::floor<std::chrono::minutes>(time.utc()),
        .count  = 1,
    });
    const auto insert = [&] {
        auto done = await(store.insert(batch));
        return done ? std::string("stored") : done.error().detail;
    };
    EXPECT_EQ(insert(), "stored");
    become_newer(999, 999);
    EXPECT_EQ(insert(), "stored") << "nothing is asked per batch";
    ask(*admin,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
    static_cast<void>(insert());  // on the connection that is gone
    EXPECT_THAT(insert(), HasSubstr(too_old));
    auto refused = await(store.insert(batch));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::broken) << "no fault of the batch: nobody halves it";
    ask(*admin, "DELETE FROM falconer.schema_version WHERE version = 999");
    EXPECT_EQ(insert(), "stored");
}

}  // namespace
}  // namespace falconer::store
