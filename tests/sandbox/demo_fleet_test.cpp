#include "sandbox/fleet/demo_fleet.hpp"

#include "ingest/event_json.hpp"
#include "net/http_server.hpp"
#include "support/loopback.hpp"
#include "support/temporary_folder.hpp"

#include <fstream>
#include <set>

namespace falconer::sandbox {
namespace {

using namespace std::chrono_literals;

/// Keeps what was posted; answers as it is told.
class fake_ingestor final : public net::http_handler {
public:
    task<net::http_response> handle(net::http_request request) override {
        tokens.emplace_back(request.headers.find("Authorization").value_or(""));
        bodies.push_back(std::move(request.body));
        co_return net::http_response{.status = answer};
    }
    std::vector<std::string> tokens, bodies;
    unsigned                 answer = 200;
};

class DemoFleetTest : public test::loopback_fixture {
protected:
    fake_ingestor               ingestor;
    net::http_server            server{loop.get_executor(), time, {}, ingestor};
    test::temporary_folder      folder;
    std::string                 log    = folder / "acknowledged";
    int                         issued = 0;
    std::unique_ptr<demo_fleet> fleet;

    void SetUp() override {
        ASSERT_TRUE(server.listen({asio::ip::address_v4::loopback(), 0}));
        scope.spawn("server", server.run());
        time.settle();
    }
    void TearDown() override {
        scope.spawn("fleet", fleet->stop());
        scope.spawn("stop", server.stop());
        eventually([&] { return server.connections() == 0; });
        actor_fixture::TearDown();
    }
    void begin(std::size_t clusters) {
        fleet = std::make_unique<demo_fleet>(
            loop.get_executor(), time,
            demo_fleet::options{
                .to               = {.host = "127.0.0.1", .port = server.port()},
                .renew            = 1h,
                .acknowledged_log = log
            },
            [this](const cluster_identity&) { return "token-" + std::to_string(++issued); }
        );
        ASSERT_TRUE(fleet->start());
        for (std::size_t i = 0; i < clusters; ++i) fleet->join(demo_cluster(i));
        time.settle();
    }
    /// Virtual time passes until so many have been posted, and all of them answered: it does not
    /// pass over a request that sockets are about to carry.
    bool post(std::size_t many) {
        const auto want = ingestor.bodies.size() + many;
        for (int second = 0; second < 600 && ingestor.bodies.size() < want; ++second) {
            const auto so_far = fleet->seen();
            time.advance(1s);
            eventually([&] { return sum(fleet->seen()) > sum(so_far); }, 20ms);
            EXPECT_TRUE(eventually([&] { return sum(fleet->seen()) >= ingestor.bodies.size(); }));
        }
        return ingestor.bodies.size() >= want;
    }
    static std::string uuid_in(const std::string& body) {
        const std::string key = R"("uuid":")";
        const auto        at  = body.find(key);
        return at == std::string::npos ? "" : body.substr(at + key.size(), 36);
    }
    static std::uint64_t sum(const demo_fleet::figures& seen) {
        return seen.acknowledged + seen.refused + seen.failed;
    }
};

TEST_F(DemoFleetTest, WhatItPostsAreEventsOfItsClusters) {
    begin(3);
    ASSERT_TRUE(post(30));
    std::set<std::string> tokens(ingestor.tokens.begin(), ingestor.tokens.end());
    EXPECT_EQ(
        tokens, (std::set<std::string>{"Bearer token-1", "Bearer token-2", "Bearer token-3"})
    );
    for (const auto& body : ingestor.bodies) {
        const auto last    = body.find("cluster_id");
        const auto begin   = body.find("shoot--", last);
        const auto name    = body.substr(begin, body.find('"', begin) - begin);
        const auto verdict = ingest::check_event(body, {name}, time.utc());
        EXPECT_EQ(verdict.what, ingest::event_verdict::kind::store) << verdict.reason;
    }
}

TEST_F(DemoFleetTest, ItLogsExactlyWhatWasAcknowledged) {
    begin(2);
    ASSERT_TRUE(post(5));
    ingestor.answer = 503;
    ASSERT_TRUE(post(5));
    // Of two that are on their way at once, either may be answered first.
    std::set<std::string> logged, acknowledged;
    std::ifstream         file(log);
    for (std::string uuid; std::getline(file, uuid);) EXPECT_TRUE(logged.insert(uuid).second);
    ASSERT_LE(fleet->seen().acknowledged, ingestor.bodies.size());
    for (std::size_t i = 0; i < fleet->seen().acknowledged; ++i)
        acknowledged.insert(uuid_in(ingestor.bodies[i]));
    EXPECT_EQ(logged, acknowledged);
    EXPECT_EQ(logged.size(), fleet->seen().acknowledged);
    EXPECT_GE(fleet->seen().refused, 5u);
    EXPECT_EQ(fleet->seen().failed, 0u);
}

TEST_F(DemoFleetTest, ATokenIsAskedForAnewWhenItIsRefusedAndLongBeforeItEnds) {
    begin(1);
    ASSERT_TRUE(post(3));
    EXPECT_EQ(issued, 1);
    ingestor.answer = 401;
    ASSERT_TRUE(post(1));
    ingestor.answer = 200;
    ASSERT_TRUE(post(2));
    EXPECT_GE(issued, 2);
    EXPECT_EQ(ingestor.tokens.back(), "Bearer token-" + std::to_string(issued));

    const auto before = issued;
    time.advance(1h);
    ASSERT_TRUE(post(3));
    EXPECT_EQ(issued, before + 1);
    EXPECT_EQ(ingestor.tokens.back(), "Bearer token-" + std::to_string(issued));
}

}  // namespace
}  // namespace falconer::sandbox
