// What an operator wants on every seed besides.
#include "actors/additional_resources.hpp"

#include "support/seed_world.hpp"

namespace falconer::actors {
namespace {

using falco::managed_resources;
using namespace std::chrono_literals;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_key  first{"extension-falco", "falco-additional-first"};

class AdditionalResourcesTest : public test::seed_world {
protected:
    landscape          facts;
    sandbox::store_api api{time, seed};

    falco::operator_settings configured(const std::string& text) {
        field_problems problems;
        auto           is = falco::decode_operator_settings(
            testing::yaml("{additional: {seedManagedResources: " + text + "}}"), problems
        );
        for (const auto& each : problems) ADD_FAILURE() << each.text();
        return is;
    }
    void SetUp() override {
        must(seed.create(namespaces, {{}, "extension-falco"}, value::map(), {}));
        facts.seed =
            std::make_shared<const value>(testing::yaml("spec: {ingress: {domain: d.io}}"));
        facts.settings = configured(
            "[{name: first, manifests: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, "
            "data: {host: \"x.<<.SeedIngressDomain>>\"}}'}]"
        );
        scope.spawn("additional", of_.run());
        settle();
    }
    value config_map() { return must(seed.get(config_maps, {"extension-falco", "a"})); }

private:
    additional_resources of_{time, api, facts, "extension-falco"};
};

TEST_F(AdditionalResourcesTest, AreDeliveredIntoOurNamespaceWithTheSeedsDomain) {
    EXPECT_EQ(config_map().text_at({"data", "host"}), "x.d.io");
    const auto resource = must(seed.get(managed_resources, first));
    EXPECT_EQ(resource.text_at({"spec", "class"}), "seed");
    EXPECT_EQ(
        resource.text_at({"metadata", "labels", "falco.gardener.cloud/additional-resource"}), "true"
    );
}

TEST_F(AdditionalResourcesTest, WithoutAGardenWhatIsThereStays) {
    facts.seed.reset();
    pass(10min);
    EXPECT_EQ(config_map().text_at({"data", "host"}), "x.d.io");
}

TEST_F(AdditionalResourcesTest, LookingAgainWritesNothing) {
    const auto version = seed.version();
    pass(10min);
    EXPECT_EQ(seed.version(), version);
}

TEST_F(AdditionalResourcesTest, FollowTheConfigurationAndGoWithIt) {
    facts.settings = configured(
        "[{name: first, manifests: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: "
        "{host: other}}]}]"
    );
    pass(1min);
    EXPECT_EQ(config_map().text_at({"data", "host"}), "other");
    facts.settings = configured("[]");
    pass(2min);
    EXPECT_FALSE(is_there(seed, managed_resources, first));
    EXPECT_FALSE(is_there(seed, config_maps, {"extension-falco", "a"}));
}

TEST_F(AdditionalResourcesTest, OneThatCannotBeDeliveredKeepsNobodyElse) {
    facts.settings = configured(
        "[{name: bad, manifests: [{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {x: "
        "'<<.Nothing>>'}}]}, {name: good, manifests: [{apiVersion: v1, kind: ConfigMap, metadata: "
        "{name: c}}]}]"
    );
    pass(1min);
    EXPECT_FALSE(is_there(seed, config_maps, {"extension-falco", "b"}));
    EXPECT_TRUE(is_there(seed, config_maps, {"extension-falco", "c"}));
}

TEST(AdditionalResourceSettings, ProblemsNameTheirPlace) {
    for (const auto& [text, why] :
         {std::pair<const char*, const char*>{"[{manifests: []}]", "[0].name"},
          {"[{name: A, manifests: []}]", "DNS label"},
          {"[{name: a}]", "[0].manifests: is needed"},
          {"[{name: a, manifests: [{kind: x}]}]", "lacks apiVersion"},
          {"[{name: a, manifests: 3}]", "a list of objects"},
          {"[{name: a, manifests: '{'}]", "[0].manifests"},
          {"[{name: a, manifests: []}, {name: a, manifests: []}]", "the same name again"}}) {
        field_problems problems;
        falco::decode_operator_settings(
            testing::yaml(std::string("{additional: {seedManagedResources: ") + text + "}}"),
            problems
        );
        ASSERT_FALSE(problems.empty()) << text;
        EXPECT_NE(problems[0].text().find(why), std::string::npos) << problems[0].text();
        EXPECT_NE(
            problems[0].text().find("falco.additional.seedManagedResources"), std::string::npos
        );
    }
}

TEST(AdditionalResourceSettings, AHelmChartIsReadAndNamedInAWarning) {
    field_problems problems;
    const auto     is = falco::decode_operator_settings(
        testing::yaml(
            "{additional: {seedManagedResources: [{name: a, helm: {chart: x, values: {}}}]}}"
        ),
        problems
    );
    EXPECT_TRUE(problems.empty());
    ASSERT_EQ(is.warnings.size(), 1u);
    EXPECT_NE(is.warnings[0].find("seedManagedResources[0].helm"), std::string::npos);
}

}  // namespace
}  // namespace falconer::actors
