// Every channel against a server in the same process, which answers as receivers do on bad days.
#include "alerts/channels/http_post.hpp"
#include "alerts/channels/receiver.hpp"
#include "notifications.hpp"
#include "support/loopback.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_folder.hpp"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace falconer::alerts {
namespace {

using namespace std::chrono_literals;
using outcome = delivery_answer::outcome;
using test::scripted_server;

class ChannelsTest : public test::loopback_fixture {
protected:
    std::vector<std::string>          requests;
    std::string                       reply = scripted_server::json(200, "ok");
    scripted_server                   server{loop, scope, [this](const std::string& request) {
                               requests.push_back(request);
                               return reply;
                           }};
    std::unique_ptr<net::http_client> http;
    test::temporary_folder            folder;

    void SetUp() override {
        auto made =
            net::make_http_client(loop.get_executor(), time, {.body_bytes = longest_answer});
        ASSERT_TRUE(made);
        http = std::move(*made);
        time.settle();
    }
    void TearDown() override {
        server.hang_up();
        loopback_fixture::TearDown();
    }

    std::string url(const std::string& path) {
        return "http://127.0.0.1:" + std::to_string(server.port()) + path;
    }
    std::string file(const std::string& text) {
        const auto    path = folder.path() / ("secret" + std::to_string(files_++));
        std::ofstream out(path);
        out << text;
        return path.string();
    }
    std::unique_ptr<alert_channel> channel(const receiver& of) {
        const channel_tools tools{.http = *http, .time = time};
        auto                made = make_channel(of, tools);
        EXPECT_TRUE(made) << made.error().detail;
        return made ? std::move(*made) : nullptr;
    }
    receiver webhook(const std::string& path = "/hook") {
        return {.name = "hook", .how = channel_kind::webhook, .url = url(path)};
    }
    auto begin(alert_channel& through) { return start(through.deliver(a_notification())); }
    delivery_answer deliver(alert_channel& through) {
        auto answer = begin(through);
        EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
        return answer->value_or(delivery_answer{});
    }
    delivery_answer deliver(const receiver& to) {
        auto through = channel(to);
        return deliver(*through);
    }
    static std::string field(const std::string& request, const std::string& name) {
        const auto at = request.find("\r\n" + name + ": ");
        if (at == request.npos) return "";
        const auto begin = at + name.size() + 4;
        return request.substr(begin, request.find("\r\n", begin) - begin);
    }
    static std::string body(const std::string& request) {
        return request.substr(request.find("\r\n\r\n") + 4);
    }

private:
    int files_ = 0;
};

TEST_F(ChannelsTest, AWebhookIsSignedAndHasItsKey) {
    auto to         = webhook();
    to.secret_file  = file("first key\nsecond key\n");
    const auto said = deliver(to);
    EXPECT_EQ(said.what, outcome::delivered) << said.said;
    ASSERT_EQ(requests.size(), 1u);
    const auto& request = requests[0];
    EXPECT_TRUE(request.starts_with("POST /hook HTTP/1.1\r\n")) << request;
    const auto key = a_notification().key.text();
    EXPECT_EQ(field(request, "Idempotency-Key"), key);
    EXPECT_EQ(field(request, "webhook-id"), key);
    EXPECT_EQ(field(request, "webhook-signature").find("v1,"), 0u);
    EXPECT_NE(field(request, "webhook-signature").find(" v1,"), std::string::npos) << "two keys";
    EXPECT_TRUE(notification_of(body(request))) << body(request);
    EXPECT_EQ(request.find("first key"), request.npos);
}

TEST_F(ChannelsTest, AKeyThatIsChangedCountsFromTheNextTryOn) {
    auto to        = webhook();
    to.secret_file = file("one");
    auto through   = channel(to);
    deliver(*through);
    std::ofstream(to.secret_file) << "another one";
    deliver(*through);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_NE(field(requests[0], "webhook-signature"), field(requests[1], "webhook-signature"));
}

TEST_F(ChannelsTest, WithoutItsSecretNothingIsSent) {
    auto to         = webhook();
    to.secret_file  = folder.path() / "none";
    const auto said = deliver(to);
    EXPECT_EQ(said.what, outcome::again) << "somebody will put it there";
    EXPECT_NE(said.said.find("none"), std::string::npos) << said.said;
    EXPECT_TRUE(requests.empty());
}

TEST_F(ChannelsTest, EveryKindArrives) {
    const receiver pagerduty{
        .name        = "p",
        .how         = channel_kind::pagerduty,
        .url         = url("/v2/enqueue"),
        .secret_file = file("0123456789abcdef0123456789abcdef\n")
    };
    const receiver slack{.name = "s", .how = channel_kind::slack, .url_file = file(url("/T/B/x"))};
    const receiver teams{
        .name = "t", .how = channel_kind::teams, .url_file = file(url("/w?sig=1"))
    };
    const receiver alertmanager{.name = "a", .how = channel_kind::alertmanager, .url = url("")};
    const receiver otlp{
        .name = "o", .how = channel_kind::otlp, .url = url("/"), .secret_file = file("token")
    };
    for (const auto& each : {pagerduty, slack, teams, alertmanager, otlp}) {
        const auto said = deliver(each);
        EXPECT_EQ(said.what, outcome::delivered) << name_of(each.how) << said.said;
    }
    const std::vector<std::string> expected{
        "POST /v2/enqueue", "POST /T/B/x", "POST /w?sig=1", "POST /api/v2/alerts", "POST /v1/logs"
    };
    EXPECT_EQ(server.asked, expected);
    for (const auto& each : requests) EXPECT_TRUE(parse_json(body(each))) << body(each);
    EXPECT_EQ(field(requests.back(), "Authorization"), "Bearer token");
}

TEST_F(ChannelsTest, AnAnswerSaysWhetherToTryAgain) {
    auto through = channel(webhook());
    for (const int status : {200, 201, 202, 204, 299}) {
        reply = scripted_server::json(status, status == 204 ? "" : "ok");
        EXPECT_EQ(deliver(*through).what, outcome::delivered) << status;
    }
    for (const int status : {408, 425, 429, 500, 502, 503, 504, 599}) {
        reply = scripted_server::json(status, "busy");
        EXPECT_EQ(deliver(*through).what, outcome::again) << status;
    }
    for (const int status : {301, 302, 307, 308, 400, 401, 403, 404, 410, 413, 422}) {
        reply = scripted_server::json(status, "no", "Location: http://169.254.169.254/\r\n");
        EXPECT_EQ(deliver(*through).what, outcome::never) << status;
    }
    for (const auto& each : server.asked) EXPECT_EQ(each, "POST /hook") << "nobody was followed";
}

TEST_F(ChannelsTest, RetryAfterIsHeard) {
    auto through = channel(webhook());
    reply        = scripted_server::json(429, "slow down", "Retry-After: 120\r\n");
    auto said    = deliver(*through);
    EXPECT_EQ(said.after, 120s);
    EXPECT_EQ(said.said, "429: slow down");
    reply = scripted_server::json(503, "", "Retry-After: 99999999\r\n");
    EXPECT_EQ(deliver(*through).after, 1h) << "nobody puts us off for ever";
    reply = scripted_server::json(503, "", "Retry-After: soon\r\n");
    EXPECT_EQ(deliver(*through).after, std::nullopt);
}

TEST(RetryAfterTest, IsSecondsOrADate) {
    EXPECT_EQ(retry_after("0", noon()), 0s);
    EXPECT_EQ(retry_after("17", noon()), 17s);
    EXPECT_EQ(retry_after("Tue, 01 Dec 2026 12:00:30 GMT", noon()), 30s);
    EXPECT_EQ(retry_after("Tue, 01 Dec 2026 11:00:00 GMT", noon()), 0s) << "over";
    EXPECT_EQ(retry_after("Wed, 02 Dec 2026 11:00:00 GMT", noon()), 1h);
    for (const auto* bad : {"", "-1", "1.5", "1s", "x", "99999999999999999999"})
        EXPECT_EQ(retry_after(bad, noon()), std::nullopt) << bad;
}

TEST_F(ChannelsTest, GarbageAndSilenceAreTriedAgain) {
    auto through = channel(webhook());
    for (const std::string garbage :
         {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n\r\n", "\x16\x03\x01\x02",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"}) {
        reply             = garbage;
        auto       answer = begin(*through);
        const auto before = requests.size();
        EXPECT_TRUE(eventually([&] { return requests.size() > before; }));
        server.hang_up();
        EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
        EXPECT_EQ((*answer)->what, outcome::again) << garbage;
        EXPECT_FALSE((*answer)->said.empty());
    }
    reply = "";  // hangs up
    EXPECT_EQ(deliver(*through).what, outcome::again);
}

TEST_F(ChannelsTest, WhoSaysNothingIsGivenUpInTime) {
    reply        = "HTTP/1.1 ";  // and no more
    auto through = channel(webhook());
    auto answer  = begin(*through);
    EXPECT_TRUE(eventually([&] { return requests.size() == 1; }));
    time.advance(14s);
    EXPECT_FALSE(answer->has_value());
    time.advance(2s);
    EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
    EXPECT_EQ((*answer)->what, outcome::again);
}

TEST_F(ChannelsTest, WhoDripsIsGivenUpInTimeToo) {
    reply        = "HTTP/1.1 500 x\r\nContent-Length: 1000\r\n\r\n";
    auto through = channel(webhook());
    auto answer  = begin(*through);
    EXPECT_TRUE(eventually([&] { return requests.size() == 1; }));
    for (int i = 0; i < 20 && !answer->has_value(); ++i) {
        server.say("x");
        time.advance(1s);
    }
    EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
    EXPECT_EQ((*answer)->what, outcome::again);
}

TEST_F(ChannelsTest, WhoHasSaidYesHasTakenItHoweverTheRestComes) {
    auto through = channel(webhook());
    reply        = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(100'000, 'x');
    EXPECT_EQ(deliver(*through).what, outcome::delivered) << "no more is read than is of use";
    reply       = "HTTP/1.1 202 OK\r\nContent-Length: 10\r\n\r\nx";
    auto answer = begin(*through);
    EXPECT_TRUE(eventually([&] { return requests.size() == 2; }));
    for (int i = 0; i < 50; ++i) time.settle();
    time.advance(20s);
    EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
    EXPECT_EQ((*answer)->what, outcome::delivered) << (*answer)->said;
}

TEST_F(ChannelsTest, TheLogHasNoSecretsAndOneShortLine) {
    const receiver slack{
        .name = "s", .how = channel_kind::slack, .url_file = file(url("/T000/B000/SECRETSECRET"))
    };
    auto through = channel(slack);
    reply        = scripted_server::json(404, "no hook at /T000/B000/SECRETSECRET\r\n\x1b[31m");
    auto said    = deliver(*through);
    EXPECT_EQ(said.what, outcome::never);
    EXPECT_EQ(said.said.find("SECRET"), std::string::npos) << said.said;
    EXPECT_EQ(said.said.find('\n'), std::string::npos);
    reply = scripted_server::json(500, std::string(2000, 'y'));
    EXPECT_LE(deliver(*through).said.size(), 200u);
}

TEST_F(ChannelsTest, OtlpListsWhatMayBeTriedAgain) {
    auto through = channel({.name = "o", .how = channel_kind::otlp, .url = url("/v1/logs")});
    for (const int status : {429, 502, 503, 504}) {
        reply = scripted_server::json(status, "{}");
        EXPECT_EQ(deliver(*through).what, outcome::again) << status;
    }
    for (const int status : {400, 500, 501}) {
        reply = scripted_server::json(status, "{}");
        EXPECT_EQ(deliver(*through).what, outcome::never) << status;
    }
    reply = scripted_server::json(
        200, R"({"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}})"
    );
    const auto said = deliver(*through);
    EXPECT_EQ(said.what, outcome::never);
    EXPECT_EQ(said.said, "1 records rejected: too old");
}

/// As tenants' receivers are reached.
TEST_F(ChannelsTest, ATenantsReceiverLeadsNowhereInside) {
    auto judged = net::make_http_client(
        loop.get_executor(), time,
        {.policy = std::make_shared<const net::address_policy>(net::address_policy::options{})}
    );
    ASSERT_TRUE(judged);
    http            = std::move(*judged);
    const auto port = std::to_string(server.port());
    for (const auto* host :
         {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001",
          "017700000001", "127.1", "0.0.0.0", "169.254.169.254", "[fe80::1]", "10.0.0.1",
          "192.168.0.1", "172.16.0.1", "100.64.0.1", "[fd00::1]", "[64:ff9b::7f00:1]"}) {
        receiver to     = webhook();
        to.url          = std::string("http://") + host + ":" + port + "/latest/meta-data";
        const auto said = deliver(to);
        EXPECT_EQ(said.what, outcome::never) << host << said.said;
    }
    EXPECT_TRUE(requests.empty());
}

}  // namespace
}  // namespace falconer::alerts
