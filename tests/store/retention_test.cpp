#include "store/retention.hpp"
#include "pg_fixture.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

class RetentionTest : public test::pg_fixture {
protected:
    static constexpr utc_time now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 10} + 12h};
    pg_connection::ptr        store;

    void SetUp() override {
        pg_fixture::SetUp();
        store = open();
        ASSERT_TRUE(await(migrate(*store)));
        ask(*store,
            "SELECT falconer.ensure_day(d::date) FROM "
            "generate_series('2026-02-25'::date, '2026-03-11', '1 day') d");
    }
    void TearDown() override {
        store.reset();
        pg_fixture::TearDown();
    }
    std::string days() {
        return ask(
            *store,
            "SELECT count(*) || ' ' || min(inhrelid::regclass::text) FROM pg_inherits "
            "WHERE inhparent = 'falconer.event'::regclass"
        );
    }
};

TEST_F(RetentionTest, DropsTheDaysBeforeThePeriodAndNoOther) {
    auto gone = await(retain(*store, time, now, {.keep = std::chrono::days{7}}));
    ASSERT_TRUE(gone) << gone.error().detail;
    EXPECT_EQ(*gone, 6);
    EXPECT_EQ(days(), "9 falconer.event_20260303");
}

TEST_F(RetentionTest, ALockedPartitionIsLeftForLaterAndSaysSo) {
    auto other = open();
    ASSERT_TRUE(await(other->run_script("BEGIN; SELECT FROM falconer.event_20260226", 30s)));
    const retention_options week{.keep = std::chrono::days{7}, .lock_limit = 50ms, .tries = 2};
    auto                    gone = await(retain(*store, time, now, week));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, errc::overloaded) << gone.error().detail;
    EXPECT_EQ(days(), "14 falconer.event_20260226");
    ask(*other, "COMMIT");
    EXPECT_TRUE(await(retain(*store, time, now, week)));
    EXPECT_EQ(days(), "9 falconer.event_20260303");
}

}  // namespace
}  // namespace falconer::store
