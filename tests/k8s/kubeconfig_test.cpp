#include "k8s/kubeconfig.hpp"

#include "falconer/base64.hpp"
#include "support/temporary_folder.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tuple>

namespace falconer::k8s {
namespace {

using ::falconer::testing::yaml;
using ::testing::HasSubstr;

result<kube_access> read(
    const std::string& cluster, const std::string& user, const std::string& more = ""
) {
    return read_kubeconfig(
        yaml(
            "current-context: here\ncontexts:\n- name: here\n  context: {cluster: c, user: u, "
            "namespace: mine}\nclusters:\n- name: c\n  cluster: {" +
            cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n" + more
        ),
        "/etc/kube"
    );
}

TEST(KubeconfigTest, ReadsTokenFilesAndAuthorities) {
    const auto got = read(
        "server: 'https://api.example.com:6443/k8s/', certificate-authority: ca.crt",
        "tokenFile: token"
    );
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->place, (net::http_place{true, "api.example.com", 6443}));
    EXPECT_EQ(got->path, "/k8s");
    EXPECT_EQ(got->ca, "/etc/kube/ca.crt");
    EXPECT_EQ(got->token_file, "/etc/kube/token");
    EXPECT_EQ(got->namespace_name, "mine");
}

TEST(KubeconfigTest, ReadsWhatIsInline) {
    const auto pem = encode_base64("-----BEGIN CERTIFICATE-----\n");
    const auto got = read(
        "server: 'https://[::1]', certificate-authority-data: " + pem,
        "client-certificate-data: " + pem + ", client-key-data: " + pem + ", token: abc"
    );
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->place.host, "::1");
    EXPECT_EQ(got->place.port, 443);
    EXPECT_EQ(got->ca, "-----BEGIN CERTIFICATE-----\n");
    EXPECT_EQ(got->certificate, got->key);
    EXPECT_EQ(got->token.reveal(), "abc");
}

TEST(KubeconfigTest, WhatWouldRunAProgramOrCannotBeDoneIsRefused) {
    const std::string server = "server: 'https://a'";
    for (const auto& [cluster, user, why] : {
             std::tuple{server, "exec: {command: sh}", "exec, which would run a program"},
             {server, "auth-provider: {name: oidc}", "auth-provider"},
             {server, "username: a, password: b", "password"},
             {server, "client-certificate: a", "belong together"},
             {server, "client-key-data: '*', client-certificate: a", "client-key-data is no PEM"},
             {server + ", insecure-skip-tls-verify: true, certificate-authority: ca", "token: a",
              "exclude each other"},
             {server + ", insecure-skip-tls-verify: perhaps", "token: a", "neither true nor false"},
             {server + ", proxy-url: 'http://p'", "token: a", "proxies are not used"},
             {std::string("server: 'ftp://a'"), "token: a", "the cluster's server"},
             {std::string("proxy-url: x"), "token: a", "the cluster's server"},
         }) {
        const auto got = read(cluster, user);
        ASSERT_FALSE(got) << why;
        EXPECT_THAT(got.error().detail, HasSubstr(why));
    }
    EXPECT_THAT(read_kubeconfig(yaml("{}"), "").error().detail, HasSubstr("no current-context"));
    EXPECT_THAT(
        read_kubeconfig(yaml("current-context: x"), "").error().detail, HasSubstr("no context 'x'")
    );
    EXPECT_THAT(read_kubeconfig(yaml("[]"), "").error().detail, HasSubstr("expected a mapping"));
    EXPECT_THAT(
        read_kubeconfig(
            yaml("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: nobody}}]\n"
                 "clusters: [{name: c, cluster: {server: 'https://a'}}]"),
            ""
        )
            .error()
            .detail,
        HasSubstr("there is no user 'nobody'")
    );
}

TEST(KubeconfigTest, WhomToBelieveIsSaidByTheUser) {
    const auto open = read("server: 'https://a', insecure-skip-tls-verify: true", "token: a");
    ASSERT_TRUE(open) << open.error().detail;
    EXPECT_TRUE(open->anybody);
    const auto named = read("server: 'https://a', tls-server-name: b.example.com", "token: a");
    ASSERT_TRUE(named) << named.error().detail;
    EXPECT_FALSE(named->anybody);
    EXPECT_EQ(named->server_name, "b.example.com");
}

TEST(KubeconfigTest, ATokenThatCannotBeSentIsRefused) {
    for (const auto* token : {R"("a\nX-Injected: b")", R"("a\r\n")", "a b"}) {
        const auto got = read("server: 'https://a'", (std::string("token: ") + token).c_str());
        ASSERT_FALSE(got) << token;
        EXPECT_THAT(got.error().detail, HasSubstr("token has blanks or line breaks"));
    }
    EXPECT_EQ(trimmed_token(" \r\n eyJ.a.b\r\n"), "eyJ.a.b");
    EXPECT_EQ(trimmed_token(" \n"), "");
    EXPECT_TRUE(is_token("eyJ.a-_.b=="));
    EXPECT_FALSE(is_token(""));
}

TEST(KubeconfigTest, WhatIsNoTextIsNotTakenForNothing) {
    for (const auto& [cluster, user, why] : {
             std::tuple{
                 "server: 'https://a'", "token: 12345", "token: expected a text, found 12345"
             },
             {"server: 'https://a'", "token: [a]", "token: expected a text, found a list"},
             {"server: 'https://a'", "tokenFile: {}", "tokenFile: expected a text"},
             {"server: 1", "token: a", "server: expected a text, found 1"},
             {"server: 'https://a', certificate-authority: 1", "token: a", "certificate-authority: "
             },
         }) {
        const auto got = read(cluster, user);
        ASSERT_FALSE(got) << why;
        EXPECT_THAT(got.error().detail, HasSubstr(why));
    }
    EXPECT_TRUE(read("server: 'https://a', tls-server-name: null", "token: null"));
}

TEST(KubeconfigTest, AMissingFileIsNamed) {
    EXPECT_THAT(
        read_kubeconfig_file("/nowhere/config").error().detail, HasSubstr("/nowhere/config")
    );
}

TEST(InClusterTest, IsWhatKubeletGives) {
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    EXPECT_THAT(in_cluster_access().error().detail, HasSubstr("this is no pod"));
    const test::temporary_folder own;
    const auto&                  folder = own.path();
    std::ofstream(folder / "namespace") << "garden";
    ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    const auto got = in_cluster_access(folder);
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->place, (net::http_place{true, "fd00::1", 443}));
    EXPECT_EQ(got->token_file, folder / "token");
    EXPECT_EQ(got->namespace_name, "garden");
}

}  // namespace
}  // namespace falconer::k8s
