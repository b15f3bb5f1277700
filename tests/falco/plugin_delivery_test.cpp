// Plug-ins and our own detections in what is delivered.
#include "falconer/falco/delivery_plan.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginDelivery : public ::testing::Test {
protected:
    PluginDelivery() {
        offered.falco[*semver::parse("0.43.0")] = {
            .version       = "0.43.0",
            .is            = classification::supported,
            .rules_version = "5.0.0",
            .image         = "example.com/falco:1"
        };
        offered.falcoctl[*semver::parse("0.11.4")] = {
            .version = "0.11.4", .is = classification::supported, .image = "example.com/falcoctl:1"
        };
        offer({.name = "json", .version = "0.7.3", .library = "libjson.so"});
        offer(
            {.name        = "k8saudit",
             .version     = "0.11.0",
             .source      = "k8s_audit",
             .library     = "libk8saudit.so",
             .image       = "example.com/k8saudit@sha256:aa",
             .open_params = "http://:9765/",
             .config      = yaml("{a: 1}"),
             .schema      = value::map()}
        );
        offer(
            {.name     = "k8s_meta",
             .version  = "0.4.1",
             .library  = "libk8smeta.so",
             .artifact = "example.com/k8smeta@sha256:bb"}
        );
        service.falco_version  = "0.43.0";
        service.standard_rules = {"gardener-detections"};
        service.destinations.push_back({.name = "stdout"});
    }

    void offer(offered_plugin is) {
        auto& versions = offered.plugins[is.name];
        versions.emplace(*semver::parse(is.version), is);
    }

    delivery_plan plan() {
        return plan_delivery(
            {.cluster     = {.control_plane = "shoot--p--s"},
             .service     = service,
             .settings    = settings,
             .offered     = offered,
             .rules       = rules,
             .config_maps = none,
             .secrets     = none,
             .path        = "spec.providerConfig"}
        );
    }
    static value found(const delivery_plan& in, std::string_view kind, std::string_view name) {
        for (const auto& each : in.target)
            if (each.text_at({"kind"}) == kind && each.text_at({"metadata", "name"}) == name)
                return each;
        return {};
    }
    static value falco_yaml(const delivery_plan& in) {
        return yaml(found(in, "ConfigMap", "falco").text_at({"data", "falco.yaml"}));
    }
    static std::vector<std::string> texts(const value* list) {
        std::vector<std::string> all;
        if (list != nullptr)
            for (const auto& each : list->items()) all.push_back(*each.text());
        return all;
    }

    operator_settings            settings{};
    rule_catalogue               rules{};
    std::map<std::string, value> none{};
    releases                     offered{};
    falco_service                service{};
};

TEST_F(PluginDelivery, WhatIsChosenIsLoadedBehindTheContainersOwn) {
    service.plugins = {
        {.name = "k8s_meta"},
        {.name = "k8saudit", .init_config = yaml("{b: {c: d}}")},
        {.name = "json"}
    };
    const auto got = plan();
    ASSERT_THAT(got.problems, IsEmpty()) << got.problems.front().text();
    const auto config = falco_yaml(got);
    EXPECT_THAT(
        texts(config.find("load_plugins")), ElementsAre("container", "k8s_meta", "k8saudit", "json")
    );
    const auto& all = config.find("plugins")->items();
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(
        all[1], yaml("{name: k8s_meta, library_path: /usr/share/falconer/plugins/libk8smeta.so}")
    );
    EXPECT_EQ(
        all[2], yaml("{name: k8saudit, library_path: /usr/share/falconer/plugins/libk8saudit.so, "
                     "init_config: {a: 1, b: {c: d}}, open_params: 'http://:9765/'}")
    );
    EXPECT_EQ(all[3], yaml("{name: json, library_path: libjson.so}"));

    const auto  daemonset = found(got, "DaemonSet", "falco");
    const auto* pod       = daemonset.find_path({"spec", "template", "spec"});
    const auto& makers    = pod->find("initContainers")->items();
    ASSERT_EQ(makers.size(), 2u);
    for (const auto& each : makers)  // they fill it
        EXPECT_EQ(
            each.find("volumeMounts")->items()[0],
            yaml("{name: falco-plugins, mountPath: /falco-plugins}")
        );
    EXPECT_EQ(makers[0].text_at({"name"}), "plugin-k8saudit");
    EXPECT_EQ(makers[0].text_at({"image"}), "example.com/k8saudit@sha256:aa");
    EXPECT_THAT(
        texts(makers[0].find("command")),
        ElementsAre("cp", "/plugins/libk8saudit.so", "/falco-plugins/libk8saudit.so")
    );
    EXPECT_EQ(makers[1].text_at({"image"}), "example.com/falcoctl:1");
    const auto fetched =
        yaml(found(got, "ConfigMap", "falco-plugins").text_at({"data", "falcoctl.yaml"}));
    EXPECT_THAT(
        texts(fetched.find_path({"artifact", "install", "refs"})),
        ElementsAre("example.com/k8smeta@sha256:bb")
    );
    EXPECT_TRUE(fetched.find("indexes")->items().empty());
    EXPECT_EQ(
        daemonset.text_at(
            {"spec", "template", "metadata", "labels",
             "networking.gardener.cloud/to-public-networks"}
        ),
        "allowed"
    );
}

TEST_F(PluginDelivery, WhatFalcosImageHasNeedsNobody) {
    service.plugins = {{.name = "json"}};
    const auto got  = plan();
    EXPECT_EQ(
        found(got, "DaemonSet", "falco").find_path({"spec", "template", "spec", "initContainers"}),
        nullptr
    );
    EXPECT_TRUE(found(got, "ConfigMap", "falco-plugins").is_null());
}

TEST_F(PluginDelivery, WithoutThemNothingIsOtherThanItWas) {
    const auto got = plan();
    EXPECT_THAT(texts(falco_yaml(got).find("load_plugins")), ElementsAre("container"));
    EXPECT_EQ(
        found(got, "DaemonSet", "falco").find_path({"spec", "template", "spec", "initContainers"}),
        nullptr
    );
}

TEST_F(PluginDelivery, OneThatIsGoneKeepsWhatIsDelivered) {
    service.plugins = {{.name = "gone"}, {.name = "json"}};
    const auto got  = plan();
    EXPECT_THAT(got.target, IsEmpty());
    ASSERT_EQ(got.problems.size(), 1u);
    EXPECT_THAT(
        got.problems.front().text(),
        HasSubstr("no profile offers the plug-in 'gone' for Falco 0.43.0")
    );
    offered.falcoctl.clear();
    service.plugins = {{.name = "k8s_meta"}};
    EXPECT_THAT(
        plan().problems.front().text(),
        HasSubstr("no profile offers a supported version of falcoctl")
    );
}

TEST_F(PluginDelivery, OurDetectionsNeedNoRulesOfFalcos) {
    const auto got = plan();
    ASSERT_THAT(got.problems, IsEmpty()) << got.problems.front().text();
    EXPECT_THAT(
        texts(falco_yaml(got).find("rules_files")),
        ElementsAre("/etc/falco/rules.d/gardener_detections.yaml")
    );
    rules["5.0.0"]["falco_rules.yaml"] = "- list: a\n  items: []\n";
    service.standard_rules             = {"falco-rules", "gardener-detections"};
    EXPECT_THAT(
        texts(falco_yaml(plan()).find("rules_files")),
        ElementsAre(
            "/etc/falco/rules.d/gardener_detections.yaml", "/etc/falco/rules.d/falco_rules.yaml"
        )
    );
    EXPECT_FALSE(found(plan(), "ConfigMap", "falco-gardener-detections").is_null());
}

}  // namespace
}  // namespace falconer::falco
