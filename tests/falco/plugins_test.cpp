// Plug-ins: what profiles offer, what a cluster's owner may choose of it, what rules need.
#include "falco/plugins.hpp"

#include "falco/profile_plugins.hpp"
#include "rule_lint_fixture.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string digest = "sha256:" + std::string(64, 'a');

decoded_profile decode(const std::string& plugins, const std::string& name = "p") {
    return decode_falco_profile(yaml(
        "apiVersion: falco.gardener.cloud/v1alpha1\nkind: FalcoProfile\nmetadata: {name: " + name +
        "}\nspec:\n  plugins:\n" + plugins
    ));
}

std::vector<std::string> said(const field_problems& problems) {
    std::vector<std::string> all;
    for (const auto& each : problems) all.push_back(each.text());
    return all;
}

releases offered() {
    auto read = decode(
        "  - {name: json, version: 0.7.3}\n"
        "  - {name: k8saudit, version: 0.7.0, source: k8s_audit}\n"
        "  - {name: k8saudit, version: 0.11.0, source: k8s_audit, sinceFalco: 0.42.0}\n"
        "  - name: k8smeta\n    version: 0.4.1\n    sinceFalco: 0.43.0\n"
        "    artifact: r.example/k8smeta@" +
        digest +
        "\n"
        "    initConfig: {nodeName: n}\n"
        "    initConfigSchema:\n      required: [host]\n      additionalProperties: false\n"
        "      properties: {host: {type: string}, nodeName: {}}\n"
    );
    EXPECT_THAT(said(read.problems), IsEmpty());
    read.profile.falcoctl.push_back({.version = "0.11.4", .is = classification::supported});
    return merge({read.profile});
}

std::vector<std::string> problems_of(
    const std::string& choice, const std::string& falco = "0.43.0"
) {
    const auto    read = yaml(choice);
    plugin_choice is{.name = std::string(read.text_at({"name"})), .init_config = {}};
    if (const auto* config = read.find("initConfig")) is.init_config = *config;
    field_problems problems;
    const auto     all = offered();
    check_plugin(is, all, falco, "plugins[0]", problems);
    return said(problems);
}

// --- profiles -----------------------------------------------------------------------------------

TEST(ProfilePluginsTest, AreReadWithWhereTheyComeFrom) {
    const auto read = decode(
        "  - {name: json, version: 0.7.3}\n"
        "  - name: k8s_x\n    version: 1.0.0\n    library: libx.so\n    source: x\n"
        "    image: {repository: r.example/x, tag: '" +
        digest +
        "'}\n"
        "    openParams: here\n    initConfig: {a: 1}\n"
    );
    EXPECT_THAT(said(read.problems), IsEmpty());
    ASSERT_THAT(read.profile.plugins, SizeIs(2));
    EXPECT_EQ(read.profile.plugins[0].library, "libjson.so");
    EXPECT_EQ(read.profile.plugins[0].image, "");
    EXPECT_TRUE(read.profile.plugins[0].schema.is_null());
    EXPECT_EQ(read.profile.plugins[1].image, "r.example/x@" + digest);
    EXPECT_EQ(read.profile.plugins[1].library, "libx.so");
    EXPECT_EQ(read.profile.plugins[1].config, yaml("{a: 1}"));
}

TEST(ProfilePluginsTest, TheExampleIsRight) {
    std::stringstream text;
    text << std::ifstream("config/examples/plugins-profile.yaml").rdbuf();
    const auto read = decode_falco_profile(yaml(text.str()));
    EXPECT_THAT(said(read.problems), IsEmpty());
    EXPECT_THAT(read.profile.plugins, SizeIs(3));
}

TEST(ProfilePluginsTest, WhatIsWrongIsToldAndLeftOut) {
    const auto read = decode(
        "  - {name: json, version: 0.7.3}\n"
        "  - {name: json, version: 0.7.3}\n"
        "  - {name: container, version: 0.4.0}\n"
        "  - {name: Json, version: '7', library: ../x.so, source: syscall, nonsense: 1}\n"
        "  - {name: a, version: 1.0.0, image: {repository: r, tag: latest}}\n"
        "  - {name: b, version: 1.0.0, artifact: 'r/x:1'}\n"
        "  - {name: c, version: 1.0.0, artifact: 'r/x@" +
        digest + "', image: {repository: r, tag: '" + digest +
        "'}}\n"
        "  - {name: d, version: 1.0.0, initConfig: text, initConfigSchema: {tpe: object}}\n"
    );
    EXPECT_THAT(read.profile.plugins, SizeIs(1));
    EXPECT_THAT(
        said(read.problems),
        ElementsAre(
            "spec.plugins[1]: json 0.7.3 is there twice",
            "spec.plugins[2].name: is a plug-in that every Falco from 0.41 on is given",
            HasSubstr("spec.plugins[3].name: expected a plug-in's name"),
            HasSubstr("spec.plugins[3].version: expected a version such as"),
            HasSubstr("spec.plugins[3].source: expected the source of its events"),
            HasSubstr("spec.plugins[3].library: expected the name of a file"),
            HasSubstr("spec.plugins[3].nonsense: unknown field"),
            HasSubstr("spec.plugins[4].image.tag: expected a digest"),
            HasSubstr("spec.plugins[5].artifact: expected a registry, a name and a digest"),
            HasSubstr("spec.plugins[6].artifact: cannot stand beside image"),
            "spec.plugins[7].initConfig: expected a mapping, found 'text'",
            HasSubstr("spec.plugins[7].initConfigSchema.tpe: is not understood here")
        )
    );
}

TEST(ProfilePluginsTest, OfTwoThatDisagreeTheFirstCountsWhateverTheOrder) {
    const auto a = decode("  - {name: json, version: 0.7.3, library: liba.so}\n", "a").profile;
    const auto b = decode("  - {name: json, version: 0.7.3, library: libb.so}\n", "b").profile;
    for (const auto& both : {std::vector{a, b}, std::vector{b, a}}) {
        const auto all = merge(both);
        EXPECT_EQ(all.plugins.at("json").begin()->second.library, "liba.so");
        EXPECT_THAT(
            all.warnings, ElementsAre(HasSubstr("json 0.7.3: FalcoProfiles a and b disagree"))
        );
    }
    EXPECT_THAT(merge({a, a}).warnings, IsEmpty());
}

TEST(PluginsTest, EachFalcoGetsTheNewestThatItLoads) {
    const auto all = offered();
    EXPECT_EQ(plugin_for(all, "k8saudit", "0.41.3")->version, "0.7.0");
    EXPECT_EQ(plugin_for(all, "k8saudit", "0.43.0")->version, "0.11.0");
    EXPECT_EQ(plugin_for(all, "k8smeta", "0.42.1"), nullptr);
    EXPECT_EQ(plugin_for(all, "nothing", "0.43.0"), nullptr);
    EXPECT_THAT(
        loaded_plugins({{.name = "k8saudit"}, {.name = "gone"}}, all, "0.43.0"),
        ElementsAre(loaded_plugin{"k8saudit", "0.11.0", "k8s_audit"})
    );
}

// --- choices ------------------------------------------------------------------------------------

TEST(PluginChoiceTest, IsHeldAgainstWhatIsOffered) {
    EXPECT_THAT(problems_of("{name: json}"), IsEmpty());
    EXPECT_THAT(problems_of("{name: json, initConfig: {}}"), IsEmpty());
    EXPECT_THAT(
        problems_of("{name: jsn}"),
        ElementsAre("plugins[0].name: no profile offers a plug-in 'jsn'; did you mean 'json'?")
    );
    EXPECT_THAT(
        problems_of("{name: cloudtrail}"),
        ElementsAre("plugins[0].name: no profile offers a plug-in 'cloudtrail'; there are: json, "
                    "k8saudit, k8smeta")
    );
    EXPECT_THAT(
        problems_of("{name: k8smeta}", "0.42.1"),
        ElementsAre("plugins[0].name: no plug-in 'k8smeta' is offered for Falco 0.42.1; the first "
                    "one is for 0.43.0")
    );
    EXPECT_THAT(
        problems_of("{name: container}"),
        ElementsAre(HasSubstr("'container' is always loaded, from Falco 0.41 on; leave it out"))
    );
}

TEST(PluginChoiceTest, ItsConfigurationFitsTheSchema) {
    EXPECT_THAT(problems_of("{name: k8smeta, initConfig: {host: h}}"), IsEmpty());
    EXPECT_THAT(
        problems_of("{name: k8smeta}"), ElementsAre("plugins[0].initConfig.host: is needed")
    );
    EXPECT_THAT(
        problems_of("{name: k8smeta, initConfig: {host: 1, more: 2}}"),
        ElementsAre(
            "plugins[0].initConfig.host: expected a text, found 1",
            "plugins[0].initConfig.more: unknown field"
        )
    );
    EXPECT_THAT(
        problems_of("{name: k8smeta, initConfig: {host: h, nodeName: other}}"),
        ElementsAre("plugins[0].initConfig.nodeName: is set by the landscape, and cannot be changed"
        )
    );
    EXPECT_THAT(
        problems_of("{name: json, initConfig: {a: 1}}"),
        ElementsAre("plugins[0].initConfig: nothing can be set of plug-in 'json' here")
    );
    const auto    all = offered();
    plugin_choice choice{.name = "k8smeta", .init_config = yaml("{host: h}")};
    EXPECT_EQ(
        init_config_of(*plugin_for(all, "k8smeta", "0.43.0"), choice),
        yaml("{nodeName: n, host: h}")
    );
}

TEST(PluginChoiceTest, WhatIsFetchedNeedsSomebodyWhoFetches) {
    auto all = offered();
    all.falcoctl.clear();
    field_problems problems;
    check_plugin(
        {.name = "k8smeta", .init_config = yaml("{host: h}")}, all, "0.43.0", "plugins[0]", problems
    );
    EXPECT_THAT(said(problems), ElementsAre(HasSubstr("no profile offers a version of falcoctl")));
}

// --- rules --------------------------------------------------------------------------------------

lint_options with(std::vector<loaded_plugin> plugins) {
    return {.falco_version = "0.43.0", .plugins = std::move(plugins)};
}

const loaded_plugin audit{"k8saudit", "0.11.0", "k8s_audit"};
const loaded_plugin json{"json", "0.7.3", ""};
const loaded_plugin meta{"k8smeta", "0.4.1", ""};

std::string of_source(const std::string& source, const std::string& condition) {
    return rule(condition, "  source: " + source + "\n");
}

TEST(PluginRulesTest, EventsOfALoadedPluginAreThere) {
    const auto mine = of_source("k8s_audit", "ka.verb = get");
    EXPECT_THAT(lint(mine), ElementsAre(HasSubstr("plug-in that is not loaded")));
    EXPECT_THAT(lint(mine, with({audit})), IsEmpty());
    EXPECT_THAT(
        lint(of_source("k8s_audit", "ka.verv = get"), with({audit})),
        ElementsAre(HasSubstr("error: source 'k8s_audit' has no field 'ka.verv'"))
    );
    // Of a source that is not known here nothing can be said, once somebody brings it.
    EXPECT_THAT(
        lint(of_source("okta", "okta.app = a")), ElementsAre(HasSubstr("'okta' is not known"))
    );
    EXPECT_THAT(
        lint(of_source("okta", "okta.app = a"), with({{"okta", "1.0.0", "okta"}})), IsEmpty()
    );
}

TEST(PluginRulesTest, ARuleThatIsSkippedIsMarked) {
    const auto found = lint_rules(
        std::vector{standard, {"mine.yaml", of_source("k8s_audit", "ka.verb = get")}}, 1, {}
    );
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].is, rule_severity::warning);
    EXPECT_TRUE(found[0].skipped);
}

TEST(PluginRulesTest, FieldsOfAPluginThatIsNotLoadedAreErrorsThatNameIt) {
    const auto mine = rule("spawned_process and k8smeta.pod.name = a");
    EXPECT_THAT(
        lint(mine), ElementsAre(HasSubstr(
                        "error: 'k8smeta.pod.name' is a field of the plug-in 'k8smeta', which "
                        "is not loaded"
                    ))
    );
    EXPECT_THAT(lint(mine, with({meta})), IsEmpty());
    EXPECT_THAT(
        lint("- rule: Shell in container\n  output: ' %k8smeta.pod.name'\n"
             "  override: {output: append}\n"),
        ElementsAre(HasSubstr("of the plug-in 'k8smeta'"))
    );
    const auto of_json = of_source("k8s_audit", "json.value[/a] = b");
    EXPECT_THAT(lint(of_json, with({audit})), ElementsAre(HasSubstr("of the plug-in 'json'")));
    EXPECT_THAT(lint(of_json, with({audit, json})), IsEmpty());
}

TEST(PluginRulesTest, FieldsOfAPluginThatIsNotKnownHereMayBeThere) {
    const auto mine = rule("spawned_process and acme.score = 3");
    EXPECT_THAT(lint(mine), ElementsAre(HasSubstr("error: source 'syscall' has no field")));
    EXPECT_THAT(
        lint(mine, with({{"acme", "1.0.0", ""}})),
        ElementsAre(HasSubstr("warning: 'acme.score' is no field that is known here; whether the "
                              "plug-in 'acme' has it cannot be said"))
    );
    EXPECT_THAT(lint(mine, with({{"okta", "1.0.0", "okta"}})), ElementsAre(HasSubstr("error:")));
}

TEST(PluginRulesTest, WhatAFileRequiresIsHeldAgainstWhatIsLoaded) {
    const auto needs = [](const std::string& what) {
        return "- required_plugin_versions: [" + what + "]\n";
    };
    EXPECT_THAT(
        lint(needs("{name: json, version: 0.7.0}"), with({})),
        ElementsAre(HasSubstr("does not come with the plug-in 'json', and it is not chosen"))
    );
    EXPECT_THAT(lint(needs("{name: json, version: 0.7.0}"), with({json})), IsEmpty());
    EXPECT_THAT(
        lint(needs("{name: json, version: 0.8.0}"), with({json})),
        ElementsAre(HasSubstr("it needs the plug-in 'json' 0.8.0, and 0.7.3 is loaded"))
    );
    EXPECT_THAT(
        lint(needs("{name: json, version: 1.0.0}"), with({json})), ElementsAre(HasSubstr("1.0.0"))
    );
    const std::string either =
        "{name: k8saudit, version: 0.7.0, alternatives: [{name: k8saudit-eks, version: 0.4.0}]}";
    EXPECT_THAT(lint(needs(either), with({{"k8saudit-eks", "0.4.2", "k8s_audit"}})), IsEmpty());
}

TEST(PluginRulesTest, AnotherChoiceIsAnotherQuestion) {
    const auto mine = rule("spawned_process and k8smeta.ns.name = b");
    EXPECT_THAT(lint(mine, with({})), SizeIs(1));
    EXPECT_THAT(lint(mine, with({meta})), IsEmpty());
    EXPECT_THAT(lint(mine, with({})), SizeIs(1));
}

}  // namespace
}  // namespace falconer::falco
