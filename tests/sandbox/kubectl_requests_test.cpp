// What kubectl asks for before and beside objects: tables, discovery, protobuf, parts of objects.
// tests/peers/sandbox_tools_test.py runs a real one.
#include "sandbox/kube_api/cells.hpp"
#include "sandbox/kube_api/discovery.hpp"
#include "sandbox/kube_api/protobuf.hpp"
#include "sandbox/kube_api/server.hpp"

#include "falconer/value.hpp"
#include "support/actor_fixture.hpp"
#include "support/manual_time.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type secrets{.kind = "Secret", .plural = "secrets"};

class KubectlRequestsTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};
    api_server        server{time, {}};

    KubectlRequestsTest() { server.mount("", store); }

    net::http_response ask(
        std::string method, std::string target,
        std::vector<std::pair<std::string, std::string>> how, std::string body = {}
    ) {
        net::http_request request{.method = std::move(method), .target = std::move(target)};
        for (const auto& [name, is] : how) request.headers.add(name, is);
        request.body = std::move(body);
        return test::run(loop, server.handle(std::move(request)));
    }
    value table(const std::string& target) {
        const auto said =
            ask("GET", target, {{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
        EXPECT_EQ(said.status, 200u) << said.body;
        return *parse_json(said.body);
    }
    void create(const kube_type& type, const std::string& text) {
        const auto made = store.create(type, {"default", "a"}, yaml(text), {});
        EXPECT_TRUE(made) << made.error().detail;
    }
};

TEST_F(KubectlRequestsTest, ABuiltInTypeHasColumnsOfItsOwn) {
    create(config_maps, "{data: {x: '1', y: '2'}, binaryData: {z: YQ==}}");
    const auto               seen = table("/api/v1/namespaces/default/configmaps");
    std::vector<std::string> names;
    for (const auto& each : seen.find("columnDefinitions")->items())
        names.emplace_back(each.text_at({"name"}));
    EXPECT_THAT(names, ElementsAre("Name", "Data", "Age"));
    const auto& row = seen.find("rows")->items().front();
    EXPECT_EQ(json_text(*row.find("cells")), R"(["a",3,"0s"])");
    EXPECT_EQ(row.text_at({"object", "kind"}), "PartialObjectMetadata");
}

TEST_F(KubectlRequestsTest, ACellThatACustomTypeLacksIsEmpty) {
    const kube_type extensions{
        .group   = "extensions.gardener.cloud",
        .version = "v1alpha1",
        .kind    = "Extension",
        .plural  = "extensions"
    };
    create(extensions, "{spec: {type: x}}");
    const auto seen =
        table("/apis/extensions.gardener.cloud/v1alpha1/namespaces/default/extensions");
    EXPECT_EQ(
        json_text(*seen.find("rows")->items().front().find("cells")), R"(["a","x",null,null,"0s"])"
    );
}

TEST(Ages, AreWrittenAsKubectlWritesThem) {
    const auto at = [](std::int64_t seconds) {
        return age_of(
            "2026-11-23T12:00:00Z", utc_time(std::chrono::seconds(1'795'435'200 + seconds))
        );
    };
    const std::vector<std::pair<std::int64_t, std::string>> all{
        {0, "0s"},
        {119, "119s"},
        {120, "2m"},
        {125, "2m5s"},
        {600, "10m"},
        {10'799, "179m"},
        {10'800, "3h"},
        {14'460, "4h1m"},
        {28'800, "8h"},
        {172'799, "47h"},
        {176'400, "2d1h"},
        {691'200, "8d"},
        {63'071'999, "729d"},
        {66'000'000, "2y33d"},
        {315'360'000, "10y"},
        {-5, "<invalid>"},
    };
    for (const auto& [seconds, text] : all) EXPECT_EQ(at(seconds), text) << seconds;
    EXPECT_EQ(age_of("", {}), "<unknown>");
    EXPECT_EQ(age_of("yesterday", {}), "<invalid>");
}

TEST_F(KubectlRequestsTest, AGroupsBestVersionIsTheFinishedOne) {
    for (const auto* version : {"v1alpha1", "v2beta1", "v1", "v1beta2", "odd", "v1beta1"})
        store.serve(
            {.type = {.group = "g.example.com", .version = version, .kind = "G", .plural = "gs"}}
        );
    EXPECT_THAT(
        groups_of(store.types()).at("g.example.com"),
        ElementsAre("v1", "v2beta1", "v1beta2", "v1beta1", "v1alpha1", "odd")
    );
}

TEST_F(KubectlRequestsTest, EverythingThatIsServedIsToldAtOnce) {
    const std::string wanted =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const auto said = ask("GET", "/apis", {{"Accept", wanted + ",application/json"}});
    EXPECT_EQ(said.headers.find("Content-Type"), wanted);
    const auto all = parse_json(said.body);
    ASSERT_TRUE(all) << said.body;
    EXPECT_EQ(all->text_at({"kind"}), "APIGroupDiscoveryList");
    EXPECT_THAT(said.body, HasSubstr(R"("resource":"leases")"));
    const auto plain = ask("GET", "/apis", {{"Accept", "application/json"}});
    EXPECT_THAT(plain.body, HasSubstr("APIGroupList"));
}

TEST_F(KubectlRequestsTest, WhatOnlyAClusterDoesIsRefusedWithASentence) {
    for (const auto* path :
         {"pods/p/log", "pods/p/exec?command=ls", "services/s/proxy/x/y", "pods/p/portforward"}) {
        const auto said = ask("POST", std::string("/api/v1/namespaces/default/") + path, {});
        EXPECT_EQ(said.status, 405u) << path;
        EXPECT_THAT(said.body, HasSubstr("the sandbox runs no containers: ")) << path;
    }
    EXPECT_EQ(ask("DELETE", "/api/v1/namespaces", {}).status, 405u);
}

TEST_F(KubectlRequestsTest, FieldsThatNobodyKnowsAreWarnedOf) {
    const auto create = [&](const std::string& name, const std::string& how) {
        return ask(
            "POST", "/api/v1/namespaces/default/configmaps" + how,
            {{"Content-Type", "application/json"}},
            R"({"metadata":{"name":")" + name + R"("},"foo":1})"
        );
    };
    for (const auto& [name, how] : {std::pair{"a", ""}, std::pair{"b", "?fieldValidation=Warn"}}) {
        const auto said = create(name, how);
        EXPECT_EQ(said.status, 201u) << said.body;
        EXPECT_EQ(said.headers.find("Warning"), R"(299 - "unknown field \"foo\"")") << how;
    }
    EXPECT_FALSE(create("c", "?fieldValidation=Ignore").headers.find("Warning"));
    EXPECT_EQ(create("d", "?fieldValidation=Strict").status, 400u);
}

TEST_F(KubectlRequestsTest, YesIsWrittenInManyWays) {
    const std::string target = "/api/v1/namespaces/default/configmaps?timeoutSeconds=1&watch=";
    for (const auto* yes : {"true", "True", "1", "yes"})
        EXPECT_NE(ask("GET", target + yes, {}).stream, nullptr) << yes;
    for (const auto* no : {"false", "False", "0"})
        EXPECT_EQ(ask("GET", target + no, {}).stream, nullptr) << no;
}

TEST_F(KubectlRequestsTest, WhatAnIngressAndAnAutoscalerSayStandsInALine) {
    const auto cells = [&](const std::string& target) {
        const auto seen = table(target);
        return json_text(*seen.find("rows")->items().front().find("cells"));
    };
    create(
        {.group = "networking.k8s.io", .version = "v1", .kind = "Ingress", .plural = "ingresses"},
        "{spec: {tls: [{}], rules: [{host: a}, {host: b}, {}, {host: c}, {host: d}]}}"
    );
    EXPECT_EQ(
        cells("/apis/networking.k8s.io/v1/namespaces/default/ingresses"),
        R"(["a","<none>","a,b,c + 2 more...","","80, 443","0s"])"
    );
    create(
        {.group   = "autoscaling",
         .version = "v2",
         .kind    = "HorizontalPodAutoscaler",
         .plural  = "horizontalpodautoscalers"},
        "{spec: {scaleTargetRef: {kind: Deployment, name: d}, maxReplicas: 5, metrics: ["
        "{type: Resource, resource: {name: cpu, target: {averageUtilization: 70}}},"
        "{type: Resource, resource: {name: memory, target: {averageValue: 1Gi}}}, {type: Pods}]}}"
    );
    EXPECT_EQ(
        cells("/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"),
        R"(["a","Deployment/d","cpu: <unknown>/70%, memory: <unknown>/1Gi + 1 more...","<unset>",5,0,"0s"])"
    );
}

// --- scale ---

const kube_type deployments{
    .group = "apps", .version = "v1", .kind = "Deployment", .plural = "deployments"
};
const std::string scale_of_a = "/apis/apps/v1/namespaces/default/deployments/a/scale";
const std::pair<std::string, std::string> merging{"Content-Type", "application/merge-patch+json"};

TEST_F(KubectlRequestsTest, AWorkloadsReplicasAreReadAndWrittenByItsScale) {
    create(
        deployments,
        "{spec: {replicas: 2, selector: {matchLabels: {b: '2', a: '1'}, matchExpressions: "
        "[{key: c, operator: In, values: [z, x]}, {key: d, operator: DoesNotExist}]}}}"
    );
    const auto seen = parse_json(ask("GET", scale_of_a, {}).body);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->text_at({"kind"}), "Scale");
    EXPECT_EQ(seen->text_at({"status", "selector"}), "a=1,b=2,c in (x,z),!d");
    EXPECT_EQ(seen->find_path({"spec", "replicas"})->integer(), 2);

    const auto patched = ask("PATCH", scale_of_a, {merging}, R"({"spec":{"replicas":5}})");
    EXPECT_EQ(patched.status, 200u) << patched.body;
    auto is = store.get(deployments, {"default", "a"});
    ASSERT_TRUE(is);
    EXPECT_EQ(is->find_path({"spec", "replicas"})->integer(), 5);
    EXPECT_EQ(is->find_path({"metadata", "generation"})->integer(), 2);

    const auto dry =
        ask("PATCH", scale_of_a + "?dryRun=All", {merging}, R"({"spec":{"replicas":7}})");
    EXPECT_THAT(dry.body, HasSubstr(R"("replicas":7)"));
    const auto json   = std::pair<std::string, std::string>{"Content-Type", "application/json"};
    const auto update = [&](const std::string& metadata, const std::string& replicas) {
        return ask(
            "PUT", scale_of_a, {json},
            R"({"metadata":{)" + metadata + R"(},"spec":{"replicas":)" + replicas + "}}"
        );
    };
    EXPECT_EQ(update(R"("name":"a")", "3").status, 200u);
    EXPECT_EQ(update(R"("name":"a","resourceVersion":"1")", "4").status, 409u);
    EXPECT_EQ(update(R"("name":"a","uid":"another")", "4").status, 409u);
    EXPECT_EQ(update(R"("name":"b")", "4").status, 400u);
    EXPECT_EQ(update(R"("name":"a")", "-1").status, 422u);
    EXPECT_EQ(update(R"("name":"a")", "2147483648").status, 400u);
    EXPECT_EQ(update(R"("name":"a")", R"("4")").status, 400u);
    is = store.get(deployments, {"default", "a"});
    EXPECT_EQ(is->find_path({"spec", "replicas"})->integer(), 3);
    EXPECT_EQ(ask("DELETE", scale_of_a, {}).status, 405u);
    EXPECT_EQ(ask("GET", "/api/v1/namespaces/default/configmaps/a/scale", {}).status, 404u);
}

TEST_F(KubectlRequestsTest, ACustomTypesScaleIsWhereItsDefinitionSays) {
    api_type type{
        .type = {.group = "g.example.com", .version = "v1", .kind = "Gear", .plural = "gears"},
        .has_status  = true,
        .generations = true,
        .scale       = scale_paths{".spec.teeth.number", ".status.teeth", ".status.selector"}
    };
    const auto gears = type.type;
    store.serve(std::move(type));
    create(gears, "{spec: {metal: iron}}");
    const std::string at = "/apis/g.example.com/v1/namespaces/default/gears/a/scale";
    EXPECT_EQ(ask("GET", at, {}).status, 500u) << "it says no number";
    EXPECT_EQ(ask("PATCH", at, {merging}, "{}").status, 400u);
    const auto patched = ask("PATCH", at, {merging}, R"({"spec":{"replicas":12}})");
    EXPECT_EQ(patched.status, 200u) << patched.body;
    const auto is = store.get(gears, {"default", "a"});
    ASSERT_TRUE(is);
    EXPECT_EQ(is->find_path({"spec", "teeth", "number"})->integer(), 12);
    EXPECT_EQ(is->text_at({"spec", "metal"}), "iron");
    EXPECT_THAT(
        ask("GET", "/apis/g.example.com/v1", {}).body,
        HasSubstr(R"("name":"gears/scale","singularName":"","namespaced":true,)"
                  R"("group":"autoscaling","version":"v1","kind":"Scale")")
    );
    const auto seen = table("/apis/g.example.com/v1/namespaces/default/gears/a/scale");
    EXPECT_EQ(json_text(*seen.find("rows")->items().front().find("cells")), R"(["a",12,0,"0s"])");
}

// --- protobuf ---

std::string part(unsigned number, const std::string& bytes) {
    std::string made;
    made += static_cast<char>(number << 3U | 2U);
    made += static_cast<char>(bytes.size());
    return made + bytes;
}
std::string packed(const std::string& version, const std::string& kind, const std::string& raw) {
    return std::string("k8s\0", 4) + part(1, part(1, version) + part(2, kind)) + part(2, raw);
}

TEST_F(KubectlRequestsTest, WhatGoClientsSendIsRead) {
    const auto metadata =
        part(1, part(1, "made") + part(2, "") + part(11, part(1, "l") + part(2, "m")));
    const auto entry = part(2, part(1, "k") + part(2, "v"));
    const auto said =
        ask("POST", "/api/v1/namespaces/default/configmaps",
            {{"Content-Type", "application/vnd.kubernetes.protobuf"}},
            packed("v1", "ConfigMap", metadata + entry));
    EXPECT_EQ(said.status, 201u) << said.body;
    const auto made = store.get(config_maps, {"default", "made"});
    ASSERT_TRUE(made) << made.error().detail;
    EXPECT_EQ(made->text_at({"data", "k"}), "v");
    EXPECT_EQ(made->text_at({"metadata", "labels", "l"}), "m");
    EXPECT_EQ(made->find_path({"metadata", "generateName"}), nullptr);
}

TEST_F(KubectlRequestsTest, BytesAreWrittenAsBase64) {
    const auto read = read_protobuf(
        packed("v1", "Secret", part(1, part(1, "s")) + part(2, part(1, "k") + part(2, "hello")))
    );
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->text_at({"data", "k"}), "aGVsbG8=");
}

TEST_F(KubectlRequestsTest, ProtobufThatCannotBeReadIsRefused) {
    const std::pair<std::string, std::string> how{
        "Content-Type", "application/vnd.kubernetes.protobuf"
    };
    const auto target = "/api/v1/namespaces/default/configmaps";
    EXPECT_EQ(ask("POST", target, {how}, "rubbish").status, 400u);
    auto whole = packed("v1", "ConfigMap", part(1, part(1, "made")));
    for (std::size_t size = 4; size < whole.size(); ++size) {
        const auto said = ask("POST", target, {how}, whole.substr(0, size));
        EXPECT_GE(said.status, 400u) << size;
    }
    EXPECT_EQ(ask("POST", target, {how}, packed("v1", "Pod", "")).status, 415u);
}

}  // namespace
}  // namespace falconer::sandbox
