#include "k8s/clock_skew.hpp"

#include "k8s/kube_client.hpp"
#include "support/loopback.hpp"
#include "support/scripted_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace falconer::k8s {
namespace {

using namespace std::chrono_literals;
using news = clock_skew::news;
using ::testing::HasSubstr;

const utc_time noon =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 30} + std::chrono::hours(12);
constexpr const char* at_noon = "Mon, 30 Nov 2026 12:00:00 GMT";

TEST(HttpDateTest, IsReadInTheFormThatServersWrite) {
    EXPECT_EQ(read_http_date(at_noon), noon);
    EXPECT_EQ(
        read_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
        utc_time(std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 37s)
    );
    for (const auto* each :
         {"", "Mon, 30 Nov 2026 12:00:00", "Mon, 30 Nov 2026 12:00:00 CET",
          "Mon, 31 Nov 2026 12:00:00 GMT", "Mon, 30 Nox 2026 12:00:00 GMT",
          "Mon, 30 Nov 2026 24:00:00 GMT", "Mon, 3x Nov 2026 12:00:00 GMT",
          "Mon, 30 Nov +026 12:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
        EXPECT_EQ(read_http_date(each), std::nullopt) << each;
}

TEST(ClockSkewTest, IsToldOnceAndEndsOnce) {
    clock_skew clock;
    EXPECT_EQ(clock.heard(at_noon, noon, noon + 10ms), news::none);
    EXPECT_EQ(clock.heard(at_noon, noon + 2min, noon + 2min), news::apart);
    EXPECT_EQ(clock.apart(), 119s) << "a second's fraction is not told";
    EXPECT_EQ(clock.heard(at_noon, noon + 2min, noon + 2min), news::none);
    EXPECT_EQ(clock.heard(at_noon, noon + 20s, noon + 20s), news::none) << "it does not flutter";
    EXPECT_EQ(clock.heard(at_noon, noon + 5s, noon + 5s), news::together);
    EXPECT_EQ(clock.apart(), 0s);
    EXPECT_EQ(clock.heard(at_noon, noon - 1h, noon - 1h), news::apart);
    EXPECT_EQ(clock.apart(), -1h);
}

TEST(ClockSkewTest, AnAnswerThatTookLongProvesNothing) {
    clock_skew clock;
    EXPECT_EQ(clock.heard(at_noon, noon - 1min, noon + 1min), news::none);
    EXPECT_EQ(clock.heard(at_noon, noon, noon + 1h), news::none);
    EXPECT_EQ(clock.heard(at_noon, noon + 1h, noon), news::none) << "our clock was set";
    EXPECT_EQ(clock.heard("yesterday", noon, noon), news::none);
}

TEST(ClockSkewTest, TheSentenceNamesBothAndTheWay) {
    EXPECT_EQ(
        clock_sentence(125s, "10.0.0.1:443"),
        "our clock is 2m5s ahead of that of the API server at 10.0.0.1:443: one of the two is "
        "wrong, "
        "and certificates, tokens and times in statuses are judged by it"
    );
    EXPECT_THAT(clock_sentence(-2h, "x"), HasSubstr("our clock is 2h behind that of"));
}

class ClockOfClientTest : public test::loopback_fixture {
protected:
    using server = test::scripted_server;

    int                               status = 200;
    server                            api{loop, scope, [this](const std::string&) {
                   return server::json(status, "{}", "Date: Mon, 01 Jan 2035 00:00:00 GMT\r\n");
               }};
    std::vector<std::chrono::seconds> told{};
    std::unique_ptr<kube_api>         client{};

    void SetUp() override {
        kube_access access;
        access.place = {.host = "127.0.0.1", .port = api.port()};
        auto made    = make_kube_client(
            loop.get_executor(), time, access,
            {.skewed = [this](std::chrono::seconds apart) { told.push_back(apart); }}
        );
        ASSERT_TRUE(made) << made.error().detail;
        client = std::move(*made);
    }
    void TearDown() override {
        api.hang_up();
        actor_fixture::TearDown();
        client.reset();
    }
    result<value> ask() {
        auto answered = start(client->get({.kind = "Secret", .plural = "secrets"}, {"ns", "a"}));
        EXPECT_TRUE(eventually([&] { return answered->has_value(); }));
        return std::move(**answered);
    }
};

TEST_F(ClockOfClientTest, OneThatIsApartIsToldOnceAndNamedWhereTheTokenIsRefused) {
    EXPECT_TRUE(ask());
    EXPECT_TRUE(ask());
    EXPECT_THAT(told, ::testing::ElementsAre(::testing::Lt(0s))) << "ours is behind";
    status           = 401;
    const auto wrong = ask();
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().detail, HasSubstr("behind that of the API server at 127.0.0.1:"));
}

}  // namespace
}  // namespace falconer::k8s
