// How requests to the sandbox's API are understood.
#include "sandbox/api_server.hpp"

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
    EXPECT_EQ(remove("{").status, 400u);
    EXPECT_EQ(remove({}, "?dryRun=Some").status, 422u);
    EXPECT_TRUE(is_there());
}

}  // namespace
}  // namespace falconer::sandbox
