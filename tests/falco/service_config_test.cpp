#include "falconer/falco/service_config.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto at = "spec.extensions[0].providerConfig";

std::string with_header(const std::string& fields) {
    return "apiVersion: falco.extensions.gardener.cloud/v1alpha1\nkind: FalcoServiceConfig\n" +
           fields;
}
decoded_config decode(const std::string& fields) {
    return decode_service_config(yaml(with_header(fields)), at);
}
std::vector<std::string> problems_of(const std::string& fields) {
    std::vector<std::string> all;
    for (const auto& each : decode(fields).problems) {
        auto text = each.text();
        if (text.starts_with(at)) text.erase(0, std::string_view(at).size());
        all.push_back(text);
    }
    return all;
}
std::string encoded(const service_config& config) {
    return json_text(encode(config));
}

constexpr auto all_of_current = R"(
falcoVersion: 0.42.1
autoUpdate: false
heartbeatEvent: true
nodeSelector: {disk: ssd}
tolerations:
- {key: a, operator: Equal, value: b, effect: NoExecute, tolerationSeconds: 30}
falcoConfig:
  resources:
    requests: {cpu: 200m, memory: 600Mi}
    limits: {memory: 2Gi}
rules:
  standard: [falco-rules, falco-sandbox-rules, gardener-detections]
  custom:
  - resourceName: mine
  - shootConfigMap: theirs
plugins:
- name: json
- {name: k8smeta, initConfig: {collectorHostname: c, deeper: {port: 1}}}
destinations:
- {name: logging}
- {name: splunk, enabled: false, resourceSecretName: s}
)";

constexpr auto all_of_gep27 = R"(
falcoVersion: 0.42.1
autoUpdate: true
resources: gardener
gardener:
  useFalcoRules: true
  useFalcoIncubatingRules: false
  useFalcoSandboxRules: true
  useGardenerDetections: true
  ruleRefs: [{ref: a}, {ref: b}]
  plugins: [{name: k8smeta, initConfig: {collectorHostname: c}}]
falcoctl:
  indexes: [{name: falcosecurity, url: "https://falcosecurity.github.io/falcoctl/index.yaml"}]
  allowedTypes: [rulesfile, plugin]
  install: {refs: ["falco-rules:3"], resolveDeps: true}
  follow: {refs: ["falco-rules:3"], every: 6h}
customWebhook:
  enabled: true
  address: https://h/
  customHeaders: {X-A: b}
  checkCerts: false
)";

TEST(ServiceConfigTest, ReadsAndWritesAllOfTheCurrentDialect) {
    const auto decoded = decode(all_of_current);
    EXPECT_THAT(decoded.problems, IsEmpty());
    const auto& config = decoded.config;
    EXPECT_EQ(config.written, config_dialect::current);
    EXPECT_EQ(config.tolerations->at(0).seconds, 30);
    EXPECT_EQ(config.resources->limits->memory, "2Gi");
    EXPECT_EQ(config.resources->limits->cpu, std::nullopt);
    EXPECT_EQ(config.rules->custom->at(1).shoot_config_map, "theirs");
    EXPECT_FALSE(config.destinations->at(1).is_enabled());
    EXPECT_EQ(encode(config), yaml(with_header(all_of_current)));
}

TEST(ServiceConfigTest, ReadsAndWritesAllOfGep27) {
    const auto decoded = decode(all_of_gep27);
    EXPECT_THAT(decoded.problems, IsEmpty());
    EXPECT_EQ(decoded.config.written, config_dialect::gep27);
    EXPECT_THAT(*decoded.config.webhook->headers, ElementsAre(Pair("X-A", "b")));
    EXPECT_EQ(encode(decoded.config), yaml(with_header(all_of_gep27)));
}

TEST(ServiceConfigTest, NothingSaidIsTheCurrentDialect) {
    const auto decoded = decode_service_config(value{}, at);
    EXPECT_THAT(decoded.problems, IsEmpty());
    EXPECT_EQ(decoded.config, service_config{});
    EXPECT_EQ(decode_service_config(value::map(), at).config, service_config{});
    EXPECT_THAT(decode_service_config(value{{"falcoVersion", "1.0.0"}}, at).problems, SizeIs(2))
        << "who says something says in which language";
}

TEST(ServiceConfigTest, TheOldNameOfAutoUpdateIsRead) {
    const auto decoded = decode("falcoAutoUpdate: false");
    EXPECT_THAT(decoded.problems, IsEmpty());
    EXPECT_EQ(decoded.config.written, config_dialect::gep27);
    EXPECT_EQ(decoded.config.auto_update, false);
    EXPECT_THAT(encoded(decoded.config), HasSubstr("\"autoUpdate\":false"));
    EXPECT_THAT(
        problems_of("autoUpdate: true\nfalcoAutoUpdate: false\n"),
        ElementsAre(".falcoAutoUpdate: is autoUpdate under another name; keep one of them")
    );
}

TEST(ServiceConfigTest, KeysOfBothDialectsAreNamedTogether) {
    EXPECT_THAT(
        problems_of("destinations: []\ngardener: {useFalcoRules: true}\n"),
        ElementsAre(
            ".gardener: is a field of GEP-27's form and cannot stand beside destinations, a field "
            "of the current one"
        )
    );
}

TEST(ServiceConfigTest, EveryProblemIsFoundAtOnceWithItsPath) {
    EXPECT_THAT(
        problems_of(
            "falcoVersion: 0.42\nautoUpdate: maybe\nheartbeatEvnt: true\nrules:\n  standard: x\n"
            "  custom:\n  - resouceName: a\ndestinations:\n- enabled: true\n- name: [a]\n- text\n"
            "tolerations:\n- tolerationSeconds: soon\n"
        ),
        ElementsAre(
            ".falcoVersion: expected a text, found 0.42",
            ".autoUpdate: expected true or false, found 'maybe'",
            ".tolerations[0].tolerationSeconds: expected a whole number, found 'soon'",
            ".rules.standard: expected a list, found 'x'",
            ".rules.custom[0].resouceName: unknown field; did you mean 'resourceName'?",
            ".destinations[0].name: is needed",
            ".destinations[1].name: expected a text, found a list",
            ".destinations[2]: expected a mapping, found 'text'",
            ".heartbeatEvnt: unknown field; did you mean 'heartbeatEvent'?"
        )
    );
    EXPECT_THAT(
        problems_of("resources: both\nfalcoctl: {follow: {every: soon}, indexes: [{}]}\n"),
        ElementsAre(
            ".resources: expected gardener or falcoctl, found 'both'",
            ".falcoctl.indexes[0].name: is needed", ".falcoctl.indexes[0].url: is needed",
            ".falcoctl.follow.every: expected a duration such as 6h, of a minute at least, found "
            "'soon'"
        )
    );
}

TEST(ServiceConfigTest, APluginHasANameAndPerhapsAConfiguration) {
    EXPECT_THAT(
        problems_of("plugins: [{}, {name: a, initConfig: text}, {nam: b}, c]\n"),
        ElementsAre(
            ".plugins[0].name: is needed",
            ".plugins[1].initConfig: expected a mapping, found 'text'",
            ".plugins[2].name: is needed", ".plugins[2].nam: unknown field; did you mean 'name'?",
            ".plugins[3]: expected a mapping, found 'c'"
        )
    );
    EXPECT_THAT(
        problems_of("gardener: {plugins: [{name: a, version: b}]}\n"),
        ElementsAre(".gardener.plugins[0].version: unknown field")
    );
}

TEST(ServiceConfigTest, AnotherKindIsSaid) {
    const auto decoded = decode_service_config(yaml("apiVersion: v1\nkind: Pod\n"), at);
    EXPECT_THAT(decoded.problems, SizeIs(2));
    EXPECT_THAT(decode_service_config(yaml("text"), at).problems, SizeIs(1));
}

// --- defaults -----------------------------------------------------------------------------------

const service_defaults defaults{.falco_version = "0.42.1", .destination = "central"};

TEST(ServiceDefaultsTest, AreFilledIntoWhatIsEmpty) {
    service_config config;
    fill_defaults(config, defaults);
    EXPECT_EQ(
        encoded(config),
        R"({"apiVersion":"falco.extensions.gardener.cloud/v1alpha1","kind":"FalcoServiceConfig",)"
        R"("falcoVersion":"0.42.1","autoUpdate":true,"rules":{"standard":["falco-rules"]},)"
        R"("destinations":[{"name":"central"}]})"
    );
}

TEST(ServiceDefaultsTest, LeaveAloneWhatWasSaid) {
    auto       config = decode(all_of_current).config;
    const auto before = config;
    fill_defaults(config, defaults);
    EXPECT_EQ(config, before);
    auto gep27 = decode(all_of_gep27).config;
    fill_defaults(gep27, defaults);
    EXPECT_EQ(gep27, decode(all_of_gep27).config);
}

TEST(ServiceDefaultsTest, AreFilledInTheWritersDialect) {
    auto config = decode("resources: gardener\n").config;
    fill_defaults(config, defaults);
    EXPECT_EQ(config.destinations, std::nullopt) << "GEP-27 has no such key";
    EXPECT_EQ(config.rules, std::nullopt);
    EXPECT_EQ(config.gardener->use_falco_rules, true);
    auto again = decode_service_config(encode(config), at);
    EXPECT_THAT(again.problems, IsEmpty());
    EXPECT_EQ(again.config, config);
}

TEST(ServiceDefaultsTest, RulesThatWereSaidToBeNoneStayNone) {
    auto config = decode("rules: {standard: []}\n").config;
    fill_defaults(config, defaults);
    EXPECT_THAT(*config.rules->standard, IsEmpty());
}

TEST(ServiceDefaultsTest, FillingTwiceChangesNothing) {
    for (const char* text :
         {"", "falcoVersion: 0.40.0\n", "customWebhook: {enabled: true}\n", "resources: falcoctl\n",
          "rules: {custom: []}\n"}) {
        auto once = decode(text).config;
        fill_defaults(once, defaults);
        auto twice = once;
        fill_defaults(twice, defaults);
        EXPECT_EQ(once, twice) << text;
    }
}

// --- meaning ------------------------------------------------------------------------------------

std::vector<std::string> names(const std::vector<destination>& all) {
    std::vector<std::string> found;
    for (const auto& each : all) found.push_back(each.name);
    return found;
}

TEST(ServiceMeaningTest, OfTheCurrentDialectIsWhatItSays) {
    const auto is = meaning_of(decode(all_of_current).config, "central");
    EXPECT_EQ(is.falco_version, "0.42.1");
    EXPECT_FALSE(is.auto_update);
    EXPECT_TRUE(is.heartbeat_event);
    EXPECT_THAT(
        is.standard_rules, ElementsAre("falco-rules", "falco-sandbox-rules", "gardener-detections")
    );
    EXPECT_THAT(is.custom_rules, SizeIs(2));
    ASSERT_THAT(is.plugins, SizeIs(2));
    EXPECT_EQ(is.plugins[0].init_config, std::nullopt);
    EXPECT_EQ(is.plugins[1].init_config, yaml("{collectorHostname: c, deeper: {port: 1}}"));
    EXPECT_THAT(names(is.destinations), ElementsAre("logging", "splunk"));
    EXPECT_EQ(is.falcoctl, std::nullopt);
}

TEST(ServiceMeaningTest, OfGep27BecomesTheSameModel) {
    const auto is = meaning_of(decode(all_of_gep27).config, "central");
    EXPECT_THAT(
        is.standard_rules, ElementsAre("falco-rules", "falco-sandbox-rules", "gardener-detections")
    );
    EXPECT_EQ(is.custom_rules.at(1).resource_name, "b");
    ASSERT_THAT(is.plugins, SizeIs(1));
    EXPECT_EQ(is.plugins[0].name, "k8smeta");
    EXPECT_THAT(is.destinations, IsEmpty()) << "the webhook replaces the default";
    EXPECT_EQ(is.webhook->address, "https://h/");
    EXPECT_EQ(is.falcoctl, std::nullopt) << "mode gardener";
}

TEST(ServiceMeaningTest, FalcoctlTurnsGardenersRulesOff) {
    const auto is = meaning_of(
        decode("resources: falcoctl\ngardener: {useFalcoRules: true}\n"
               "customWebhook: {enabled: false, address: x}\n")
            .config,
        "central"
    );
    EXPECT_THAT(is.standard_rules, IsEmpty());
    EXPECT_THAT(is.custom_rules, IsEmpty());
    EXPECT_TRUE(is.falcoctl);
    EXPECT_EQ(is.webhook, std::nullopt);
    EXPECT_THAT(names(is.destinations), ElementsAre("central"));
}

// Whoever reads a config reads it strictly, which takes its time: a webhook, a controller's round.
TEST(ServiceConfigTest, OfThousandsOfValuesNoneIsRead) {
    auto config = yaml(with_header("falcoVersion: 5\nnodeSelector: {}\n"));
    for (int i = 0; i < 100'000; ++i) config["nodeSelector"].add("k" + std::to_string(i), "v");
    const auto decoded = decode_service_config(config, at);
    ASSERT_THAT(decoded.problems, SizeIs(1));
    EXPECT_EQ(
        decoded.problems[0].text(), "spec.extensions[0].providerConfig: has more than 2000 values"
    );
    EXPECT_EQ(decoded.config, service_config{});
}

}  // namespace
}  // namespace falconer::falco
