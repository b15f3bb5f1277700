// How much one user may ask.
#include "console/user_limits.hpp"
#include "garden_fixture.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

class LimitsTest : public test::garden_fixture {};

TEST_F(LimitsTest, OneUserMayAskSoMuchFromHoweverManyPlaces) {
    opt.limits = {.per_second = 2, .at_once = 5};
    make();
    sign_in_by(R"({"token": "member"})");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ((i % 2 == 0 ? get("/api/v1/me") : get_as("member", "/api/v1/me")).status, 200u);
    const auto refused = get("/api/v1/me");
    EXPECT_EQ(refused.status, 429u);
    EXPECT_EQ(refused.headers.find("Retry-After"), "1");
    EXPECT_EQ(get_as("member", "/api/v1/me").status, 429u);
    EXPECT_EQ(get_as("viewer", "/api/v1/me").status, 200u) << "nobody pays for another one";
    time.advance(1s);
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    EXPECT_EQ(get("/api/v1/me").status, 429u);
}

TEST_F(LimitsTest, LiveViewsAndFilesOfOneUserAreCountedTogether) {
    std::vector<std::shared_ptr<net::http_stream>> open;
    for (std::size_t i = 0; i < 2 * opt.exports; ++i) {
        if (i % opt.exports == 0) sign_in_by(R"({"token": "member"})");
        auto answer = get("/api/v1/export?format=csv");
        ASSERT_EQ(answer.status, 200u) << i;
        open.push_back(answer.stream);
    }
    sign_in_by(R"({"token": "member"})");
    EXPECT_EQ(get("/api/v1/export?format=csv").status, 429u);
    EXPECT_EQ(get("/api/v1/events").status, 200u);
    open.pop_back();
    EXPECT_EQ(get("/api/v1/export?format=csv").status, 200u);
}

TEST_F(LimitsTest, WhatTheStoreHasWorkedForOneIsWaitedFor) {
    user_limits limits(time, {.store_time = 60s});
    EXPECT_FALSE(limits.ask("one"));
    limits.spent("one", 75s);
    EXPECT_EQ(limits.ask("one"), 16s);
    EXPECT_FALSE(limits.ask("other"));
    time.advance(16s);
    EXPECT_FALSE(limits.ask("one"));
    limits.spent("one", 30s);
    time.advance(1h);
    limits.spent("one", 59s);
    EXPECT_FALSE(limits.ask("one")) << "it is full again, and no fuller";
    limits.spent("one", 2s);
    EXPECT_TRUE(limits.ask("one"));
}

}  // namespace
}  // namespace falconer::console
