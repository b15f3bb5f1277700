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

TEST(OperatorSettings, WhatNoPodCouldStartWithIsRefused) {
    EXPECT_THAT(
        decode("priorityClassName: gardener-system-900\nagentImage: r:5000/a@sha256:ab\n"
               "registryMirror: '[::1]:5000/all'\n")
            .problems,
        IsEmpty()
    );
    EXPECT_THAT(decode("priorityClassName: ''\nregistryMirror: ''\n").problems, IsEmpty());
    EXPECT_THAT(
        decode("priorityClassName: A B\nagentImage: a b\nregistryMirror: https://r.example.com\n")
            .problems,
        ElementsAre(
            "1: falco.priorityClassName: expected the name of a PriorityClass, found 'A B'",
            "2: falco.agentImage: expected an image, one word, found 'a b'",
            "3: falco.registryMirror: expected a registry such as "
            "registry.example.com:5000/mirror, "
            "without https://, found 'https://r.example.com'"
        )
    );
    for (const char* mirror : {"r/", "/r", "r//a", "r a", "r@b"})
        EXPECT_THAT(
            decode("registryMirror: '" + std::string(mirror) + "'\n").problems, ::testing::SizeIs(1)
        ) << mirror;
}

TEST(OperatorSettings, CentralIsAUrl) {
    const auto said = [](const std::string& url) {
        return decode(
                   "centralStorage: {enabled: true, tokenIssuerPrivateKeyFile: k, url: '" + url +
                   "'}\n"
        )
            .problems;
    };
    EXPECT_THAT(said("https://h:3200/ingestor/api/v1/push"), IsEmpty());
    EXPECT_THAT(
        said("h/push"), ElementsAre("1: falco.centralStorage.url: must be a URL that begins with "
                                    "https:// or http://, found 'h/push'")
    );
    EXPECT_THAT(
        said("https://me:hunter2@/"), ElementsAre("1: falco.centralStorage.url: names no host")
    );
}

TEST(OperatorSettings, AKeyThatComesTwiceInWhatIsPassedOnIsAProblem) {
    EXPECT_THAT(
        decode("globalDefaultDestinations:\n"
               "- name: a\n"
               "  falcosidekickOutput:\n"
               "    key: webhook\n"
               "    value:\n"
               "      address: http://a\n"
               "      customheaders: {X: a, X: b}\n"
               "      address: http://b\n")
            .problems,
        ElementsAre(
            "7: falco.globalDefaultDestinations[0].falcosidekickOutput.value.customheaders.X: the "
            "same key again",
            "8: falco.globalDefaultDestinations[0].falcosidekickOutput.value.address: the same key "
            "again"
        )
    );
    EXPECT_THAT(
        decode("additional:\n"
               "  seedManagedResources:\n"
               "  - name: a\n"
               "    manifests:\n"
               "    - 5\n"
               "    - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, name: b}}\n"
               "    - {apiVersion: v1}\n")
            .problems,
        ElementsAre(
            "5: falco.additional.seedManagedResources[0].manifests[0]: lacks apiVersion, kind or "
            "metadata.name",
            "6: falco.additional.seedManagedResources[0].manifests[1].metadata.name: the same key "
            "again",
            "7: falco.additional.seedManagedResources[0].manifests[2]: lacks apiVersion, kind or "
            "metadata.name"
        )
    );
}

// Whoever could set them there could turn the senders' certificates off, or say whose events are.
TEST(OperatorSettings, ADestinationIsAnOutputAndNothingElseOfFalcosidekick) {
    const auto with = [](const std::string& key) {
        return decode(
            "globalDefaultDestinations: [{name: a, falcosidekickOutput: {key: " + key +
            ", value: {}}}]\n"
        );
    };
    EXPECT_THAT(with("webhook").problems, IsEmpty());
    EXPECT_THAT(with("webhook").is.warnings, IsEmpty());
    for (const char* own : {"tlsserver", "customfields", "debug"})
        EXPECT_THAT(
            with(own).problems, ElementsAre(::testing::HasSubstr("falcosidekickOutput.key: is no "
                                                                 "output"))
        );
    EXPECT_THAT(with("Webhook").problems, ElementsAre(::testing::EndsWith("found 'Webhook'")))
        << "Falcosidekick takes it for webhook";
    const auto odd = with("webhok");
    EXPECT_THAT(odd.problems, IsEmpty()) << "a newer one may know it";
    EXPECT_THAT(
        odd.is.warnings,
        ElementsAre("falco.globalDefaultDestinations[0].falcosidekickOutput.key: Falcosidekick "
                    "2.35 has no output 'webhok'; did you mean 'webhook'?")
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
