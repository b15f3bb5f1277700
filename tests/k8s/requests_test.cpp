#include "k8s/requests.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::k8s {
namespace {

using ::falconer::testing::yaml;
using ::testing::HasSubstr;

const kube_type secrets{.kind = "Secret", .plural = "secrets"};
const kube_type extensions{
    .group   = "extensions.gardener.cloud",
    .version = "v1alpha1",
    .kind    = "Extension",
    .plural  = "extensions"
};
const kube_type clusters{
    .group      = "extensions.gardener.cloud",
    .version    = "v1alpha1",
    .kind       = "Cluster",
    .plural     = "clusters",
    .namespaced = false
};

std::string line(const result<net::http_request>& made) {
    if (!made) return made.error().detail;
    return made->method + ' ' + made->target;
}

TEST(RequestsTest, PathsAreThoseOfTheApi) {
    EXPECT_EQ(line(get_request(secrets, {"ns", "a"})), "GET /api/v1/namespaces/ns/secrets/a");
    EXPECT_EQ(
        line(get_request(extensions, {"shoot--p--n", "shoot-falco-service"})),
        "GET /apis/extensions.gardener.cloud/v1alpha1/namespaces/shoot--p--n/extensions/"
        "shoot-falco-service"
    );
    EXPECT_EQ(
        line(get_request(clusters, {"", "shoot--p--n"})),
        "GET /apis/extensions.gardener.cloud/v1alpha1/clusters/shoot--p--n"
    );
    EXPECT_EQ(
        line(get_request(
            {.group      = "rbac.authorization.k8s.io",
             .kind       = "ClusterRole",
             .plural     = "clusterroles",
             .namespaced = false},
            {"", "system:a b?"}
        )),
        "'system:a b?' cannot be a name"
    );
    EXPECT_EQ(
        line(get_request(
            {.group      = "rbac.authorization.k8s.io",
             .kind       = "ClusterRole",
             .plural     = "clusterroles",
             .namespaced = false},
            {"", "system:x"}
        )),
        "GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax"
    );
}

TEST(RequestsTest, ListsComeInPagesAndGoOn) {
    EXPECT_EQ(line(list_request(secrets, {}, {})), "GET /api/v1/secrets?limit=500");
    EXPECT_EQ(
        line(list_request(
            secrets, {.namespace_name = "ns", .labels = "a=b,c!=d", .fields = "metadata.name=x"},
            {.limit = 10, .next = "to/ken==", .resource_version = "7"}
        )),
        "GET /api/v1/namespaces/ns/secrets?labelSelector=a%3Db%2Cc%21%3Dd&fieldSelector="
        "metadata.name%3Dx&limit=10&continue=to%2Fken%3D%3D"
    ) << "a continued list has its own version";
    EXPECT_EQ(
        line(list_request(secrets, {}, {.limit = 10, .resource_version = "12345678901234567890"})),
        "GET /api/v1/secrets?limit=10&resourceVersion=12345678901234567890"
    );
}

TEST(RequestsTest, AWatchAsksForBookmarks) {
    EXPECT_EQ(
        line(watch_request(extensions, {}, "42", std::chrono::seconds(300))),
        "GET /apis/extensions.gardener.cloud/v1alpha1/extensions?watch=1&allowWatchBookmarks=true&"
        "timeoutSeconds=300&resourceVersion=42"
    );
}

TEST(RequestsTest, WritesSayWhatTheirBodyIs) {
    const auto body   = yaml("{metadata: {name: a, namespace: ns}}");
    const auto create = create_request(secrets, {"ns", "a"}, body, {});
    EXPECT_EQ(line(create), "POST /api/v1/namespaces/ns/secrets");
    EXPECT_EQ(create->headers.find("Content-Type"), "application/json");
    EXPECT_EQ(create->body, R"({"metadata":{"name":"a","namespace":"ns"}})");

    const auto patch = merge_patch_request(
        extensions, {"ns", "a"}, body, {.part = kube_part::status, .dry_run = true}
    );
    EXPECT_THAT(line(patch), HasSubstr("/extensions/a/status?dryRun=All"));
    EXPECT_EQ(patch->headers.find("Content-Type"), "application/merge-patch+json");

    const auto apply = apply_request(secrets, {"ns", "a"}, body, {.manager = "me", .force = true});
    EXPECT_THAT(
        line(apply), HasSubstr("PATCH /api/v1/namespaces/ns/secrets/a?fieldManager=me&force=true")
    );
    EXPECT_EQ(apply->headers.find("Content-Type"), "application/apply-patch+yaml");

    EXPECT_THAT(line(update_request(secrets, {"ns", "a"}, body, {})), HasSubstr("PUT "));
    const auto remove = remove_request(
        secrets, {"ns", "a"},
        {.uid = "u", .grace_seconds = 0, .then = kube_removal::dependents::foreground}
    );
    EXPECT_EQ(
        remove->body,
        R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground",)"
        R"("gracePeriodSeconds":0,"preconditions":{"uid":"u"}})"
    );
}

TEST(RequestsTest, WhatCannotBeAPartOfAPathNeverLeaves) {
    for (const char* bad : {"", "..", ".", "a/b", "a%2f", "a b", "a\nb", "a\r\nHost: x"}) {
        EXPECT_FALSE(get_request(secrets, {"ns", bad})) << bad;
        EXPECT_FALSE(get_request(secrets, {bad, "a"})) << bad;
    }
    EXPECT_FALSE(get_request(secrets, {"NS", "a"}));
    EXPECT_FALSE(get_request(secrets, {"a.b", "a"}));
    EXPECT_FALSE(get_request(clusters, {"ns", "a"})) << "it has no namespace";
    EXPECT_FALSE(get_request({.kind = "X", .plural = "../x"}, {"ns", "a"}));
    EXPECT_FALSE(get_request({.group = "a/b", .kind = "X", .plural = "x"}, {"ns", "a"}));
    EXPECT_FALSE(apply_request(secrets, {"ns", "a"}, {}, {.manager = ""}));
}

}  // namespace
}  // namespace falconer::k8s
