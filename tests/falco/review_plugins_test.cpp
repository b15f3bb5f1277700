// Plug-ins at admission: what may be chosen, and which rules ask for one that is not.
#include "falconer/falco/catalogue_rule_check.hpp"
#include "review_fixture.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::falco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReviewOfPlugins : public Review {
protected:
    ReviewOfPlugins() {
        auto decoded = decode_falco_profile(with_digests(R"(
apiVersion: falco.gardener.cloud/v1alpha1
kind: FalcoProfile
metadata: {name: plugins}
spec:
  versions:
    falco:
    - {version: 0.43.0, rulesVersion: 5.0.0, classification: supported}
    - {version: 0.44.1, rulesVersion: 5.1.0, classification: supported}
  plugins:
  - {name: json, version: 0.7.3}
  - {name: k8saudit, version: 0.11.0, source: k8s_audit}
  - name: k8smeta
    version: 0.4.1
    initConfigSchema: {required: [host], properties: {host: {type: string}}}
  - {name: a-b, version: 1.0.0, image: {repository: r.example/a, tag: DIGEST}}
  - {name: a_b, version: 1.0.0, image: {repository: r.example/b, tag: DIGEST}}
  - {name: c, version: 1.0.0, library: liba-b.so, image: {repository: r.example/c, tag: DIGEST}}
)"));
        EXPECT_TRUE(decoded.problems.empty());
        garden.there = merge({decoded.profile});
        linter       = &check;
    }

    static value with_digests(std::string text) {
        constexpr std::string_view word = "DIGEST";
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word))
            text.replace(at, word.size(), "'sha256:" + std::string(64, 'a') + "'");
        return yaml(text);
    }
    static value with(const std::string& plugins, const std::string& version = "0.43.0") {
        return config_of(
            "falcoVersion: " + version + "\nautoUpdate: true\ndestinations: [{name: logging}]\n" +
            "rules: {standard: [falco-rules], custom: [{resourceName: mine}]}\n" + plugins
        );
    }
    value shoot_with(const std::string& plugins, const std::string& version = "0.43.0") {
        auto one = shoot(with(plugins, version));
        refer(one, "mine", "ConfigMap", "ants");
        return one;
    }
    void rules(const std::string& text) {
        value map;
        map["data"]["a.yaml"]           = text;
        garden.rules["garden-foo/ants"] = read_custom_rules(map);
    }
    static std::string rule(const std::string& condition, const std::string& more = "") {
        return "- rule: Mine\n  desc: d\n  condition: " + condition +
               "\n  output: o\n  priority: INFO\n" + more;
    }

    const rule_set standard{{"falco_rules.yaml", rule("evt.type = open").replace(8, 4, "Some")}};
    catalogue_rule_check check{rule_catalogue{{"5.0.0", standard}, {"5.1.0", standard}}};
};

TEST_F(ReviewOfPlugins, WhatIsOfferedMayBeChosen) {
    rules(rule("evt.type = open and proc.tty = 0"));
    const auto got =
        validate(shoot_with("plugins: [{name: json}, {name: k8smeta, initConfig: {host: h}}]\n"));
    EXPECT_TRUE(got.allowed()) << got.message();
    EXPECT_THAT(got.warnings(), IsEmpty());
}

TEST_F(ReviewOfPlugins, EveryMistakeIsToldAtOnceInBothDialects) {
    const std::string wrong =
        "plugins: [{name: jsn}, {name: k8smeta}, {name: json}, {name: json}, {name: container}]";
    const auto expect = [](const answer& got, const std::string& at) {
        EXPECT_FALSE(got.allowed());
        for (const std::string each :
             {"[0].name: no profile offers a plug-in 'jsn'; did you mean 'json'?",
              "[1].initConfig.host: is needed", "[3].name: 'json' is there twice",
              "[4].name: 'container' is always loaded"})
            EXPECT_THAT(got.message(), HasSubstr(at + each));
    };
    expect(validate(shoot_with(wrong + "\n")), "spec.extensions[1].providerConfig.plugins");
    expect(
        validate(shoot(config_of(
            "falcoVersion: 0.43.0\nresources: gardener\ngardener:\n  useFalcoRules: true\n  " +
            wrong + "\n"
        ))),
        "spec.extensions[1].providerConfig.gardener.plugins"
    );
}

/// One would take the other's place on every node, or no pod could be made.
TEST_F(ReviewOfPlugins, TwoThatCannotStandInOnePodAreNotBothChosen) {
    for (const auto& [first, second] :
         std::vector<std::pair<std::string, std::string>>{{"a-b", "a_b"}, {"a-b", "c"}}) {
        const auto got =
            validate(shoot(with("plugins: [{name: " + first + "}, {name: " + second + "}]\n")));
        EXPECT_THAT(
            got.message(),
            HasSubstr(
                "plugins[1].name: '" + second + "' and '" + first + "' cannot stand in one pod"
            )
        );
    }
    rules(rule("evt.type = open"));
    const auto both = validate(shoot_with("plugins: [{name: a_b}, {name: c}]\n"));
    EXPECT_TRUE(both.allowed()) << both.message();
}

TEST_F(ReviewOfPlugins, RulesThatNeedOneThatIsNotChosenAreNamed) {
    rules("- required_plugin_versions: [{name: json, version: 0.7.0}]\n");
    EXPECT_THAT(
        validate(shoot_with("")).message(),
        HasSubstr("rules.custom[0].resourceName: ConfigMap ants: a.yaml:1:30: error: Falco 0.43.0 "
                  "does not come with the plug-in 'json', and it is not chosen")
    );
    EXPECT_TRUE(validate(shoot_with("plugins: [{name: json}]\n")).allowed());

    rules(rule("evt.type = open and k8smeta.pod.name = x"));
    EXPECT_THAT(
        validate(shoot_with("")).message(),
        HasSubstr("'k8smeta.pod.name' is a field of the plug-in 'k8smeta', which is not loaded")
    );
    EXPECT_TRUE(
        validate(shoot_with("plugins: [{name: k8smeta, initConfig: {host: h}}]\n")).allowed()
    );
}

TEST_F(ReviewOfPlugins, RulesThatFalcoWouldSkipAreAWarning) {
    rules(rule("ka.verb = get", "  source: k8s_audit\n"));
    const auto got = validate(shoot_with(""));
    EXPECT_TRUE(got.allowed()) << got.message();
    EXPECT_THAT(
        got.warnings(),
        ElementsAre(HasSubstr("rules.custom[0].resourceName: ConfigMap ants: a.yaml:1:3: warning: "
                              "source 'k8s_audit' is of a plug-in that is not loaded"))
    );
    EXPECT_THAT(validate(shoot_with("plugins: [{name: k8saudit}]\n")).warnings(), IsEmpty());
}

/// What an operator takes away must not keep a shoot from being changed otherwise.
TEST_F(ReviewOfPlugins, WhatWasChosenBeforeIsNotAskedAgain) {
    rules(rule("evt.type = open"));
    const auto before = shoot_with("plugins: [{name: gone}]\n");
    EXPECT_FALSE(validate(before).allowed());
    auto       after = shoot_with("plugins: [{name: gone}]\nheartbeatEvent: true\n");
    const auto got   = validate(after, before);
    EXPECT_TRUE(got.allowed()) << got.message();
    // With another Falco, or another configuration, it is a new choice.
    EXPECT_FALSE(validate(shoot_with("plugins: [{name: gone}]\n", "0.44.1"), before).allowed());
    EXPECT_FALSE(
        validate(shoot_with("plugins: [{name: gone, initConfig: {a: 1}}]\n"), before).allowed()
    );
}

TEST_F(ReviewOfPlugins, WhatIsWrittenBackHasThemAsTheyWere) {
    const auto one = shoot(config_of("plugins: [{name: json}]\n"));
    EXPECT_EQ(json_text(*config_in(mutated(one)).find("plugins")), R"([{"name":"json"}])");
}

}  // namespace
}  // namespace falconer::falco
