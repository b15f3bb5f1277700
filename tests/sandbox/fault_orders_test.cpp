// Faults that kubectl can order: ConfigMap kube-system/sandbox-faults.
#include "sandbox/kube_api/fault_orders.hpp"

#include "support/actor_fixture.hpp"
#include "support/manual_time.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class FaultOrdersTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};
    double            chance = 0.5;
    fault_orders      faults{store, [this] { return chance; }};
    api_server        server{time, {}};
    const std::string maps   = "/api/v1/namespaces/default/configmaps";
    const std::string orders = "/api/v1/namespaces/kube-system/configmaps/sandbox-faults";

    FaultOrdersTest() {
        server.mount("", store);
        server.plan_faults([this](const net::http_request& request) { return faults.of(request); });
    }
    net::http_response ask(const std::string& method, const std::string& target) {
        net::http_request request{.method = method, .target = target};
        request.headers.add("Content-Type", "application/json");
        if (method == "POST") request.body = R"({"metadata":{"name":"made"}})";
        return test::run(loop, server.handle(std::move(request)));
    }
    void order(const std::string& data) {
        const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
        const kube_key  key{"kube-system", "sandbox-faults"};
        (void)store.remove(config_maps, key, {});
        ASSERT_TRUE(store.create(config_maps, key, yaml("data: " + data), {}));
    }
};

TEST_F(FaultOrdersTest, WhatIsOrderedHappensUntilItIsTakenAway) {
    EXPECT_EQ(ask("GET", maps).status, 200u);
    order("{status: '500'}");
    EXPECT_EQ(ask("GET", maps).status, 500u);
    EXPECT_EQ(ask("POST", maps).status, 500u);
    EXPECT_EQ(ask("GET", maps + "/made").status, 500u);
    EXPECT_EQ(ask("GET", "/apis").status, 200u) << "what is served can still be seen";
    EXPECT_EQ(ask("GET", "/api/v1").status, 200u);
    EXPECT_EQ(ask("GET", orders).status, 200u);
    EXPECT_EQ(ask("DELETE", orders).status, 200u);
    EXPECT_EQ(ask("GET", maps).status, 200u);
    EXPECT_EQ(ask("GET", maps + "/made").status, 404u) << "the work was not done";
}

TEST_F(FaultOrdersTest, TheWorkMayBeDoneAllTheSame) {
    order("{status: '429', late: 'true', methods: 'POST,PUT'}");
    const auto answer = ask("POST", maps);
    EXPECT_EQ(answer.status, 429u);
    EXPECT_TRUE(answer.headers.find("Retry-After"));
    EXPECT_EQ(ask("GET", maps + "/made").status, 200u);
}

TEST_F(FaultOrdersTest, OnlyWhatIsMeantIsHit) {
    order("{status: '409', share: '50', path: secrets}");
    EXPECT_EQ(ask("GET", maps).status, 200u);
    chance = 0.49;
    EXPECT_EQ(ask("GET", "/api/v1/namespaces/default/secrets").status, 409u);
    chance = 0.5;
    EXPECT_EQ(ask("GET", "/api/v1/namespaces/default/secrets").status, 200u);
}

TEST_F(FaultOrdersTest, AnswersBreakOffAndWatchesEnd) {
    order("{half: 'true', watches: 5s, latency: 0s}");
    EXPECT_NE(ask("GET", maps).stream, nullptr);
    const auto watch =
        ask("GET", maps + "?watch=1&resourceVersion=" + std::to_string(store.version()));
    ASSERT_NE(watch.stream, nullptr);
    time.advance(5s);
    EXPECT_EQ(test::run(loop, watch.stream->next()), "");
}

TEST_F(FaultOrdersTest, WhatCannotBeMeantIsToldAndDoesNothing) {
    for (const auto& [data, why] :
         {std::pair{"{latency: soon}", "latency: 'soon' is not a duration"},
          {"{latency: 2h}", "latency"},
          {"{status: '200'}", "status: '200' is not a number from 400 to 599"},
          {"{share: '101'}", "share"},
          {"{late: perhaps}", "late: 'perhaps' is not true or false"},
          {"{staus: '500'}", "'staus' is none of its keys"}}) {
        const auto read = fault_orders::read(yaml(std::string("data: ") + data));
        ASSERT_FALSE(read) << data;
        EXPECT_THAT(read.error().detail, HasSubstr(why));
        order(data);
        EXPECT_EQ(ask("GET", maps).status, 200u) << data;
    }
}

}  // namespace
}  // namespace falconer::sandbox
