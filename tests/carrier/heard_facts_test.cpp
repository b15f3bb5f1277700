#include "carrier/heard_facts.hpp"

#include "support/told_shoots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HeardFactsTest : public ::testing::Test {
protected:
    test::told_shoots      shoots;
    heard_facts            all{shoots, 5};
    const cluster_identity a{"a"};
    const utc_time         at{1'767'225'600s};

    auto said() { return std::exchange(shoots.told, {}); }
};

TEST_F(HeardFactsTest, WhatHoldsIsToldAgainAndWhatHoldsNoLongerOnce) {
    EXPECT_TRUE(all.hear("1", a, quota_changed{true}));
    EXPECT_THAT(said(), ElementsAre("a spent"));
    all.repeat();
    all.repeat();
    EXPECT_THAT(said(), ElementsAre("a spent", "a spent"));
    all.hear("1", a, quota_changed{false});
    all.repeat();
    EXPECT_THAT(said(), ElementsAre("a calm"));
}

TEST_F(HeardFactsTest, ABudgetIsSpentWhereOneOfThemSaysSo) {
    all.hear("1", a, quota_changed{true});
    all.hear("2", a, quota_changed{true});
    all.hear("1", a, quota_changed{false});
    EXPECT_THAT(said(), ElementsAre("a spent"));
    all.hear("2", a, quota_changed{false});
    EXPECT_THAT(said(), ElementsAre("a calm"));
}

TEST_F(HeardFactsTest, AHeartIsSilentWhereNobodyHearsIt) {
    all.hear("1", a, heartbeat_changed{});
    EXPECT_THAT(said(), ElementsAre("a beats"));
    all.hear("2", a, heartbeat_changed{at});
    all.repeat();
    EXPECT_THAT(said(), IsEmpty());
    all.hear("1", a, heartbeat_changed{at + 1h});
    EXPECT_THAT(said(), ElementsAre("a silent"));
}

TEST_F(HeardFactsTest, ATroubleHoldsAsLongAsOneOfThemSaysSo) {
    all.hear("1", a, sight_changed{30, at});
    EXPECT_THAT(said(), ElementsAre("a seen 30"));
    all.hear("2", a, sight_changed{31, at});  // it judges from now on
    all.hear("1", a, sight_changed{});
    EXPECT_THAT(said(), ElementsAre("a seen 31"));
    all.repeat();
    EXPECT_THAT(said(), ElementsAre("a seen 31"));
    all.forget("1");
    EXPECT_THAT(said(), IsEmpty());
    all.forget("2");
    EXPECT_THAT(said(), ElementsAre("a seen")) << "whoever judges now says it again";
    EXPECT_EQ(all.size(), 0u);
}

TEST_F(HeardFactsTest, OfRefusalsTheLatestCounts) {
    all.hear("1", a, tokens_refused{at + 1h});
    all.hear("2", a, tokens_refused{at});
    EXPECT_THAT(said(), ElementsAre("a refused"));
}

TEST_F(HeardFactsTest, WhoBeginsAnewTakesBackWhatItDoesNotSay) {
    all.hear("1", a, quota_changed{true});
    all.hear("1", {"b"}, quota_changed{true});
    said();
    all.begin_anew("1");
    all.hear("1", {"b"}, quota_changed{true});
    all.said_all("1");
    EXPECT_THAT(said(), ElementsAre("a calm"));
    EXPECT_EQ(all.size(), 1u);
}

TEST_F(HeardFactsTest, OfOneThatHasGoneTheWordAboutAHeartCountsUntilAnotherHearsIt) {
    all.hear("1", a, heartbeat_changed{at});
    all.hear("1", a, quota_changed{true});
    said();
    all.forget("1");
    EXPECT_THAT(said(), ElementsAre("a calm"));
    all.repeat();
    EXPECT_THAT(said(), ElementsAre("a silent"));
    all.hear("2", a, heartbeat_changed{});
    EXPECT_THAT(said(), ElementsAre("a beats"));
    all.repeat();
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(HeardFactsTest, OnlyWhatAnIngestorKnowsIsBelieved) {
    EXPECT_FALSE(all.hear("1", a, work_asked{}));
    EXPECT_FALSE(all.hear("1", a, releases_changed{}));
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(HeardFactsTest, ItsMemoryHasABound) {
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(all.hear("1", {std::to_string(i)}, quota_changed{true}));
    EXPECT_FALSE(all.hear("1", {"6"}, quota_changed{true}));
    EXPECT_TRUE(all.hear("1", {"4"}, quota_changed{false}));
}

}  // namespace
}  // namespace falconer::carrier
