#include "admission/webhook_configurations.hpp"

#include "falconer/base64.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::admissions {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto some_ca  = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
constexpr auto other_ca = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";

const webhook_address as_service{.service = "falconer", .namespace_name = "garden", .port = 443};
const webhook_address by_url{.url = "https://falconer.garden:8443"};
const webhook_owner   owner{"extension-falco", "uid-1"};

value wanted(
    const value& found, webhook_repair how = webhook_repair::everything,
    const std::string& trust = some_ca
) {
    auto made = wanted_configuration(webhook_kind::mutating, found, as_service, owner, trust, how);
    return made ? *made : value{};
}

/// Source: contract §6.2.
TEST(WebhookConfigurationsTest, AreAsGardenersOwn) {
    const auto expected = testing::yaml(
        R"(
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: gardener-extension-admission-shoot-falco-service
  labels: {remediation.webhook.shoot.gardener.cloud/exclude: "true"}
  ownerReferences:
  - {apiVersion: v1, kind: Namespace, name: extension-falco, uid: uid-1, controller: true, blockOwnerDeletion: false}
webhooks:
- name: validator.admission-shoot-falco-service.extensions.gardener.cloud
  clientConfig:
    url: https://falconer.garden:8443/webhooks/validate
    caBundle: )" +
        encode_base64(some_ca) + R"(
  rules:
  - {apiGroups: [core.gardener.cloud], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [shoots], scope: "*"}
  - {apiGroups: [core.gardener.cloud], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [seeds], scope: "*"}
  objectSelector: {matchLabels: {extensions.extensions.gardener.cloud/shoot-falco-service: "true"}}
  namespaceSelector: {}
  failurePolicy: Fail
  matchPolicy: Exact
  sideEffects: None
  timeoutSeconds: 10
  admissionReviewVersions: [v1, v1beta1]
)"
    );
    EXPECT_EQ(
        wanted_configuration(
            webhook_kind::validating, value{}, by_url, owner, some_ca, webhook_repair::bundle
        ),
        expected
    );
    const auto mutating = wanted(value{});
    EXPECT_EQ(mutating.text_at({"kind"}), "MutatingWebhookConfiguration");
    const auto& hook = mutating.find("webhooks")->items().front();
    EXPECT_EQ(
        *hook.find_path({"clientConfig", "service"}),
        testing::yaml("{namespace: garden, name: falconer, path: /webhooks/mutate, port: 443}")
    );
    EXPECT_EQ(
        *hook.find_path({"rules"})->items().front().find("apiVersions"), testing::yaml("[v1beta1]")
    );
}

TEST(WebhookConfigurationsTest, WhatIsAsItShouldBeIsLeftAlone) {
    auto found                           = wanted(value{});
    found["metadata"]["resourceVersion"] = "7";
    found["metadata"]["uid"]             = "x";
    EXPECT_TRUE(wanted(found).is_null());
}

TEST(WebhookConfigurationsTest, DriftIsPutRightByWhoeverLeadsAlone) {
    for (const auto* drift :
         {"failurePolicy", "objectSelector", "rules", "name", "matchConditions"}) {
        auto found                           = wanted(value{});
        found["metadata"]["resourceVersion"] = "7";
        found["webhooks"].item(0)[drift]     = "Ignore";
        const auto mended                    = wanted(found);
        EXPECT_EQ(mended.find("webhooks")->items(), wanted(value{}).find("webhooks")->items());
        EXPECT_EQ(mended.text_at({"metadata", "resourceVersion"}), "7") << "over the very one";
        EXPECT_TRUE(wanted(found, webhook_repair::bundle).is_null()) << drift;
    }
}

TEST(WebhookConfigurationsTest, EverybodyAddsWhatIsNotTrustedAndTakesNobodyAway) {
    const auto  found  = wanted(value{}, webhook_repair::everything, other_ca);
    const auto  added  = wanted(found, webhook_repair::bundle);
    std::string both   = some_ca;
    both              += other_ca;
    EXPECT_EQ(bundle_in(added), both);
    EXPECT_EQ(bundle_in(wanted(found)), some_ca) << "who leads knows all of them";
}

TEST(WebhookConfigurationsTest, ABundleIsNeverEmptied) {
    const auto found = wanted(value{});
    EXPECT_TRUE(wanted(found, webhook_repair::everything, "").is_null());
    auto broken                                            = found;
    broken["webhooks"].item(0)["clientConfig"]["caBundle"] = "";
    EXPECT_EQ(bundle_in(wanted(broken, webhook_repair::bundle)), some_ca);
}

TEST(WebhookConfigurationsTest, WithoutItsOwnerItStandsAlone) {
    const auto made = wanted_configuration(
        webhook_kind::mutating, value{}, as_service, {}, some_ca, webhook_repair::bundle
    );
    EXPECT_EQ(made->find_path({"metadata", "ownerReferences"}), nullptr);
}

TEST(WebhookConfigurationsTest, TheNamesAreThoseThatWeAreCalledBy) {
    EXPECT_THAT(
        names_of(as_service), ElementsAre("falconer", "falconer.garden", "falconer.garden.svc")
    );
    EXPECT_THAT(names_of(by_url), ElementsAre("falconer.garden"));
    EXPECT_THAT(names_of({.url = "https://[::1]:10250"}), ElementsAre("::1"));
}

TEST(WebhookConfigurationsTest, AUrlIsAHostWithOrWithoutTheRest) {
    EXPECT_EQ(webhook_url("svc.garden"), "https://svc.garden");
    EXPECT_EQ(webhook_url("svc.garden:8443"), "https://svc.garden:8443");
    EXPECT_EQ(webhook_url("https://127.0.0.1:10250/"), "https://127.0.0.1:10250");
    for (const auto* wrong : {"", "http://svc", "https://svc/path", "svc:x", "https://"})
        EXPECT_EQ(webhook_url(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace falconer::admissions
