#include "pg_fixture.hpp"

#include <asio/experimental/awaitable_operators.hpp>

namespace falconer::store {
namespace {

class MigrationsTest : public test::pg_fixture {};

task<std::pair<bool, bool>> both(pg_connection& a, pg_connection& b) {
    using namespace asio::experimental::awaitable_operators;
    auto one             = migrate(a);
    auto other           = migrate(b);
    auto [first, second] = co_await (std::move(one) && std::move(other));
    co_return std::pair{static_cast<bool>(first), static_cast<bool>(second)};
}

TEST_F(MigrationsTest, AnEmptyDatabaseGetsTheNewestSchemaAndKeepsItOnASecondRun) {
    auto c = open();
    for (int run = 0; run < 2; ++run) {
        auto at = await(migrate(*c));
        ASSERT_TRUE(at) << at.error().detail;
        EXPECT_EQ(*at, static_cast<int>(known_migrations().size()));
    }
    EXPECT_EQ(
        ask(*c, "SELECT count(*) FROM falconer.schema_version"),
        std::to_string(known_migrations().size())
    );
}

TEST_F(MigrationsTest, TwoThatMigrateAtOnceBothSucceed) {
    auto a = open(), b = open();
    EXPECT_EQ(await(both(*a, *b)), std::pair(true, true));
    EXPECT_EQ(
        ask(*a, "SELECT count(*) FROM falconer.schema_version"),
        std::to_string(known_migrations().size())
    );
}

TEST_F(MigrationsTest, ANewerSchemaIsRefusedUnlessItSaysItIsCompatible) {
    auto c = open();
    ASSERT_TRUE(await(migrate(*c)));
    ask(*c, "INSERT INTO falconer.schema_version VALUES (999, 'later', '', 999)");
    EXPECT_EQ(await(migrate(*c)).error().code, errc::conflict);
    ask(*c, "UPDATE falconer.schema_version SET min_compatible = 1 WHERE version = 999");
    auto at = await(migrate(*c));
    ASSERT_TRUE(at) << at.error().detail;
    EXPECT_EQ(*at, 999);
}

TEST_F(MigrationsTest, AMigrationThatWasChangedAfterwardsIsNoticed) {
    auto c = open();
    ASSERT_TRUE(await(migrate(*c)));
    ask(*c, "UPDATE falconer.schema_version SET checksum = 'other' WHERE version = 1");
    EXPECT_EQ(await(migrate(*c)).error().code, errc::conflict);
}

}  // namespace
}  // namespace falconer::store
