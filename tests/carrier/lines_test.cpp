// Controllers and ingestors over real sockets: nothing is lost for good, and nothing comes as a
// flood.
#include "carrier_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Each;

class LinesTest : public test::loopback_fixture {
protected:
    metrics_registry                            metrics;
    std::unique_ptr<net::http_client>           client;
    std::vector<std::unique_ptr<fake_ingestor>> ingestors_;
    test::told_shoots                           shoots;

    void SetUp() override {
        auto made = net::make_http_client(loop.get_executor(), time, {});
        ASSERT_TRUE(made);
        client = std::move(*made);
    }
    void TearDown() override {
        for (auto& each : controllers_) scope.spawn("stop controller", each->stop());
        for (auto& each : ingestors_) scope.spawn("stop ingestor", each->server.stop());
        EXPECT_TRUE(eventually([&] {
            return std::ranges::all_of(ingestors_, [](const auto& each) {
                return each->server.connections() == 0;
            });
        }));
        actor_fixture::TearDown();
        client.reset();
    }

    /// Port 0: one that the system chooses.
    fake_ingestor& ingestor(unsigned short port = 0) {
        ingestors_.push_back(std::make_unique<fake_ingestor>(loop, time, metrics));
        auto& one     = *ingestors_.back();
        bool  listens = false;  // a port that somebody had may take a moment
        EXPECT_TRUE(eventually([&] {
            listens =
                listens ||
                static_cast<bool>(one.server.listen({asio::ip::address_v4::loopback(), port}));
            return listens;
        }));
        scope.spawn("ingestor", one.server.run());
        return one;
    }
    static net::http_place at(const fake_ingestor& one) {
        return {.host = "127.0.0.1", .port = one.server.port()};
    }
    void kill(fake_ingestor& one) {
        scope.spawn("kill", one.server.stop());
        EXPECT_TRUE(eventually([&] { return one.server.connections() == 0; }));
        time.settle();
    }
    ingestors& controller(std::vector<net::http_place> places, const std::string& seed = "one") {
        ingestors::options opt;
        opt.places = std::move(places);
        controllers_.push_back(std::make_unique<ingestors>(
            loop.get_executor(), time, *client, shoots, metrics,
            [seed](utc_time, std::chrono::seconds) {
                return result<std::string>("good:controller:" + seed);
            },
            std::move(opt)
        ));
        controllers_.back()->start();
        return *controllers_.back();
    }
    /// As eventually(), and time passes meanwhile.
    template <class Condition>
    bool in_time(Condition met) {
        for (int i = 0; i < 600; ++i) {
            if (eventually(met, 50ms)) return true;
            time.advance(200ms);
        }
        return met();
    }
    /// For so long of virtual time, with time for sockets in between.
    void wait(steady_time::duration how_long) {
        for (const auto end = time.now() + how_long; time.now() < end;) {
            time.advance(500ms);
            (void)eventually([] { return false; }, 3ms);
        }
    }

private:
    std::vector<std::unique_ptr<ingestors>> controllers_;
};

TEST_F(LinesTest, WhatAControllerTellsIsToldByEachIngestor) {
    auto& first = ingestor();
    auto& other = ingestor();
    auto& all   = controller({at(first), at(other)});
    all.tell({"a"}, token_rotated{time.utc()});
    all.tell({"a"}, heartbeat_expected{secret("key")});
    for (auto* each : {&first, &other}) {
        ASSERT_TRUE(in_time([&] { return each->clusters.last.size() == 2; }));
        const auto beats =
            std::get<heartbeat_expected>(each->clusters.last["a heartbeat_expected"]);
        ASSERT_TRUE(beats.key);
        EXPECT_EQ(beats.key->reveal(), "key");
    }
    EXPECT_TRUE(in_time([&] { return all.troubles().empty(); }));
}

TEST_F(LinesTest, WhatAnIngestorSaysIsHeardAndToldAgain) {
    auto& one = ingestor();
    auto& all = controller({at(one)});
    all.tell({"a"}, token_rotated{time.utc()});
    ASSERT_TRUE(in_time([&] { return one.clusters.count == 1; }));
    one.handler.tell({"a"}, quota_changed{true});
    ASSERT_TRUE(in_time([&] { return !shoots.told.empty(); }));
    wait(130s);
    EXPECT_GE(shoots.told.size(), 3u);
    EXPECT_THAT(shoots.told, Each(std::string("a spent")));
    one.handler.tell({"a"}, quota_changed{false});
    ASSERT_TRUE(in_time([&] { return shoots.told.back() == "a calm"; }));
}

TEST_F(LinesTest, AnIngestorThatComesLaterHearsAllThatHolds) {
    auto&      first = ingestor();
    const auto where = at(first);
    auto&      all   = controller({where});
    for (int i = 0; i < 50; ++i) all.tell({std::to_string(i)}, token_rotated{time.utc()});
    ASSERT_TRUE(in_time([&] { return first.clusters.last.size() == 50; }));
    kill(first);
    all.tell({"while it was away"}, token_rotated{time.utc()});
    wait(5s);
    auto& again = ingestor(where.port);
    ASSERT_TRUE(in_time([&] { return again.clusters.last.size() == 51; }));
    wait(3min);
    EXPECT_LE(again.clusters.count, 51u * 12) << "no flood, though the one before does not answer";
    const auto before = again.clusters.count;
    wait(3min);
    EXPECT_EQ(again.clusters.count, before) << "who knows all is told nothing";
}

TEST_F(LinesTest, NewsComesAtOnceThoughSomebodyElseDoesNotAnswer) {
    auto& gone = ingestor();
    auto& one  = ingestor();
    auto& all  = controller({at(gone), at(one)});
    all.tell({"a"}, token_rotated{time.utc()});
    ASSERT_TRUE(in_time([&] { return one.clusters.count == 1 && gone.clusters.count == 1; }));
    kill(gone);
    all.tell({"b"}, token_rotated{time.utc()});
    EXPECT_TRUE(eventually([&] { return one.clusters.last.contains("b token_rotated"); }));
    wait(5s);
    EXPECT_THAT(all.troubles(), Contains(::testing::HasSubstr(std::to_string(at(gone).port))));
}

TEST_F(LinesTest, AControllerThatComesLaterHearsAllThatHolds) {
    auto& one = ingestor();
    {
        auto& first = controller({at(one)});
        first.tell({"a"}, token_rotated{time.utc()});
        ASSERT_TRUE(in_time([&] { return one.clusters.count == 1; }));
        one.handler.tell({"a"}, quota_changed{true});
        ASSERT_TRUE(in_time([&] { return !shoots.told.empty(); }));
        auto stopped = start([](ingestors& of) -> task<bool> {
            co_await of.stop();
            co_return true;
        }(first));
        ASSERT_TRUE(eventually([&] { return stopped->has_value(); }));
    }
    shoots.told.clear();
    time.advance(1s);
    controller({at(one)});
    EXPECT_TRUE(in_time([&] { return !shoots.told.empty(); }));
    EXPECT_EQ(shoots.told.front(), "a spent");
}

TEST_F(LinesTest, AClusterThatMovesIsSpokenForByItsNewSeedWithoutAnybodysDoing) {
    auto& one = ingestor();
    auto& old = controller({at(one)}, "old");
    old.tell({"a"}, token_rotated{time.utc()});
    ASSERT_TRUE(in_time([&] { return one.clusters.count == 1; }));
    auto& young = controller({at(one)}, "young");
    young.tell({"a"}, heartbeat_expected{secret("k")});
    wait(10s);
    EXPECT_FALSE(one.clusters.last.contains("a heartbeat_expected")) << "it is not its own yet";
    old.tell({"a"}, cluster_gone{});
    EXPECT_TRUE(in_time([&] { return one.clusters.last.contains("a heartbeat_expected"); }));
}

TEST_F(LinesTest, WhoeverBeginsAnewOnBothSidesKnowsWhoseClustersAreWhose) {
    auto&      first = ingestor();
    const auto where = at(first);
    kill(first);
    auto& again = ingestor(where.port);
    again.handler.tell({"a"}, tokens_refused{time.utc()});  // the store has said so
    auto& all = controller({where});                        // in which no round has said anything
    all.look_after({"a", "b"});
    EXPECT_TRUE(in_time([&] { return !shoots.told.empty(); }));
    ASSERT_FALSE(shoots.told.empty());
    EXPECT_EQ(shoots.told.front(), "a refused");
    EXPECT_TRUE(again.clusters.last.contains("b cluster_known"));
    all.look_after({"b"});
    EXPECT_TRUE(in_time([&] { return again.clusters.last.contains("a cluster_gone"); }));
}

TEST_F(LinesTest, ALargeNumberOfFactsComesInParts) {
    auto& one = ingestor();
    auto& all = controller({at(one)});
    for (int i = 0; i < 5000; ++i) all.tell({std::to_string(i)}, token_rotated{time.utc()});
    EXPECT_TRUE(in_time([&] { return one.clusters.last.size() == 5000; }));
    all.refresh_metrics();
    EXPECT_THAT(metrics.expose(), ::testing::HasSubstr("falconer_peer_ingestors_answering 1"));
}

}  // namespace
}  // namespace falconer::carrier
