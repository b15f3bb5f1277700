#include "alerts/channels/receiver.hpp"

#include "alerts/channels/http_post.hpp"

#include <gtest/gtest.h>

#include <string>

namespace falconer::alerts {
namespace {

struct reading {
    receiver    is{};
    std::string problems{};
};
reading read(const std::string& yaml) {
    const auto parsed = parse_yaml(yaml);
    EXPECT_TRUE(parsed) << yaml;
    field_problems problems;
    reading        one;
    one.is = read_receiver(*parsed, "receivers[0]", problems);
    for (const auto& each : problems) one.problems += each.text() + "\n";
    return one;
}

TEST(ReceiverTest, IsReadFromTheConfiguration) {
    auto one = read(
        "{name: hook, perMinute: 5, webhook: {url: 'https://a.example/x', secretFile: /k, title: "
        "'{{title}}'}}"
    );
    EXPECT_EQ(one.problems, "");
    EXPECT_EQ(one.is.how, channel_kind::webhook);
    EXPECT_EQ(one.is.url, "https://a.example/x");
    EXPECT_EQ(one.is.secret_file, "/k");
    EXPECT_EQ(one.is.per_minute, 5);
    one = read("{name: mail, email: {to: [a@example.org, b@example.org]}}");
    EXPECT_EQ(one.problems, "");
    EXPECT_EQ(one.is.to.size(), 2u);
    one = read("{name: page, pagerduty: {routingKeyFile: /k}}");
    EXPECT_EQ(one.problems, "");
    EXPECT_EQ(one.is.url, "https://events.pagerduty.com/v2/enqueue");
    one = read("{name: am, alertmanager: {url: 'http://am:9093', keeps: 2h}}");
    EXPECT_EQ(one.problems, "");
    EXPECT_EQ(one.is.keeps, std::chrono::hours(2));
    EXPECT_EQ(read("{name: s, slack: {urlFile: /s}}").problems, "");
    EXPECT_EQ(read("{name: t, teams: {urlFile: /s}}").problems, "");
    EXPECT_EQ(read("{name: o, otlp: {url: 'https://o:4318', tokenFile: /t}}").problems, "");
}

TEST(ReceiverTest, SaysEverythingThatIsWrong) {
    for (const auto* bad :
         {"{name: x}", "{webhook: {url: 'https://a'}}", "{name: x, webhook: {}}",
          "{name: x, webhook: {url: 'ftp://a'}}", "{name: x, webhook: {url: 'https://u:p@a/'}}",
          "{name: x, webhook: {url: 'https://a/#f'}}",
          "{name: x, webhook: {url: 'https://a', urlFile: /f}}",
          "{name: x, webhook: {url: 'https://a', nope: 1}}",
          "{name: x, webhook: {url: 'https://a'}, nope: 1}",
          "{name: x, webhook: {url: 'https://a'}, slack: {url: 'https://a'}}",
          "{name: x, webhook: {url: 'https://a', title: '{{nope}}'}}", "{name: x, email: {to: []}}",
          "{name: x, email: {to: ['a@b', 'c\\r\\nd@e']}}", "{name: x, email: {to: ['a b@c']}}",
          "{name: x, email: {to: ['<a@b>']}}", "{name: x, pagerduty: {}}",
          "{name: x, alertmanager: {url: 'http://a', keeps: 1s}}",
          "{name: x, perMinute: 0, slack: {url: 'https://a'}}", "{name: x, carrier_pigeon: {}}"})
        EXPECT_NE(read(bad).problems, "") << bad;
    const auto two = read("{name: x, webhook: {url: nope, title: '{{nope}}'}}");
    EXPECT_NE(two.problems.find("receivers[0].webhook.url"), std::string::npos) << two.problems;
    EXPECT_NE(two.problems.find("receivers[0].webhook.title"), std::string::npos) << two.problems;
}

TEST(AddressTest, IsAnHttpUrl) {
    const auto one = parse_address("https://hooks.example.org/T0/B0?x=1");
    ASSERT_TRUE(one);
    EXPECT_TRUE(one->place.tls);
    EXPECT_EQ(one->place.host, "hooks.example.org");
    EXPECT_EQ(one->target, "/T0/B0?x=1");
    EXPECT_EQ(parse_address("http://a")->target, "/");
    EXPECT_EQ(parse_address("http://a?b")->target, "/?b");
    for (const auto* bad :
         {"", "a", "//a", "file:///etc/passwd", "gopher://a/_x", "http://", "http://a b/",
          "http://a/ b", "http://a/\r\nHost: b", "http://u@a/", "http://a\\@b/", "http://a/#b",
          "http://a:0/", "http://a\r\nX: y/", "http://ä/", "http://[fe80::1%1]/",
          "http://a%00b/"}) {
        const auto refused = parse_address(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().detail.find("passwd"), std::string::npos) << "it may be a secret";
    }
}

}  // namespace
}  // namespace falconer::alerts
