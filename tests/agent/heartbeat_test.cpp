#include "agent/heartbeat.hpp"

#include "falconer/heartbeat.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HeartbeatTest : public test::actor_fixture {
protected:
    std::optional<std::string> falco{};  // its version; nothing: not ready
    int                        questions = 0;
    bool                       broken    = false;
    std::vector<beat>          beats{};
    secret                     key{"key"};

    task<result<std::string>> ask() {
        ++questions;
        if (!falco) co_return failure{errc::unavailable, "not yet"};
        co_return *falco;
    }

    heartbeat hearts{
        time,
        {.node = "worker-1", .key = [this] { return key; }},
        [this] { return ask(); },
        [this](const beat& one) -> result<void> {
            beats.push_back(one);
            if (broken) return failure{errc::unavailable, "no room"};
            return {};
        }
    };

    void SetUp() override {
        // To a quarter past some hour.
        const auto into = time.utc().time_since_epoch() % 1h;
        time.advance(1h - into + 15min);
        scope.spawn("heartbeat", hearts.run());
    }
    std::vector<std::string> minutes() const {
        std::vector<std::string> all;
        for (const auto& each : beats) all.push_back(each.minute.substr(14));
        return all;
    }
};

TEST_F(HeartbeatTest, WaitsForFalcoAndAMinuteMore) {
    time.advance(95s);
    EXPECT_EQ(questions, 10) << "every ten seconds";
    EXPECT_THAT(beats, IsEmpty());
    falco = "0.43.0";
    time.advance(5s);
    time.advance(59s);
    EXPECT_THAT(beats, IsEmpty());
    time.advance(1s);
    ASSERT_THAT(beats, SizeIs(1));
    EXPECT_EQ(beats[0].falco_version, "0.43.0");
    EXPECT_EQ(beats[0].node, "worker-1");
}

TEST_F(HeartbeatTest, ThenAtEveryFullHour) {
    falco = "0.43.0";
    time.advance(3h);
    EXPECT_THAT(minutes(), ElementsAre("16Z", "00Z", "00Z", "00Z"));
}

TEST_F(HeartbeatTest, EveryBeatNamesTheFalcoOfItsTime) {
    falco = "0.43.0";
    time.advance(10min);
    falco = "0.44.1";
    time.advance(1h);
    ASSERT_THAT(beats, SizeIs(2));
    EXPECT_EQ(beats[1].falco_version, "0.44.1");
}

TEST_F(HeartbeatTest, AFalcoThatIsAwayGetsNoBeatUntilItIsBack) {
    falco = "0.43.0";
    time.advance(10min);
    falco.reset();
    time.advance(2h);
    EXPECT_THAT(beats, SizeIs(1));
    falco = "0.43.0";
    time.advance(10s);
    EXPECT_THAT(beats, SizeIs(2));
}

TEST_F(HeartbeatTest, ABeatThatFailsDoesNotEndIt) {
    falco  = "0.43.0";
    broken = true;
    time.advance(2h);
    EXPECT_THAT(beats, SizeIs(3));
}

TEST_F(HeartbeatTest, AProofIsOfItsMinuteItsNodeAndItsKey) {
    falco = "0.43.0";
    time.advance(10min);
    ASSERT_THAT(beats, SizeIs(1));
    EXPECT_EQ(beats[0].proof, heartbeat_proof(secret{"key"}, beats[0].minute, "worker-1"));
    EXPECT_NE(beats[0].proof, heartbeat_proof(secret{"other"}, beats[0].minute, "worker-1"));
    EXPECT_NE(beats[0].proof, heartbeat_proof(secret{"key"}, "2026-01-01T00:00Z", "worker-1"));
    EXPECT_NE(beats[0].proof, heartbeat_proof(secret{"key"}, beats[0].minute, "worker-2"));
}

TEST_F(HeartbeatTest, AClusterThatIsGivenAnotherKeyProvesItsBeatsWithThat) {
    falco = "0.43.0";
    time.advance(10min);
    ASSERT_EQ(beats.size(), 1u);
    key = secret{"other"};
    time.advance(1h);
    ASSERT_EQ(beats.size(), 2u);
    EXPECT_EQ(beats[1].proof, heartbeat_proof(secret{"other"}, beats[1].minute, "worker-1"));
}

TEST(HeartbeatProofTest, IsThatOfOthers) {
    // printf '2026-11-23T12:00Z\nworker-1' | openssl dgst -sha256 -hmac key
    EXPECT_EQ(
        heartbeat_proof(secret{"key"}, "2026-11-23T12:00Z", "worker-1"),
        "6f7ced157a83dea64eb6883c2310f6af2ab1fd697757b6bddebb62e163f99ebc"
    );
    EXPECT_EQ(heartbeat_minute(utc_time{1795435259s}), "2026-11-23T12:00Z");
}

}  // namespace
}  // namespace falconer::agent
