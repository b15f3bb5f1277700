// How requests to the sandbox's API are understood.
#include "sandbox/kube_api/server.hpp"

#include "falconer/value.hpp"
#include "support/actor_fixture.hpp"
#include "support/manual_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

using ::testing::HasSubstr;

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};

class ApiServerTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};
    api_server        server{time, {}};
    const kube_key    key{"default", "a"};

    ApiServerTest() {
        server.mount("", store);
        EXPECT_TRUE(store.create(config_maps, key, value::map(), {}));
    }
    net::http_response ask(std::string method, std::string target, std::string body = {}) {
        net::http_request request{.method = std::move(method), .target = std::move(target)};
        request.headers.add("Content-Type", "application/json");
        request.body = std::move(body);
        return test::run(loop, server.handle(std::move(request)));
    }
    value review(const std::string& group, const std::string& plural, const std::string& spec) {
        const auto answer =
            ask("POST", "/apis/" + group + "/v1/" + plural, "{\"spec\":" + spec + "}");
        EXPECT_EQ(answer.status, 201u) << answer.body;
        return *parse_json(answer.body);
    }
    net::http_response remove(std::string body, const std::string& query = {}) {
        net::http_request request{
            .method = "DELETE", .target = "/api/v1/namespaces/default/configmaps/a" + query
        };
        request.headers.add("Content-Type", "application/json");
        request.body = std::move(body);
        return test::run(loop, server.handle(std::move(request)));
    }
    bool is_there() { return static_cast<bool>(store.get(config_maps, key)); }
};

/// kubectl sends `--dry-run=server` of a deletion in the body, of everything else in the query.
TEST_F(ApiServerTest, ARehearsedDeletionDeletesNothing) {
    for (const auto& [body, query] :
         {std::pair{R"({"kind":"DeleteOptions","dryRun":["All"]})", ""},
          {R"({"dryRun":["All"],"propagationPolicy":"Background"})", ""},
          {"", "?dryRun=All"}}) {
        EXPECT_EQ(remove(body, query).status, 200u) << body;
        EXPECT_TRUE(is_there()) << body;
    }
    EXPECT_EQ(remove(R"({"dryRun":[],"propagationPolicy":"Background"})").status, 200u);
    EXPECT_FALSE(is_there());
}

TEST_F(ApiServerTest, ARehearsedDeletionHasItsPreconditionsToo) {
    const auto other = R"("preconditions":{"uid":"another"}})";
    EXPECT_EQ(remove(R"({"dryRun":["All"],)" + std::string(other)).status, 409u);
    EXPECT_EQ(remove("{" + std::string(other)).status, 409u);
    EXPECT_TRUE(is_there());
}

TEST_F(ApiServerTest, OptionsOfADeletionThatNobodyKnowsDeleteNothing) {
    for (const auto* body :
         {R"({"dryRun":["Some"]})", R"({"dryRun":"All"})", R"({"propagationPolicy":"Maybe"})"}) {
        const auto answer = remove(body);
        EXPECT_EQ(answer.status, 422u) << body;
        EXPECT_THAT(answer.body, HasSubstr("Unsupported value")) << body;
    }
    EXPECT_EQ(remove("{").status, 500u) << "as a real one says it";
    EXPECT_EQ(remove({}, "?dryRun=Some").status, 422u);
    EXPECT_TRUE(is_there());
}

TEST_F(ApiServerTest, ACollectionIsDeletedAsFarAsItIsSelected) {
    for (const char* name : {"b", "c"})
        ASSERT_TRUE(store.create(
            config_maps, {"default", name}, {{"metadata", {{"labels", {{"x", "y"}}}}}}, {}
        ));
    const std::string all = "/api/v1/namespaces/default/configmaps";
    EXPECT_EQ(ask("DELETE", all + "?labelSelector=x%3Dy&dryRun=All").status, 200u);
    EXPECT_TRUE(store.get(config_maps, {"default", "b"}));
    const auto answer = ask("DELETE", all + "?labelSelector=x%3Dy");
    EXPECT_EQ(answer.status, 200u);
    const auto gone = parse_json(answer.body);
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->text_at({"kind"}), "ConfigMapList");
    EXPECT_EQ(gone->find("items")->items().size(), 2u);
    EXPECT_FALSE(store.get(config_maps, {"default", "b"}));
    EXPECT_TRUE(is_there());
    EXPECT_EQ(ask("DELETE", all).status, 200u);
    EXPECT_FALSE(is_there());
}

TEST_F(ApiServerTest, TokensAndRightsAreToldWhenTheyAreAskedFor) {
    server.know(secret("anna's"), {"anna", {"team", "system:authenticated"}});
    const auto token = review("authentication.k8s.io", "tokenreviews", R"({"token":"anna's"})");
    EXPECT_EQ(token.find_path({"status", "authenticated"})->boolean(), true);
    EXPECT_EQ(token.text_at({"status", "user", "username"}), "anna");
    const auto none = review("authentication.k8s.io", "tokenreviews", R"({"token":"x"})");
    EXPECT_EQ(none.find_path({"status", "authenticated"}), nullptr);
    EXPECT_EQ(none.text_at({"status", "error"}), "invalid bearer token");

    const auto may = [&](const std::string& verb, const std::string& space, const char* who) {
        const auto answer = review(
            "authorization.k8s.io", "subjectaccessreviews",
            std::string("{") + who + R"(,"resourceAttributes":{"verb":")" + verb +
                R"(","group":"core.gardener.cloud","resource":"shoots","namespace":")" + space +
                "\"}}"
        );
        return answer.find_path({"status", "allowed"})->boolean().value_or(false);
    };
    const kube_type roles{.group = "rbac.authorization.k8s.io", .kind = "Role", .plural = "roles"};
    const kube_type bindings{
        .group = "rbac.authorization.k8s.io", .kind = "RoleBinding", .plural = "rolebindings"
    };
    EXPECT_FALSE(may("get", "default", R"("user":"anna")"));
    ASSERT_TRUE(store.create(
        roles, {"default", "viewer"},
        *parse_json(
            R"({"rules":[{"apiGroups":["core.gardener.cloud"],"resources":["shoots"],"verbs":["get"]}]})"
        ),
        {}
    ));
    ASSERT_TRUE(store.create(
        bindings, {"default", "team"},
        *parse_json(
            R"({"roleRef":{"kind":"Role","name":"viewer"},"subjects":[{"kind":"Group","name":"team"}]})"
        ),
        {}
    ));
    EXPECT_TRUE(may("get", "default", R"("user":"anna","groups":["team"])"));
    EXPECT_FALSE(may("get", "default", R"("user":"anna")")) << "not of the team";
    EXPECT_FALSE(may("update", "default", R"("user":"anna","groups":["team"])"));
    EXPECT_FALSE(may("get", "kube-system", R"("user":"anna","groups":["team"])"));
    EXPECT_TRUE(may("update", "kube-system", R"("user":"x","groups":["system:masters"])"));
    EXPECT_EQ(
        ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", R"({"spec":{}})").status,
        422u
    );
    EXPECT_EQ(ask("GET", "/apis/authentication.k8s.io/v1/tokenreviews").status, 405u);
    EXPECT_EQ(store.size(), 5u) << "two namespaces, a map, a role and its binding: no question";
}

/// Source: kubernetes, pkg/apis/rbac/v1, evaluation_helpers.go.
TEST_F(ApiServerTest, StarsInRulesStandForAllThatBeginsOrEndsSo) {
    const auto rbac = [](const char* kind, const char* plural) {
        return kube_type{
            .group      = "rbac.authorization.k8s.io",
            .kind       = kind,
            .plural     = plural,
            .namespaced = false
        };
    };
    ASSERT_TRUE(store.create(
        rbac("ClusterRole", "clusterroles"), {{}, "some"},
        *parse_json(R"({"rules":[{"verbs":["get"],"nonResourceURLs":["/logs/*","/version"]},
            {"verbs":["get"],"apiGroups":[""],"resources":["*/log"]}]})"),
        {}
    ));
    ASSERT_TRUE(store.create(
        rbac("ClusterRoleBinding", "clusterrolebindings"), {{}, "some"},
        *parse_json(R"({"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
            "name":"some"},"subjects":[{"kind":"User","name":"anna"}]})"),
        {}
    ));
    const auto may = [&](const std::string& what) {
        const auto answer = review(
            "authorization.k8s.io", "subjectaccessreviews", R"({"user":"anna",)" + what + "}"
        );
        return answer.find_path({"status", "allowed"})->boolean().value_or(false);
    };
    const auto path = [&](const std::string& is) {
        return may(R"("nonResourceAttributes":{"verb":"get","path":")" + is + "\"}");
    };
    EXPECT_TRUE(path("/version"));
    EXPECT_TRUE(path("/logs/x/y"));
    EXPECT_FALSE(path("/versions"));
    EXPECT_FALSE(path("/log"));
    const auto part = [&](const std::string& is) {
        return may(R"("resourceAttributes":{"verb":"get","resource":"pods")" + is + "}");
    };
    EXPECT_TRUE(part(R"(,"subresource":"log")"));
    EXPECT_FALSE(part(R"(,"subresource":"exec")"));
    EXPECT_FALSE(part(""));
}

TEST_F(ApiServerTest, AServiceAccountGetsATokenThatIsGoodForAsLongAsBothAre) {
    const kube_type accounts{.kind = "ServiceAccount", .plural = "serviceaccounts"};
    const auto      place = "/api/v1/namespaces/default/serviceaccounts/robot/token";
    const auto      wish  = R"({"spec":{"expirationSeconds":600}})";
    EXPECT_EQ(ask("POST", place, wish).status, 404u);
    ASSERT_TRUE(store.create(accounts, {"default", "robot"}, value::map(), {}));
    EXPECT_EQ(ask("POST", place, R"({"spec":{"expirationSeconds":60}})").status, 422u);
    EXPECT_EQ(ask("GET", place).status, 405u);
    const auto token = [&] {
        const auto made = ask("POST", place, wish);
        EXPECT_EQ(made.status, 201u) << made.body;
        return std::string(parse_json(made.body)->text_at({"status", "token"}));
    };
    const auto owner = [&](const std::string& of) {
        return std::string(
            review("authentication.k8s.io", "tokenreviews", "{\"token\":\"" + of + "\"}")
                .text_at({"status", "user", "username"})
        );
    };
    const auto first = token();
    EXPECT_EQ(owner(first), "system:serviceaccount:default:robot");
    time.advance(std::chrono::seconds(600));
    EXPECT_EQ(owner(first), "");
    const auto second = token();
    EXPECT_EQ(owner(second), "system:serviceaccount:default:robot");
    ASSERT_TRUE(store.remove(accounts, {"default", "robot"}, {}));
    EXPECT_EQ(owner(second), "");
    ASSERT_TRUE(store.create(accounts, {"default", "robot"}, value::map(), {}));
    EXPECT_EQ(owner(second), "") << "of another one of that name";
}

TEST_F(ApiServerTest, ATokenIsAskedForInItsShape) {
    const kube_type accounts{.kind = "ServiceAccount", .plural = "serviceaccounts"};
    ASSERT_TRUE(store.create(accounts, {"default", "robot"}, value::map(), {}));
    const auto asked = [&](const std::string& wish) {
        return ask("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", wish).status;
    };
    for (const auto* wrong :
         {R"({"metadata":"x"})", R"({"metadata":[]})", R"({"spec":"x"})", R"({"status":7})",
          R"({"kind":"Pod"})", R"({"spec":{"expirationSeconds":"600"}})", "[]", "7"})
        EXPECT_EQ(asked(wrong), 400u) << wrong;
    for (const auto* never : {"-1", "599", "4294967297", "9223372036854775807"})
        EXPECT_EQ(asked(std::string(R"({"spec":{"expirationSeconds":)") + never + "}}"), 422u)
            << never;
    for (const auto* good : {"{}", R"({"metadata":null,"spec":null,"status":null})"})
        EXPECT_EQ(asked(good), 201u) << good;
}

/// A door that is shut for TokenReview is shut.
TEST_F(ApiServerTest, ATokenOpensNothingWhenItHasEnded) {
    const kube_type accounts{.kind = "ServiceAccount", .plural = "serviceaccounts"};
    api_server      guarded(time, {.token = secret("ours")});
    guarded.mount("", store);
    const auto ask_with = [&](const std::string& token, const char* method, const char* target) {
        net::http_request request{.method = method, .target = target};
        request.headers.add("Authorization", "Bearer " + token);
        request.headers.add("Content-Type", "application/json");
        request.body = "{}";
        if (auto no = guarded.screen(request)) return std::move(*no);
        return test::run(loop, guarded.handle(std::move(request)));
    };
    const auto token = [&] {
        const auto made =
            ask_with("ours", "POST", "/api/v1/namespaces/default/serviceaccounts/robot/token");
        EXPECT_EQ(made.status, 201u) << made.body;
        return std::string(parse_json(made.body)->text_at({"status", "token"}));
    };
    const auto opens = [&](const std::string& with) {
        return ask_with(with, "GET", "/api/v1/namespaces/default/configmaps/a").status;
    };
    ASSERT_TRUE(store.create(accounts, {"default", "robot"}, value::map(), {}));
    const auto first = token();
    EXPECT_EQ(opens(first), 200u);
    time.advance(std::chrono::hours(1));
    EXPECT_EQ(opens(first), 401u);
    const auto second = token();
    EXPECT_EQ(opens(second), 200u);
    ASSERT_TRUE(store.remove(accounts, {"default", "robot"}, {}));
    EXPECT_EQ(opens(second), 401u);
    EXPECT_EQ(opens("ours"), 200u);
}

TEST_F(ApiServerTest, ABodyOfMoreThanThreeMebibytesIsTooLarge) {
    const auto body =
        R"({"metadata":{"name":"large"},"data":{"a":")" + std::string(3 << 20, 'x') + "\"}}";
    const auto answer = ask("POST", "/api/v1/namespaces/default/configmaps", body);
    EXPECT_EQ(answer.status, 413u);
    EXPECT_THAT(answer.body, HasSubstr("RequestEntityTooLarge"));
    net::http_request head{.method = "POST", .target = "/api/v1/namespaces/default/configmaps"};
    head.content_length = (3 << 20) + 1;
    const auto early    = server.screen(head);
    ASSERT_TRUE(early) << "nobody waits for the body";
    EXPECT_EQ(early->status, 413u);
}

TEST_F(ApiServerTest, AnAnswerBreaksOffInTheMiddleIfThatIsPlanned) {
    server.plan_faults([](const net::http_request&) { return api_fault{.half = true}; });
    auto answer = ask("GET", "/api/v1/namespaces/default/configmaps/a");
    ASSERT_NE(answer.stream, nullptr);
    EXPECT_TRUE(answer.body.empty());
    const auto half = test::run(loop, answer.stream->next());
    EXPECT_THAT(half, HasSubstr("kind"));
    EXPECT_FALSE(parse_json(half));
}

TEST_F(ApiServerTest, WhatDoesNotFitItsPathIsRefusedAndNothingWritten) {
    const std::string all = "/api/v1/namespaces/default/configmaps";
    for (const auto& [body, status] :
         {std::pair{R"({"apiVersion":"v2","metadata":{"name":"x"}})", 400U},
          {R"({"kind":"Secret","metadata":{"name":"x"}})", 400U},
          {R"({"metadata":{"name":"X"}})", 422U},
          {R"({"metadata":{"name":"x","namespace":"other"}})", 400U},
          {"[]", 400U},
          {"{", 400U},
          {"", 400U}}) {
        const auto answer = ask("POST", all, body);
        EXPECT_EQ(answer.status, status) << body << ' ' << answer.body;
    }
    EXPECT_EQ(ask("POST", "/apis/nobody.io/v1/things", "{}").status, 404u);
    EXPECT_EQ(ask("POST", "/apis/apps/v2/namespaces/default/deployments", "{}").status, 404u);
    EXPECT_EQ(store.size(), 3u);
}

}  // namespace
}  // namespace falconer::sandbox
