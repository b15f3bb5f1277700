#include "store/store_watch.hpp"
#include "falconer/task_scope.hpp"
#include "pg_fixture.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// Real waits and a steady clock that the test pushes on.
class pushed_time final : public time_source {
public:
    explicit pushed_time(time_source& real) : real_(real) {}
    steady_time           now() const noexcept override { return real_.now() + ahead; }
    utc_time              utc() const noexcept override { return real_.utc(); }
    std::unique_ptr<bell> make_bell() override { return std::make_unique<late_bell>(*this); }

    steady_time::duration ahead{0};

private:
    class late_bell final : public bell {
    public:
        explicit late_bell(pushed_time& time) : time_(time), real_(time.real_.make_bell()) {}
        task<wake> wait_until(steady_time when) override {
            return real_->wait_until(when - time_.ahead);
        }
        void ring() noexcept override { real_->ring(); }

    private:
        pushed_time&          time_;
        std::unique_ptr<bell> real_;
    };
    time_source& real_;
};

class StoreWatchTest : public test::pg_fixture {
protected:
    pushed_time      clock{time};
    metrics_registry metrics;

    store_watch make(std::uint64_t capacity, std::string folder = "") {
        store_watch_options opt;
        opt.postgres       = there;
        opt.capacity_bytes = capacity;
        opt.data_folder    = std::move(folder);
        opt.query_limit    = 30s;
        return {loop.get_executor(), clock, metrics, opt};
    }
    store_outlook measured(store_watch& watch) {
        auto now = await(watch.measure());
        if (!now) throw std::runtime_error(now.error().detail);
        return *now;
    }
    bool exposes(const std::string& line) {
        return metrics.expose().find('\n' + line + '\n') != std::string::npos;
    }
};

TEST_F(StoreWatchTest, TellsSizeGrowthAndTheDaysThatAreLeft) {
    auto       watch = make(1'000'000'000);
    const auto first = measured(watch);
    EXPECT_GT(first.bytes, 1'000'000u);
    EXPECT_EQ(first.days_left, std::nullopt);
    EXPECT_EQ(first.room(), store_room::ample);
    EXPECT_TRUE(exposes("falconer_store_days_left +Inf")) << metrics.expose();
    EXPECT_TRUE(exposes("falconer_store_capacity_bytes 1000000000")) << metrics.expose();

    auto c = open();
    ask(*c, "CREATE TABLE load AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 3000)");
    clock.ahead      = 1h;
    const auto later = measured(watch);
    EXPECT_GT(later.bytes, first.bytes + 2'900'000);
    EXPECT_EQ(later.room(), store_room::ample);
    const auto grown = static_cast<double>(later.bytes - first.bytes);
    EXPECT_NEAR(later.bytes_per_hour.value(), grown, grown / 10);
    EXPECT_NEAR(
        later.days_left.value(), static_cast<double>(1'000'000'000 - later.bytes) / grown / 24, 2
    );
    EXPECT_TRUE(exposes("falconer_store_bytes " + std::to_string(later.bytes)));
}

TEST_F(StoreWatchTest, ALimitThatIsNearIsSaidToBeNear) {
    auto       big   = make(0);
    const auto bytes = measured(big).bytes;
    EXPECT_EQ(big.last().room(), store_room::unknown);
    auto low = make(bytes + bytes / 10), critical = make(bytes + bytes / 100);
    EXPECT_EQ(measured(low).room(), store_room::low);
    EXPECT_EQ(measured(critical).room(), store_room::critical);
}

TEST_F(StoreWatchTest, WhatIsFreeInTheServersFolderLimitsWhatTheOperatorGave) {
    auto       local = make(0, "/");
    const auto now   = measured(local);
    ASSERT_TRUE(now.capacity);
    EXPECT_GE(*now.capacity, now.bytes);
    auto generous = make(std::uint64_t{1} << 62, "/"), modest = make(1, "/");
    EXPECT_LT(measured(generous).capacity.value(), std::uint64_t{1} << 62);
    EXPECT_EQ(measured(modest).capacity, 1u);
    auto elsewhere = make(7, "/no/such/folder");
    EXPECT_EQ(measured(elsewhere).capacity, 7u);
}

TEST_F(StoreWatchTest, RunsOnWhileTheStoreIsAwayAndUntilItIsStopped) {
    store_watch_options opt;
    opt.postgres      = there;
    opt.postgres.port = 1;  // nobody is there
    opt.interval      = 10ms;
    store_watch away{loop.get_executor(), clock, metrics, opt};
    auto        near = make(0);
    task_scope  scope{loop.get_executor()};
    scope.spawn("away", away.run());
    scope.spawn("near", near.run());
    EXPECT_TRUE(falconer::test::eventually(loop, [&] { return near.last().bytes > 0; }));
    EXPECT_EQ(scope.size(), 2u);
    EXPECT_EQ(away.last().bytes, 0u);
    await(scope.stop());
    EXPECT_EQ(scope.size(), 0u);
}

}  // namespace
}  // namespace falconer::store
