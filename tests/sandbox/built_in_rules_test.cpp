// What a server knows of ConfigMaps, Secrets, Leases and of metadata. What a real one says to the
// same: tests/peers/odd_calls.py.
#include "sandbox/kube_api/built_in_rules.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

api_type built_in(const char* kind, const char* group = "") {
    return {.type = {.group = group, .kind = kind}, .built_in = true};
}
const api_type map    = built_in("ConfigMap");
const api_type secret = built_in("Secret");
const api_type lease  = built_in("Lease", "coordination.k8s.io");
const api_type custom{.type = {.group = "e.com", .kind = "Thing"}};

std::string tidied(const api_type& type, const char* text) {
    auto object = parse_json(text);
    (void)tidy(type, *object);
    return json_text(*object);
}
std::vector<std::string> said(const api_type& type, const char* text) {
    auto object = parse_json(text);
    return tidy(type, *object);
}
std::vector<std::string> wrong(
    const api_type& type, const std::string& is, const std::string& was = ""
) {
    return built_in_violations(type, was.empty() ? value{} : yaml(was), yaml(is));
}

TEST(BuiltInRulesTest, OfKeysThatComeTwiceTheLastOneCounts) {
    EXPECT_EQ(
        tidied(map, R"({"data":{"x":"1","x":"2"},"data":{"y":"3"}})"),
        R"({"data":{"x":"2","y":"3"}})"
    );
    EXPECT_EQ(tidied(custom, R"({"spec":[{"a":1,"a":{}}]})"), R"({"spec":[{"a":{}}]})");
    EXPECT_THAT(
        said(map, R"({"data":{"x":"1","x":"2"}})"), ElementsAre("duplicate field \"data.x\"")
    );
    EXPECT_THAT(said(custom, R"({"spec":{"a":{"b":1},"c":[1,{}]}})"), IsEmpty());
}

TEST(BuiltInRulesTest, WhatNoSuchObjectHasIsGone) {
    EXPECT_EQ(
        tidied(
            map, R"({"kind":"ConfigMap","foo":1,"metadata":{"name":"a","bar":2},"data":{"foo":""}})"
        ),
        R"({"kind":"ConfigMap","metadata":{"name":"a"},"data":{"foo":""}})"
    );
    EXPECT_THAT(
        said(lease, R"({"spec":{"foo":1},"status":{}})"),
        ElementsAre("unknown field \"status\"", "unknown field \"spec.foo\"")
    );
    EXPECT_EQ(tidied(lease, "{}"), R"({"spec":{}})");
    EXPECT_EQ(tidied(custom, R"({"foo":1,"metadata":{"bar":1}})"), R"({"foo":1,"metadata":{}})");
    EXPECT_EQ(tidied(built_in("Pod"), R"({"foo":1})"), R"({"foo":1})") << "known in outline only";
}

TEST(BuiltInRulesTest, NullIsWhatIsNotThereOrAnEmptyText) {
    EXPECT_EQ(
        tidied(
            map, R"({"metadata":{"labels":null,"annotations":{"a":null},"finalizers":[]},)"
                 R"("data":{"x":null},"binaryData":null,"immutable":null})"
        ),
        R"({"metadata":{"annotations":{"a":""}},"data":{"x":""}})"
    );
    EXPECT_EQ(tidied(map, R"({"data":{}})"), "{}");
    EXPECT_EQ(tidied(map, R"({"metadata":"x"})"), R"({"metadata":"x"})") << "others complain";
}

TEST(BuiltInRulesTest, WhatIsTooLargeIsRefused) {
    const std::string half(600'000, 'x');
    EXPECT_THAT(wrong(map, "data: {a: " + half + "}"), IsEmpty());
    EXPECT_THAT(
        wrong(map, "data: {a: " + half + ", b: " + half + "}"),
        ElementsAre("[]: Too long: may not be more than 1048576 bytes")
    );
    EXPECT_THAT(wrong(secret, "data: {a: " + half + ", b: " + half + "}"), IsEmpty()) << "base64";
    EXPECT_THAT(
        wrong(secret, "data: {a: " + half + half + half + "}"),
        ElementsAre(HasSubstr("data: Too long"))
    );
    EXPECT_THAT(
        wrong(custom, "metadata: {annotations: {a: " + half + "}}"),
        ElementsAre("metadata.annotations: Too long: may not be more than 262144 bytes")
    );
}

TEST(BuiltInRulesTest, EachTypeHasItsOwnRules) {
    EXPECT_THAT(
        wrong(secret, "{type: kubernetes.io/tls, data: {tls.key: eA==}}"),
        ElementsAre("data[tls.crt]: Required value")
    );
    EXPECT_THAT(
        wrong(secret, "{type: kubernetes.io/basic-auth, data: {username: eA==}}"), IsEmpty()
    );
    EXPECT_THAT(wrong(secret, "type: kubernetes.io/service-account-token").size(), 1u);
    EXPECT_THAT(
        wrong(secret, "type: b", "type: a"),
        ElementsAre("type: Invalid value: \"b\": field is immutable")
    );
    EXPECT_THAT(wrong(secret, "type: a", "type: a"), IsEmpty());
    EXPECT_EQ(wrong(built_in("Namespace"), "metadata: {name: a.b}").size(), 1u);
    EXPECT_EQ(wrong(lease, "spec: {leaseTransitions: -1}").size(), 1u);
    EXPECT_THAT(wrong(lease, "spec: {leaseTransitions: 0}"), IsEmpty());
}

TEST(BuiltInRulesTest, WhoIsGoingGetsNoMoreFinalizers) {
    const std::string going = "metadata: {deletionTimestamp: x, finalizers: [a.b/c, a.b/d]}";
    EXPECT_THAT(wrong(custom, "metadata: {finalizers: [a.b/d]}", going), IsEmpty());
    EXPECT_THAT(
        wrong(custom, "metadata: {finalizers: [a.b/d, a.b/e]}", going),
        ElementsAre(HasSubstr("metadata.finalizers: Forbidden: no new finalizers"))
    );
    EXPECT_THAT(wrong(custom, "metadata: {finalizers: [a.b/e]}", "metadata: {}"), IsEmpty());
}

TEST(BuiltInRulesTest, OnlyOneOwnerIsTheController) {
    EXPECT_EQ(
        wrong(map, "metadata: {ownerReferences: [{controller: true}, {controller: true}]}").size(),
        1u
    );
    EXPECT_THAT(
        wrong(map, "metadata: {ownerReferences: [{controller: true}, {controller: false}, {}]}"),
        IsEmpty()
    );
}

TEST(BuiltInRulesTest, SomeNamespacesStay) {
    const kube_type namespaces{.kind = "Namespace", .plural = "namespaces"};
    EXPECT_TRUE(is_everlasting(namespaces, "default"));
    EXPECT_FALSE(is_everlasting(namespaces, "garden"));
    EXPECT_FALSE(is_everlasting({.kind = "Secret", .plural = "secrets"}, "default"));
}

}  // namespace
}  // namespace falconer::sandbox
