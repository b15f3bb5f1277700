// What clusters have in common is written once, and each gets its own words all the same.
#include "falconer/falco/delivery_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace falconer::falco {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// falco.yaml as it is delivered.
std::string config_for(const std::string& version, bool ipv6) {
    const operator_settings            settings{};
    const rule_catalogue               rules{};
    const std::map<std::string, value> none{};
    releases                           offered{};
    offered.falco[*semver::parse(version)] = {
        .version = version, .is = classification::supported, .image = "example.com/falco:1"
    };
    falco_service service;
    service.falco_version   = version;
    service.heartbeat_event = true;  // some rules there must be
    service.destinations.push_back({.name = "stdout"});
    const auto plan = plan_delivery(
        {.cluster     = {.control_plane = "shoot--p--s", .ipv6 = ipv6},
         .service     = service,
         .settings    = settings,
         .offered     = offered,
         .rules       = rules,
         .config_maps = none,
         .secrets     = none}
    );
    EXPECT_TRUE(plan.problems.empty()) << plan.problems.front().text();
    for (const auto& each : plan.target)
        if (each.text_at({"kind"}) == "ConfigMap" && each.text_at({"metadata", "name"}) == "falco")
            return std::string(each.text_at({"data", "falco.yaml"}));
    return {};
}

TEST(DeliveryPlan, EachClusterGetsItsOwnFalcoYamlWhoeverCameBefore) {
    const auto first = config_for("0.43.0", false);
    EXPECT_THAT(first, Not(HasSubstr("listen_address: \"::\"")));
    const auto with_ipv6 = config_for("0.43.0", true);
    const auto older     = config_for("0.40.0", false);
    EXPECT_NE(first, with_ipv6);
    EXPECT_NE(first, older);
    EXPECT_EQ(config_for("0.43.0", false), first);
    EXPECT_EQ(config_for("0.43.0", true), with_ipv6);
    EXPECT_EQ(config_for("0.40.0", false), older);
    for (const auto& each : {first, with_ipv6, older}) {
        const auto read = parse_yaml(each);
        ASSERT_TRUE(read) << read.error().detail;
        EXPECT_EQ(yaml_text(*read), each) << "word for word what is written for it alone";
    }
}

}  // namespace
}  // namespace falconer::falco
