#include "k8s/shoot_clients.hpp"

#include "falconer/base64.hpp"
#include "support/loopback.hpp"
#include "support/scripted_server.hpp"

#include <gmock/gmock.h>

namespace falconer::k8s {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using server = test::scripted_server;

class ShootClientsTest : public test::loopback_fixture {
protected:
    std::function<std::string(const std::string&)> answer{};
    server api{loop, scope, [this](const std::string& request) { return answer(request); }};
    std::unique_ptr<kube_api>    seed;
    std::optional<shoot_clients> shoots;

    void SetUp() override {
        kube_access access;
        access.place = {.host = "127.0.0.1", .port = api.port()};
        seed         = std::move(*make_kube_client(loop.get_executor(), time, access, {}));
        shoots.emplace(loop.get_executor(), time, *seed, shoot_clients::options{});
    }
    void TearDown() override {
        api.hang_up();
        loopback_fixture::TearDown();
    }
    std::string kubeconfig(const std::string& user, const std::string& cluster = {}) const {
        return "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: "
               "{cluster: x, user: x}}], clusters: [{name: x, cluster: {server: "
               "'http://127.0.0.1:" +
               std::to_string(api.port()) + "/shoot'" + cluster +
               "}}], users: [{name: x, user: " + user + "}]}";
    }
    std::string secret(const std::string& kubeconfig) const {
        return server::json(
            200, R"({"metadata":{"name":"s","namespace":"shoot--a--b"},"data":{"kubeconfig":")" +
                     encode_base64(kubeconfig) + "\"}}"
        );
    }
    result<std::shared_ptr<kube_api>> ask() {
        auto got = start(shoots->api_of("shoot--a--b"));
        EXPECT_TRUE(eventually([&] { return got->has_value(); }));
        return std::move(**got);
    }
};

TEST_F(ShootClientsTest, TheWayWithinTheSeedComesFirst) {
    answer = [&](const std::string& request) {
        if (request.find("/shoot/") != request.npos) {
            EXPECT_THAT(request, HasSubstr("Authorization: Bearer t\r\n"));
            return server::json(200, R"({"gitVersion":"v1.33.4"})");
        }
        return secret(kubeconfig("{token: t}"));
    };
    auto made = ask();
    ASSERT_TRUE(made) << made.error().detail;
    auto version = start((*made)->server_version());
    EXPECT_TRUE(eventually([&] { return version->has_value(); }));
    EXPECT_EQ(***version, "v1.33.4");
    EXPECT_THAT(api.asked[0], HasSubstr("/namespaces/shoot--a--b/secrets/gardener-internal"));
}

TEST_F(ShootClientsTest, ThePublicWayIsTheOther) {
    answer = [&](const std::string& request) {
        return request.find("gardener-internal") != request.npos
                   ? server::json(404, R"({"kind":"Status","reason":"NotFound"})")
                   : secret(kubeconfig("{token: t}"));
    };
    EXPECT_TRUE(ask());
    EXPECT_THAT(api.asked[1], EndsWith("/secrets/gardener"));
}

TEST_F(ShootClientsTest, WithoutCredentialsItSaysWhoseAreMissing) {
    answer = [](const std::string&) {
        return server::json(404, R"({"kind":"Status","reason":"NotFound","message":"no such"})");
    };
    const auto got = ask();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, errc::not_found);
    EXPECT_THAT(got.error().detail, HasSubstr("shoot--a--b/gardener"));
}

TEST_F(ShootClientsTest, OnlyTheTokenIsUsedNeverACertificate) {
    // A certificate that cannot be read would be the end of any client that looked at it.
    answer = [&](const std::string&) {
        return secret(
            kubeconfig("{token: t, client-certificate-data: LS0tLS1CRUdJTg==, "
                       "client-key-data: LS0tLS1CRUdJTg==}")
        );
    };
    const auto made = ask();
    EXPECT_TRUE(made) << made.error().detail;
}

TEST_F(ShootClientsTest, CredentialsThatCannotBeOrNameOurFilesAreRefused) {
    for (const auto& [config, why] :
         {std::pair<std::string, const char*>{"", "no kubeconfig"},
          {"{", "no YAML"},
          {kubeconfig("{tokenFile: /etc/passwd}"), "names a file"},
          {kubeconfig("{exec: {command: sh}}"), "exec"},
          {kubeconfig("{token: t}", ", insecure-skip-tls-verify: true"), "anybody believed"},
          {kubeconfig(
               "{client-certificate-data: LS0tLS1CRUdJTg==, client-key-data: LS0tLS1CRUdJTg==}"
           ),
           "no token"}}) {
        answer         = [&, text = config](const std::string&) { return secret(text); };
        const auto got = ask();
        ASSERT_FALSE(got) << config;
        EXPECT_THAT(got.error().detail, HasSubstr(why));
    }
}

}  // namespace
}  // namespace falconer::k8s
