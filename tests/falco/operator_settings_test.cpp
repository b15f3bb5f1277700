// Section falco: of the component configuration.
#include "falconer/falco/operator_settings.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct decoded {
    operator_settings        is{};
    std::vector<std::string> problems{};
};

decoded decode(const std::string& section) {
    decoded        made;
    field_problems problems;
    made.is = decode_operator_settings(yaml(section), problems);
    for (const auto& each : problems)
        made.problems.push_back(std::to_string(each.line) + ": " + each.text());
    return made;
}

TEST(OperatorSettings, NothingSaidIsTheDefaults) {
    const auto all = decode("{}");
    EXPECT_THAT(all.problems, IsEmpty());
    EXPECT_EQ(all.is.certificates.leaf.lifetime, 180 * 24h);
    EXPECT_EQ(all.is.certificates.leaf.renew_after, 150 * 24h);
    EXPECT_FALSE(all.is.central.enabled);
    EXPECT_EQ(all.is.central.token_lifetime, 168h);
}

TEST(OperatorSettings, TokensMayLiveForHalfAMinute) {
    const auto all = decode("centralStorage: {tokenLifetime: 30s}\n");
    EXPECT_THAT(all.problems, IsEmpty());
    EXPECT_EQ(all.is.central.token_lifetime, 30s);
    EXPECT_THAT(
        decode("centralStorage: {tokenLifetime: 29s}\n").problems,
        ElementsAre("1: falco.centralStorage.tokenLifetime: expected a duration such as 168h, of "
                    "30 seconds "
                    "at least, found '29s'")
    );
}

TEST(OperatorSettings, EveryProblemIsToldAtOnceWithItsLine) {
    const auto all = decode(
        "priorityClasName: a\n"
        "certificateLifetime: 10s\n"
        "certificateRenewAfter: 9000h\n"
        "centralStorage:\n"
        "  enabled: true\n"
        "clusterIdentityToken: {}\n"
        "globalDefaultDestinations:\n"
        "- name: central\n"
        "  falcosidekickOutput: {key: loki, value: {}}\n"
        "- name: ''\n"
        "  falcosidekickOutput: {key: '', value: {}}\n"
        "- name: mine\n"
        "- name: mine\n"
        "  falcosidekickOutput: {key: loki, value: 7}\n"
    );
    EXPECT_THAT(
        all.problems,
        ElementsAre(
            "2: falco.certificateLifetime: expected a duration such as 168h, of a minute at least, "
            "found '10s'",
            ::testing::StartsWith("3: falco.certificateRenewAfter: "),
            "5: falco.centralStorage.url: is needed where centralStorage is enabled",
            "5: falco.centralStorage.tokenIssuerPrivateKey: is needed where centralStorage is "
            "enabled",
            "6: falco.clusterIdentityToken.tokenIssuerPrivateKey: is needed",
            "8: falco.globalDefaultDestinations[0].name: is the name of a standard destination",
            "10: falco.globalDefaultDestinations[1].name: is needed",
            "11: falco.globalDefaultDestinations[1].falcosidekickOutput.key: is needed",
            "12: falco.globalDefaultDestinations[2].falcosidekickOutput: is needed",
            "13: falco.globalDefaultDestinations[3].name: the same name again",
            "14: falco.globalDefaultDestinations[3].falcosidekickOutput.key: another global "
            "default has this output",
            "14: falco.globalDefaultDestinations[3].falcosidekickOutput.value: expected a mapping, "
            "or a text that is YAML, found 7",
            "1: falco.priorityClasName: unknown field; did you mean 'priorityClassName'?"
        )
    );
}

TEST(OperatorSettings, WhatHasNoEffectIsSaid) {
    EXPECT_THAT(
        decode("defaultEventDestination: logging\n").is.warnings,
        ElementsAre("falco.defaultEventDestination has no effect")
    );
}

TEST(OperatorSettings, AKeyIsNeverRepeated) {
    const auto all =
        decode("centralStorage: {enabled: true, url: https://h/, tokenIssuerPrivateKey: hunter2}\n"
        );
    EXPECT_THAT(
        all.problems, ElementsAre("1: falco.centralStorage.tokenIssuerPrivateKey: is no PEM")
    );
}

}  // namespace
}  // namespace falconer::falco
