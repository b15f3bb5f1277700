#include "falconer/net/address_policy.hpp"

#include "falconer/net/http_client.hpp"
#include "net/http_server.hpp"
#include "support/loopback.hpp"

#include <string>
#include <vector>

namespace falconer::net {
namespace {

std::string objection(const address_policy& policy, const std::string& address) {
    return policy.objection(asio::ip::make_address(address)).value_or("");
}

TEST(AddressPolicyTest, LetsThePublicInternetBeReached) {
    const address_policy policy({});
    for (const auto* good : {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",
                             "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
                             "126.255.255.255", "128.0.0.0",       "169.253.255.255",
                             "172.15.255.255",  "172.32.0.0",      "192.167.255.255",
                             "192.169.0.0",     "198.17.255.255",  "198.20.0.0",
                             "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e",
                             "::ffff:8.8.8.8",  "64:ff9b::808:808"})
        EXPECT_EQ(objection(policy, good), "") << good;
}

/// Every spelling in which an inner address has been smuggled past a check of names.
TEST(AddressPolicyTest, RefusesWhatIsNotThePublicInternet) {
    const address_policy policy({});
    for (const auto* bad :
         {"0.0.0.0",
          "0.1.2.3",
          "10.0.0.1",
          "10.255.255.255",
          "100.64.0.1",
          "100.100.100.200",
          "127.0.0.1",
          "127.8.8.8",
          "169.254.169.254",
          "169.254.170.2",
          "172.16.0.1",
          "172.31.255.255",
          "192.0.0.192",
          "192.0.2.1",
          "192.88.99.1",
          "192.168.1.1",
          "198.18.0.1",
          "198.51.100.7",
          "203.0.113.7",
          "224.0.0.1",
          "239.255.255.250",
          "240.0.0.1",
          "255.255.255.255",
          "::",
          "::1",
          "::127.0.0.1",
          "::ffff:127.0.0.1",
          "::ffff:10.0.0.1",
          "::ffff:169.254.169.254",
          "64:ff9b::7f00:1",
          "64:ff9b::a9fe:a9fe",
          "64:ff9b:1::1",
          "100::1",
          "2001::1",
          "2001:db8::1",
          "2002:7f00:1::",
          "2002:a9fe:a9fe::",
          "3fff::1",
          "5f00::1",
          "fc00::1",
          "fd00:ec2::254",
          "fe80::1",
          "fe80::1%1",
          "fec0::1",
          "ff02::1"})
        EXPECT_NE(objection(policy, bad), "") << bad;
    EXPECT_EQ(objection(policy, "169.254.169.254"), "a link-local address");
    EXPECT_EQ(objection(policy, "::ffff:127.0.0.1"), "a loopback address");
}

TEST(AddressPolicyTest, RefusesTheLandscapesOwnRangesAndAllowsWhatTheOperatorSays) {
    const address_policy policy(
        {.refused = {*parse_address_range("52.0.0.0/8"), *parse_address_range("2a05::/16")},
         .allowed =
             {*parse_address_range("10.1.2.0/24"), *parse_address_range("52.7.7.7"),
              *parse_address_range("fd00:1::/32")}}
    );
    EXPECT_EQ(objection(policy, "52.1.1.1"), "an address of the landscape itself");
    EXPECT_NE(objection(policy, "::ffff:52.1.1.1"), "");
    EXPECT_NE(objection(policy, "2a05::1"), "");
    EXPECT_EQ(objection(policy, "52.7.7.7"), "");
    EXPECT_EQ(objection(policy, "10.1.2.255"), "");
    EXPECT_EQ(objection(policy, "::ffff:10.1.2.3"), "");
    EXPECT_NE(objection(policy, "10.1.3.0"), "");
    EXPECT_EQ(objection(policy, "fd00:1::7"), "");
    EXPECT_NE(objection(policy, "fd00:2::7"), "");
}

TEST(AddressRangeTest, IsReadStrictly) {
    EXPECT_TRUE(parse_address_range("0.0.0.0/0"));
    EXPECT_TRUE(parse_address_range("::/0"));
    EXPECT_EQ(parse_address_range("10.1.0.0/15").operator bool(), false);
    EXPECT_EQ(parse_address_range("10.0.0.0/9")->bits, 9u);
    EXPECT_EQ(parse_address_range("::1")->bits, 128u);
    for (const auto* bad :
         {"", "/", "10/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
          "::/129", "fe80::%1/64", "host", "10.0.0.0/8/8", " 10.0.0.0/8", "0x7f.1", "2130706433"})
        EXPECT_FALSE(parse_address_range(bad)) << bad;
}

class welcoming final : public http_handler {
public:
    task<http_response> handle(http_request) override {
        ++asked;
        co_return http_response{.status = 302, .body = "x"};
    }
    int asked = 0;
};

class PolicyAtConnectTest : public test::loopback_fixture {
protected:
    welcoming   site{};
    http_server server{loop.get_executor(), time, {}, site};

    void SetUp() override {
        ASSERT_TRUE(server.listen({asio::ip::address_v4::loopback(), 0}));
        scope.spawn("server", server.run());
        time.settle();
    }
    void TearDown() override {
        scope.spawn("stop", server.stop());
        EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
        actor_fixture::TearDown();
    }
    result<http_response> ask(address_policy::options which, const std::string& host) {
        auto client = make_http_client(
            loop.get_executor(), time,
            {.policy = std::make_shared<const address_policy>(std::move(which))}
        );
        EXPECT_TRUE(client);
        auto answer = start((*client)->send({.host = host, .port = server.port()}, {}));
        EXPECT_TRUE(eventually([&] { return answer->has_value(); }));
        return std::move(answer->value());
    }
};

/// A name, a literal, and the old spellings that the system's resolver takes for 127.0.0.1.
TEST_F(PolicyAtConnectTest, IsAskedWithWhatTheNameResolvedTo) {
    for (const std::string host :
         {"localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1",
          "::ffff:127.0.0.1"}) {
        auto answer = ask({}, host);
        ASSERT_FALSE(answer) << host;
        EXPECT_EQ(answer.error().code, errc::denied) << host << answer.error().detail;
    }
    EXPECT_EQ(site.asked, 0);
    EXPECT_EQ(server.counts().accepted, 0u);
}

TEST_F(PolicyAtConnectTest, LetsThroughWhatIsAllowedAndFollowsNoRedirection) {
    auto answer = ask({.allowed = {*parse_address_range("127.0.0.0/8")}}, "127.0.0.1");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 302u);
    EXPECT_EQ(site.asked, 1);
}

}  // namespace
}  // namespace falconer::net
