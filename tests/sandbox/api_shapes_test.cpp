// Requests that nobody should make: each has its status, none an exception, and nothing is half
// written. What a real server says to the same ones: tests/peers/odd_calls.py.
#include "sandbox/kube_api/server.hpp"

#include "support/actor_fixture.hpp"
#include "support/manual_time.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::HasSubstr;

constexpr const char* json  = "application/json";
constexpr const char* merge = "application/merge-patch+json";
constexpr const char* patch = "application/json-patch+json";
constexpr const char* apply = "application/apply-patch+yaml";
const std::string     maps  = "/api/v1/namespaces/default/configmaps";
const std::string     one   = maps + "/a";
const std::string     birds = "/apis/zoo.io/v1/namespaces/default/birds";
/// Objects of custom types say what they are.
std::string a_bird(const std::string& rest) {
    return R"({"apiVersion":"zoo.io/v1","kind":"Bird",)" + rest + "}";
}

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_type crds{
    .group      = "apiextensions.k8s.io",
    .kind       = "CustomResourceDefinition",
    .plural     = "customresourcedefinitions",
    .namespaced = false
};
const kube_type bird_type{.group = "zoo.io", .kind = "Bird", .plural = "birds"};

struct asked {
    std::string method{}, target{}, body{};
    const char* type   = json;
    unsigned    status = 0;
};

class ApiShapesTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};
    api_server        server{time, {}};

    ApiShapesTest() {
        server.mount("", store);
        EXPECT_TRUE(store.create(config_maps, {"default", "a"}, yaml("data: {x: '1'}"), {}));
        EXPECT_TRUE(store.create(
            crds, {{}, "birds.zoo.io"}, yaml(R"(
spec:
  group: zoo.io
  scope: Namespaced
  names: {plural: birds, kind: Bird, singular: bird}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {
      size: {type: integer}}}, status: {type: object}}}}
)"),
            {}
        ));
        EXPECT_TRUE(store.create(bird_type, {"default", "b"}, yaml("spec: {size: 1}"), {}));
    }
    net::http_response ask(const asked& what) {
        net::http_request request{.method = what.method, .target = what.target};
        request.headers.add("Content-Type", what.type);
        request.body = what.body;
        return test::run(loop, server.handle(std::move(request)));
    }
    void expect(const std::vector<asked>& all) {
        for (const auto& each : all) {
            const auto before = store.version();
            const auto answer = ask(each);
            const auto text   = each.method + ' ' + each.target + ' ' + each.body.substr(0, 200);
            EXPECT_EQ(answer.status, each.status) << text << '\n' << answer.body;
            EXPECT_TRUE(answer.status < 300 || store.version() == before) << text;
        }
    }
};

std::string shaped(const std::string& metadata, const std::string& more = "") {
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":)" + metadata + more + "}";
}

TEST_F(ApiShapesTest, WhatATypedReaderCannotReadIsABadRequest) {
    const std::string named  = R"({"name":"n"})",
                      leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    expect({
        {"POST", maps, shaped("\"x\""), json, 400},
        {"POST", maps, shaped("[]"), json, 400},
        {"POST", maps, shaped(R"({"name":1})"), json, 400},
        {"POST", maps, shaped(R"({"name":"n","labels":["a"]})"), json, 400},
        {"POST", maps, shaped(R"({"name":"n","labels":{"a":1}})"), json, 400},
        {"POST", maps, shaped(R"({"name":"n","annotations":{"a":[]}})"), json, 400},
        {"POST", maps, shaped(R"({"name":"n","finalizers":"a"})"), json, 400},
        {"POST", maps, shaped(R"({"name":"n","ownerReferences":["x"]})"), json, 400},
        {"POST", maps, shaped(R"({"name":"n","generation":"x"})"), json, 400},
        {"POST", maps, shaped(R"({"name":"n","creationTimestamp":"yesterday"})"), json, 400},
        {"POST", maps, shaped(named, R"(,"data":["a"])"), json, 400},
        {"POST", maps, shaped(named, R"(,"data":{"a":1})"), json, 400},
        {"POST", maps, shaped(named, R"(,"binaryData":{"a":"***"})"), json, 400},
        {"POST", maps, shaped(named, R"(,"immutable":"yes")"), json, 400},
        {"POST", maps, R"({"kind":["ConfigMap"],"metadata":{"name":"n"}})", json, 400},
        {"POST", "/api/v1/namespaces/default/secrets",
         R"({"metadata":{"name":"n"},"data":{"a":"***"}})", json, 400},
        {"POST", leases, R"({"metadata":{"name":"n"},"spec":"x"})", json, 400},
        {"POST", leases, R"({"metadata":{"name":"n"},"spec":{"renewTime":"now"}})", json, 400},
        {"POST", birds, R"({"metadata":"x"})", json, 400},
        {"POST", birds, R"({"metadata":{"name":"n","labels":{"a":1}}})", json, 400},
        {"PATCH", one + "?fieldManager=me", shaped("\"x\""), apply, 500},
        {"PATCH", one + "?fieldManager=me", "[]", apply, 400},
    });
    EXPECT_FALSE(store.get(config_maps, {"default", "n"}));
}

TEST_F(ApiShapesTest, ARefusalNamesTheObjectAndItsFieldsForPrograms) {
    const auto details = [&](const asked& what) {
        const auto answer = ask(what);
        const auto read   = parse_json(answer.body);
        EXPECT_EQ(answer.status, what.status) << answer.body;
        const auto* const is = read ? read->find("details") : nullptr;
        return is == nullptr ? std::string() : json_text(*is);
    };
    EXPECT_EQ(
        details({"GET", maps + "/none", "", json, 404}), R"({"name":"none","kind":"configmaps"})"
    );
    EXPECT_EQ(details({"GET", one + "/part", "", json, 404}), "{}");
    EXPECT_EQ(
        details({"GET", birds + "/b/part", "", json, 404}),
        R"({"name":"b","group":"zoo.io","kind":"birds"})"
    );
    EXPECT_EQ(
        details({"POST", birds + "/b/status", "{}", json, 405}),
        R"({"group":"zoo.io","kind":"birds"})"
    );
    EXPECT_THAT(
        details({"POST", birds, a_bird(R"("metadata":{"name":"n"},"spec":{"size":"x"})"), json, 422}
        ),
        HasSubstr(R"("field":"spec.size")")
    );
    EXPECT_THAT(
        details({"POST", maps + "?dryRun=Some", R"({"metadata":{"name":"n"}})", json, 422}),
        HasSubstr(R"({"group":"meta.k8s.io","kind":"CreateOptions","causes":[{"reason":)"
                  R"("FieldValueNotSupported")")
    );
}

TEST_F(ApiShapesTest, WhoeverAppliesRulesThatAreNotPlayedIsWarned) {
    const std::string body =
        R"({"metadata":{"name":"fish.zoo.io"},"spec":{"group":"zoo.io","scope":"Namespaced",)"
        R"("names":{"plural":"fish","kind":"Fish"},"versions":[{"name":"v1","served":true,)"
        R"("storage":true,"schema":{"openAPIV3Schema":{"type":"object",)"
        R"("x-kubernetes-validations":[{"rule":"self.spec > 1"}]}}}]}})";
    const auto answer =
        ask({"POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body});
    EXPECT_EQ(answer.status, 201u) << answer.body;
    EXPECT_THAT(
        std::string(answer.headers.find("Warning").value_or("")),
        HasSubstr("299 - \"of x-kubernetes-validations the sandbox plays")
    );
}

TEST_F(ApiShapesTest, WhatCanBeReadAndStillCannotBeIsInvalid) {
    expect({
        {"POST", maps, shaped(R"({"name":"n","labels":{"a":"not a label"}})"), json, 422},
        {"POST", maps, shaped(R"({"name":"n","labels":{"not a key":"a"}})"), json, 422},
        {"POST", maps, shaped(R"({"name":"n","annotations":{"not a key":"a"}})"), json, 422},
        {"POST", maps, shaped(R"({"name":"n","finalizers":["mine"]})"), json, 422},
        {"POST", maps, shaped(R"({"name":"n","ownerReferences":[{"kind":"x"}]})"), json, 422},
        {"POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases",
         R"({"metadata":{"name":"n"},"spec":{"leaseDurationSeconds":-1}})", json, 422},
        {"POST", birds, a_bird(R"("metadata":{"name":"n"},"spec":"x")"), json, 422},
        {"POST", birds, a_bird(R"("metadata":{"name":"n"},"spec":{"size":1e300})"), json, 422},
        {"PATCH", one, R"({"metadata":"x"})", merge, 422},
        {"PATCH", one, R"({"metadata":{"labels":{"a":1}}})", merge, 422},
        {"PATCH", one, R"({"data":{"a":1}})", merge, 422},
        {"PATCH", one, R"([{"op":"replace","path":"/metadata","value":"x"}])", patch, 422},
        {"PATCH", one, R"([{"op":"replace","path":"","value":[]}])", patch, 422},
        {"PATCH", birds + "/b", R"({"metadata":"x"})", merge, 422},
    });
    EXPECT_EQ(store.get(config_maps, {"default", "a"})->text_at({"data", "x"}), "1");
}

TEST_F(ApiShapesTest, PlacesAndMethodsAreThoseOfARealServer) {
    expect({
        {"PUT", maps, shaped(R"({"name":"a"})"), json, 405},
        {"PATCH", maps, "{}", merge, 405},
        {"POST", one, shaped(R"({"name":"a"})"), json, 405},
        {"BREW", one, "", json, 405},
        {"GET", "/api/v1/configmaps/a", "", json, 404},
        {"POST", "/api/v1/configmaps", shaped(R"({"name":"n"})"), json, 405},
        {"DELETE", "/api/v1/configmaps", "", json, 405},
        {"GET", "/api/v1/namespaces/default/nodes", "", json, 404},
        {"GET", one + "/part", "", json, 404},
        {"GET", one + "/status", "", json, 404},
        {"PUT", birds, "{}", json, 400},
        {"GET", "/apis/zoo.io/v1/birds/b", "", json, 404},
        {"POST", "/apis/zoo.io/v1/birds", "{}", json, 404},
        {"DELETE", birds + "/b/status", "", json, 405},
        {"GET", birds + "/b/status", "", json, 200},
        {"GET", "/apis/zoo.io/v1/birds", "", json, 200},
    });
}

TEST_F(ApiShapesTest, OptionsThatCannotBeMeantAreTold) {
    expect({
        {"GET", maps + "?limit=many", "", json, 400},
        {"GET", maps + "?timeoutSeconds=long&watch=1", "", json, 400},
        {"GET", maps + "?continue=nonsense", "", json, 400},
        {"GET", maps + "?continue=a:b/c", "", json, 400},
        {"GET", maps + "?continue=99999999999999999999999:b/c", "", json, 400},
        {"GET", maps + "?continue=:b/c", "", json, 400},
        {"GET", maps + "?continue=1:b/c&resourceVersion=1", "", json, 400},
        {"GET", maps + "?resourceVersionMatch=Exact", "", json, 422},
        {"GET", maps + "?resourceVersion=1&resourceVersionMatch=Somehow", "", json, 422},
        {"GET", maps + "?sendInitialEvents=true", "", json, 422},
        {"GET", maps + "?labelSelector=not%20a%20key%3Da", "", json, 400},
        {"GET", maps + "?fieldSelector=data.x%3D1", "", json, 400},
        {"GET", maps + "?fieldSelector=metadata.name%3Da", "", json, 200},
        {"GET", "/api/v1/secrets?fieldSelector=type%3DOpaque", "", json, 200},
        {"POST", maps + "?dryRun=Some", shaped(R"({"name":"n"})"), json, 422},
        {"POST", maps + "?fieldValidation=Some", shaped(R"({"name":"n"})"), json, 422},
        {"POST", maps + "?fieldManager=" + std::string(129, 'm'), "{}", json, 422},
        {"PATCH", one + "?force=true", "{}", merge, 422},
        {"DELETE", one, R"({"kind":"Secret"})", json, 500},
        {"DELETE", one, R"({"gracePeriodSeconds":"x"})", json, 500},
        {"DELETE", one, R"({"preconditions":"x"})", json, 500},
        {"DELETE", one, R"({"orphanDependents":true,"propagationPolicy":"Orphan"})", json, 422},
    });
}

/// Whoever leaves the version out of an update would undo what others did.
TEST_F(ApiShapesTest, AnUpdateOfACustomObjectSaysWhichVersionItHasSeen) {
    const auto bird = a_bird(R"("metadata":{"name":"b"},"spec":{"size":2})");
    expect({
        {"PUT", birds + "/b", bird, json, 422},
        {"PUT", birds + "/b/status", bird, json, 422},
        {"PUT", birds + "/nobody", a_bird(R"("metadata":{"name":"nobody"})"), json, 404},
        {"PUT", one, shaped(R"({"name":"a"})"), json, 200},
        {"PUT", one, shaped(R"({"name":"a","uid":"another"})"), json, 409},
        {"PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/new",
         R"({"metadata":{"name":"new"}})", json, 201},
        {"PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/new",
         R"({"metadata":{"name":"new"},"spec":{"holderIdentity":"x"}})", json, 422},
    });
    auto seen            = *store.get(bird_type, {"default", "b"});
    seen["spec"]["size"] = 3;
    EXPECT_EQ(ask({"PUT", birds + "/b", json_text(seen)}).status, 200u);
}

TEST_F(ApiShapesTest, APagedListGoesOnAlsoWhereNothingHasHappenedSinceTheStart) {
    for (const char* name : {"b", "c"})
        ASSERT_TRUE(store.create(config_maps, {"default", name}, value::map(), {}));
    api_store again(time);
    again.take_over(store.whole());
    const auto first = again.list(config_maps, {.namespace_name = "default"}, {.limit = 2});
    ASSERT_TRUE(first);
    const auto second =
        again.list(config_maps, {.namespace_name = "default"}, {.limit = 2, .next = first->next});
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_EQ(second->items.size(), 1u);
}

TEST_F(ApiShapesTest, ATypeThatGoesTakesItsObjectsAlong) {
    const auto gone =
        ask({"DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/birds.zoo.io"});
    EXPECT_EQ(gone.status, 200u);
    EXPECT_THAT(gone.body, HasSubstr("customresourcecleanup.apiextensions.k8s.io"));
    EXPECT_FALSE(store.get(crds, {{}, "birds.zoo.io"}));
    EXPECT_FALSE(store.get(bird_type, {"default", "b"}));
}

TEST_F(ApiShapesTest, ATypeStaysUntilTheLastFinalizerOfItsObjectsHasGone) {
    const kube_key key{"default", "b"};
    ASSERT_TRUE(store.patch(
        bird_type, key, api_patch_kind::merge, yaml("metadata: {finalizers: [zoo.io/mine]}"), {}
    ));
    ASSERT_TRUE(store.remove(crds, {{}, "birds.zoo.io"}, {}));
    ASSERT_TRUE(store.get(crds, {{}, "birds.zoo.io"}));
    ASSERT_TRUE(
        store.patch(bird_type, key, api_patch_kind::merge, yaml("metadata: {finalizers: null}"), {})
    );
    EXPECT_FALSE(store.get(bird_type, key));
    EXPECT_FALSE(store.get(crds, {{}, "birds.zoo.io"}));
    EXPECT_EQ(store.types().find("zoo.io", "v1", "birds"), nullptr);
}

/// Good requests, damaged at random: whatever is asked is answered, with JSON or in plain words,
/// and what is there can still be read.
TEST_F(ApiShapesTest, WhateverIsAskedIsAnswered) {
    std::mt19937 chance{11};
    const auto   below = [&](std::size_t n) { return static_cast<std::size_t>(chance() % n); };
    const std::vector<std::string> methods{"GET", "POST", "PUT", "PATCH", "DELETE"};
    const std::vector<const char*> types{
        json, merge, patch, apply, "application/strategic-merge-patch+json"
    };
    const std::vector<std::string> targets{
        maps,
        one,
        birds,
        birds + "/b",
        birds + "/b/status",
        "/api/v1/namespaces/default",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/birds.zoo.io",
        one + "?fieldManager=me&force=true",
        maps + "?limit=1&continue=1:a/b",
        maps + "?labelSelector=a%20in%20(b)",
        "/api/v1/namespaces/default/secrets?dryRun=All"
    };
    const std::vector<std::string> bodies{
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"l":"1"}},"data":{"x":"1"}})",
        R"([{"op":"add","path":"/metadata/labels","value":{"a":"b"}},{"op":"remove","path":"/data/x"}])",
        R"({"metadata":{"finalizers":["zoo.io/x"],"ownerReferences":[{"uid":"1"}]},"spec":{"size":1}})",
        R"({"spec":{"group":"zoo.io","names":{"plural":"birds","kind":"Bird"},"versions":[{"name":"v1"}]}})",
        R"({"spec":{"$patch":"replace"},"stringData":{"a":"b"},"status":{"conditions":[{"type":"x"}]}})",
    };
    const std::vector<std::string> grains{"null",   "1",    "\"x\"",   "[]",    "{}",    "[{}]",
                                          "-1e999", "true", "\\u0000", "\"/\"", "\"~2\""};
    for (int i = 0; i < 6'000; ++i) {
        asked what{
            methods[below(methods.size())], targets[below(targets.size())],
            bodies[below(bodies.size())], types[below(types.size())]
        };
        for (std::size_t blows = below(4); blows > 0; --blows) {
            const auto colon = what.body.find(':', below(what.body.size()));
            if (colon == std::string::npos) {
                what.body.resize(below(what.body.size() + 1));
                break;
            }
            // A value in the place of another one: mostly still JSON.
            const auto end = what.body.find_first_of(",}]", colon);
            what.body.replace(
                colon + 1, end == std::string::npos ? end : end - colon - 1,
                grains[below(grains.size())]
            );
        }
        const auto answer = ask(what);
        const auto text   = what.method + ' ' + what.target + ' ' + what.body;
        ASSERT_GE(answer.status, 200u) << text;
        // A real one has no other word for some of them, but it has words.
        ASSERT_TRUE(answer.status != 500 || answer.body.find("\"message\"") != answer.body.npos)
            << text;
        ASSERT_TRUE(answer.stream || answer.status == 404 || parse_json(answer.body)) << text;
    }
    const auto all = store.whole();
    for (const auto& each : all.objects) {
        EXPECT_EQ(key_of(*each.is->tree()), each.key);
        EXPECT_TRUE(parse_json(each.is->json()));
        EXPECT_FALSE(each.is->tree()->text_at({"metadata", "uid"}).empty());
    }
}

}  // namespace
}  // namespace falconer::sandbox
