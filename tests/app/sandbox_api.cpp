// The sandbox as the API server that a test asks.
#include "app/local_api.hpp"
#include "support/actor_fixture.hpp"
#include "support/api_under_test.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace falconer::test {
namespace {

class sandbox_api final : public api_under_test {
public:
    sandbox_api(asio::io_context& loop, time_source& time)
        : loop_(loop), api_(loop.get_executor(), time, {.folder = folder_.path()}) {
        const auto started = api_.start();
        EXPECT_TRUE(started) << started.error().detail;
    }

    std::filesystem::path kubeconfig() const override { return api_.kubeconfig_file(); }
    void                  stop() override { run(loop_, api_.stop()); }

private:
    asio::io_context& loop_;
    temporary_folder  folder_{"falconer-api"};
    app::local_api    api_;
};

}  // namespace

std::unique_ptr<api_under_test> start_api(asio::io_context& loop, time_source& time) {
    return std::make_unique<sandbox_api>(loop, time);
}

}  // namespace falconer::test
