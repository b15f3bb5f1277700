#include "falconer/net/http_client.hpp"

#include "net/http_server.hpp"
#include "support/held_port.hpp"
#include "support/loopback.hpp"

namespace falconer::net {
namespace {

using namespace std::chrono_literals;

class fake_site final : public http_handler {
public:
    explicit fake_site(time_source& time) : gate(time.make_bell()) {}
    task<http_response> handle(http_request request) override {
        hosts.emplace_back(request.headers.find("Host").value_or("none"));
        if (request.target == "/later") co_await gate->wait_until(never);
        if (request.target == "/large") co_return http_response{.body = std::string(5000, 'x')};
        if (request.target == "/last") co_return http_response{.body = "bye", .keep_alive = false};
        co_return http_response{.status = 202, .body = request.target + request.body};
    }
    std::unique_ptr<bell>    gate;
    std::vector<std::string> hosts;
};

class HttpClientTest : public test::loopback_fixture {
protected:
    fake_site                    site{time};
    http_server                  server{loop.get_executor(), time, {}, site};
    std::unique_ptr<http_client> client;
    http_place                   there{.host = "127.0.0.1"};

    void SetUp() override {
        ASSERT_TRUE(server.listen({asio::ip::address_v4::loopback(), 0}));
        scope.spawn("server", server.run());
        there.port = server.port();
        auto made  = make_http_client(loop.get_executor(), time, {.body_bytes = 4000});
        ASSERT_TRUE(made) << made.error().detail;
        client = std::move(*made);
        time.settle();
    }
    void TearDown() override {
        scope.spawn("stop", server.stop());
        EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
        actor_fixture::TearDown();
        client.reset();
    }
    auto begin(http_request request) { return start(client->send(there, std::move(request))); }
    result<http_response> send(http_request request) {
        auto answer = begin(std::move(request));
        EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
        return std::move(answer->value());
    }
};

TEST_F(HttpClientTest, AsksAgainOverTheSameConnection) {
    for (int i = 0; i < 3; ++i) {
        auto answer = send({.method = "POST", .target = "/p", .body = "!"});
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_EQ(answer->status, 202u);
        EXPECT_EQ(answer->body, "/p!");
    }
    EXPECT_EQ(server.counts().accepted, 1u);
    EXPECT_EQ(site.hosts.at(0), "127.0.0.1:" + std::to_string(there.port));
}

TEST_F(HttpClientTest, AConnectionThatTheServerEndsIsNotKept) {
    ASSERT_TRUE(send({.target = "/last"}));
    ASSERT_TRUE(send({.target = "/"}));
    EXPECT_EQ(server.counts().accepted, 2u);
}

TEST_F(HttpClientTest, AKeptConnectionThatHasEndedIsReplacedIfAskingTwiceIsHarmless) {
    ASSERT_TRUE(send({.target = "/"}));
    time.advance(20s);
    scope.spawn("stop", server.stop());
    EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
    auto risky = send({.method = "POST", .target = "/"});
    ASSERT_FALSE(risky) << "it might be done twice";
    EXPECT_EQ(risky.error().code, errc::unavailable);
    EXPECT_EQ(site.hosts.size(), 1u);
}

TEST_F(HttpClientTest, GivesUpInTime) {
    auto answer = begin({.target = "/later"});
    EXPECT_TRUE(eventually([&] { return site.hosts.size() == 1; }));
    time.advance(29s);
    EXPECT_FALSE(answer->has_value());
    time.advance(2s);
    EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
    ASSERT_FALSE(**answer);
    EXPECT_EQ((**answer).error().code, errc::timed_out);
    site.gate->ring();
}

TEST_F(HttpClientTest, RefusesAnAnswerThatIsTooLarge) {
    auto answer = send({.target = "/large"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, errc::too_large);
}

TEST_F(HttpClientTest, SaysWhomItCouldNotReach) {
    const test::held_port nobody{loop};
    there.port  = nobody.port();
    auto answer = send({.target = "/"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, errc::unavailable);
    EXPECT_NE(
        answer.error().detail.find("127.0.0.1:" + std::to_string(there.port)), std::string::npos
    );
    EXPECT_NE(answer.error().detail.find("refused"), std::string::npos) << answer.error().detail;
}

TEST(HttpPlaceTest, IsReadFromAUrl) {
    EXPECT_EQ(*parse_place("http://a"), (http_place{false, "a", 80}));
    EXPECT_EQ(*parse_place("https://a.b/"), (http_place{true, "a.b", 443}));
    EXPECT_EQ(*parse_place("http://127.0.0.1:3200"), (http_place{false, "127.0.0.1", 3200}));
    EXPECT_EQ(*parse_place("https://[::1]:8443"), (http_place{true, "::1", 8443}));
    EXPECT_EQ(*parse_place("https://[::1]"), (http_place{true, "::1", 443}));
    for (const auto* bad :
         {"", "a", "ftp://a", "http://", "http://a:0", "http://a:65536", "http://a:x",
          "http://a:", "http://a/b", "http://u@a", "http://[::1", "http://[::1]x"})
        EXPECT_FALSE(parse_place(bad)) << bad;
}

}  // namespace
}  // namespace falconer::net
