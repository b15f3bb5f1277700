// The section `alerts`: what is wrong is said with its line, all at once.
#include "app/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

configuration_reading read(const std::string& text) {
    return read_configuration(
        "f.yaml",
        "apiVersion: falco.extensions.config.gardener.cloud/v1alpha1\nkind: Configuration\n" + text,
        {}
    );
}

std::vector<std::string> names_of(const std::vector<alerts::alert_rule>& rules) {
    std::vector<std::string> all;
    for (const auto& each : rules) all.push_back(each.name);
    return all;
}

TEST(AlertsConfiguration, WithoutItTheRulesThatComeWithFalconerAreThere) {
    const auto got = read("");
    EXPECT_THAT(got.problems, IsEmpty());
    EXPECT_TRUE(got.value.alerts.enabled);
    EXPECT_THAT(
        names_of(got.value.alerts.rules),
        ElementsAre("Cluster is silent", "Cluster is blind", "Ingest has an outage")
    );
}

TEST(AlertsConfiguration, ReceiversRulesMailAndAddressesAreRead) {
    const auto got = read(R"(
alerts:
  defaultReceivers: [on-call]
  receivers:
    - {name: on-call, webhook: {url: "https://example.com/hook", secretFile: /s}}
    - {name: team, project: shop, email: {to: [team@example.com]}}
  rules:
    - {name: Critical, filter: priority>=critical, groupBy: [workload]}
    - {name: Cluster is blind, clusters: {states: [blind], for: 1h}, receivers: [on-call]}
  mail: {host: smtp.example.com, from: falconer@example.com, user: u, passwordFile: /p}
  addresses: {allowed: [10.1.0.0/16], refused: ["2001:db8::/32"]}
  deliveries: {atOnce: 4, giveUpAfter: 2h}
)");
    EXPECT_THAT(got.problems, IsEmpty());
    const auto& is = got.value.alerts;
    ASSERT_THAT(is.receivers, SizeIs(2));
    EXPECT_EQ(is.receivers[1].project, "shop");
    EXPECT_THAT(
        names_of(is.rules),
        ElementsAre("Critical", "Cluster is blind", "Cluster is silent", "Ingest has an outage")
    ) << "one of the same name takes the place of ours";
    for (const auto& each : is.rules) EXPECT_THAT(each.receivers, ElementsAre("on-call"));
    EXPECT_EQ(is.mail.port, 587);
    EXPECT_THAT(is.addresses.allowed, SizeIs(1));
    EXPECT_THAT(is.addresses.refused, SizeIs(1));
    EXPECT_EQ(is.at_once, 4u);
    EXPECT_EQ(is.lifetime, 2h);
}

TEST(AlertsConfiguration, TheDocumentsExampleIsRead) {
    std::ifstream      in("docs/alerts.md");
    std::ostringstream out;
    out << in.rdbuf();
    const auto text  = out.str();
    const auto begin = text.find("```yaml\n");
    ASSERT_NE(begin, text.npos);
    const auto got = read(text.substr(begin + 8, text.find("```\n", begin + 8) - begin - 8));
    EXPECT_THAT(got.problems, IsEmpty());
    ASSERT_THAT(got.value.alerts.rules, SizeIs(4));
    EXPECT_EQ(got.value.alerts.rules[0].times.zone, "Europe/Berlin");
}

TEST(AlertsConfiguration, AllThatIsWrongIsSaidWithItsLine) {
    const auto                     got = read(R"(
alerts:
  defaultReceivers: [nobody]
  receivers:
    - {name: a, webhook: {url: "ftp://example.com"}}
    - {name: a, slack: {url: "https://example.com"}}
    - {name: b, email: {to: [me@example.com]}}
    - {name: c}
  rules:
    - {name: r, filter: "priority>>critical"}
    - {name: s, filter: "rule:x", receivers: [onn-call]}
    - {name: t, filter: "rule:x", calendar: {zone: Europe/Atlantis}}
  addresses: {allowed: [10.0.0.0/33]}
  deliveries: {giveUpAfter: never, atOnce: 0}
  colour: red
)");
    const std::vector<std::string> words{
        "alerts.defaultReceivers",
        "f.yaml:7: alerts.receivers[0].webhook.url",
        "f.yaml:8: alerts.receivers[1].name",
        "f.yaml:9: alerts.receivers[2].email",
        "f.yaml:10: alerts.receivers[3]",
        "f.yaml:12: alerts.rules[0].filter",
        "f.yaml:13: alerts.rules[1].receivers",
        "f.yaml:14: alerts.rules[2].calendar.zone",
        "f.yaml:15: alerts.addresses.allowed",
        "alerts.deliveries.giveUpAfter",
        "alerts.deliveries.atOnce",
        "f.yaml:17: alerts.colour"
    };
    for (const auto& each : words) EXPECT_THAT(got.problems, Contains(HasSubstr(each)));
    EXPECT_EQ(got.problems.size(), words.size()) << testing::PrintToString(got.problems);
}

TEST(AlertsConfiguration, WhatHasReceiversOfItsOwnMayNameTheOperatorsToo) {
    alerts_configuration how;
    how.receivers.resize(2);
    how.receivers[0].name    = "on-call";
    how.receivers[1].name    = "team";
    how.receivers[1].project = "shop";
    const auto ground        = how.ground();
    EXPECT_TRUE(ground.has_receiver("shop", "on-call"));
    EXPECT_TRUE(ground.has_receiver("shop", "team"));
    EXPECT_FALSE(ground.has_receiver("other", "team"));
    EXPECT_FALSE(ground.has_receiver({}, "team")) << "operators' rules have operators' receivers";
}

}  // namespace
}  // namespace falconer::app
