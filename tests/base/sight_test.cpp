#include "falconer/sight.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <vector>

namespace falconer {
namespace {

using namespace std::chrono_literals;
using enum sight_reason;
using rest_kind = cluster_signs::rest_kind;

constexpr utc_time now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 10} + 12h};

/// Looked after and looked at for a week.
cluster_signs old_one() {
    cluster_signs is;
    is.awake_since = now - 168h;
    return is;
}
cluster_signs beating(utc_time::duration ago) {
    auto is           = old_one();
    is.beats_expected = true;
    is.beat           = now - ago;
    return is;
}
/// Usually no longer than `gap` between two events.
cluster_signs sending(std::chrono::seconds gap, utc_time::duration ago) {
    auto is  = old_one();
    is.gap   = gap;
    is.event = now - ago;
    return is;
}
trouble_trail trouble(unsigned minutes, utc_time::duration first, utc_time::duration last) {
    return {.minutes = minutes, .first = now - first, .last = now - last};
}
template <class Change>
cluster_signs but(cluster_signs is, Change change) {
    change(is);
    return is;
}

struct row {
    const char*        what;
    cluster_signs      known;
    sight_reason       why;
    utc_time::duration since_ago = 0s;
};

class SightTest : public ::testing::TestWithParam<row> {};

TEST_P(SightTest, WhatIsKnownDecides) {
    const auto got = judge_sight(GetParam().known, std::nullopt, now - 168h, now);
    EXPECT_EQ(name_of(got.why), name_of(GetParam().why));
    EXPECT_EQ(got.since, now - GetParam().since_ago);
}

const row rows[] = {
    {"nothing is known", old_one(), no_rhythm},
    {"it beats", beating(50min), well},
    {"a beat is missed", beating(76min), heartbeat_late, 76min},
    {"two beats are missed", beating(136min), heartbeat_silent, 136min},
    {"it was expected to beat and never has",
     but(beating(0s),
         [](auto& is) {
             is.beat.reset();
             is.awake_since = now - 3h;
         }),
     heartbeat_silent, 3h},
    {"it was expected to beat a moment ago",
     but(beating(0s),
         [](auto& is) {
             is.beat.reset();
             is.awake_since = now - 70min;
         }),
     well},
    {"it has just woken, its last beat is of yesterday",
     but(beating(24h), [](auto& is) { is.awake_since = now - 10min; }), well},
    {"events come and the beats do not", but(beating(3h), [](auto& is) { is.event = now - 1min; }),
     heartbeat_silent, 3h},
    {"it beats, and its own rhythm is not asked for",
     but(sending(60s, 5h),
         [](auto& is) {
             is.beats_expected = true;
             is.beat           = now - 20min;
         }),
     well},
    {"it sends as usual", sending(60s, 29min), well},
    {"a lively one pauses", sending(60s, 31min), events_late, 31min},
    {"a lively one has stopped", sending(60s, 61min), events_silent, 61min},
    {"an hourly one pauses", sending(1h, 119min), well},
    {"an hourly one is late", sending(1h, 121min), events_late, 121min},
    {"an hourly one has stopped", sending(1h, 181min), events_silent, 181min},
    {"a rare one may pause", sending(13h, 100h), no_rhythm},
    {"nobody waits for it any more", sending(60s, 24h * 31), gone, 24h * 31},
    {"hibernated",
     but(beating(30h),
         [](auto& is) {
             is.rests       = rest_kind::hibernated;
             is.rests_since = now - 29h;
         }),
     hibernated, 29h},
    {"hibernated, with rubbish and refused tokens of its last minutes",
     but(sending(60s, 20min),
         [](auto& is) {
             is.rests       = rest_kind::hibernated;
             is.rests_since = now - 25min;
             is.refused     = trouble(5, 10min, 2min);
         }),
     hibernated, 25min},
    {"deleted",
     but(sending(60s, 5h),
         [](auto& is) {
             is.rests       = rest_kind::gone;
             is.rests_since = now - 5h;
         }),
     gone, 5h},
    {"said to be deleted, and sends on",
     but(sending(60s, 1min),
         [](auto& is) {
             is.rests       = rest_kind::gone;
             is.rests_since = now - 5h;
         }),
     well},
    {"its tokens are refused",
     but(sending(60s, 40min), [](auto& is) { is.refused = trouble(3, 28min, 1min); }),
     tokens_refused, 28min},
    {"refused tokens explain a silence",
     but(beating(5h), [](auto& is) { is.refused = trouble(20, 29min, 0s); }), tokens_refused,
     29min},
    {"a token was refused now and then",
     but(sending(60s, 10min), [](auto& is) { is.refused = trouble(2, 28min, 1min); }), well},
    {"a good token has come since",
     but(sending(60s, 1min), [](auto& is) { is.refused = trouble(9, 28min, 5min); }), well},
    {"one of its two Falcosidekicks has an old token",
     but(sending(60s, 1min), [](auto& is) { is.refused = trouble(9, 28min, 0s); }), tokens_refused,
     28min},
    {"it has just woken with old tokens",
     but(beating(24h),
         [](auto& is) {
             is.awake_since = now - 14min;
             is.refused     = trouble(9, 13min, 0s);
         }),
     well},
    {"it sends only rubbish",
     but(sending(1h, 40min), [](auto& is) { is.rubbish = trouble(4, 20min, 1min); }), only_rubbish,
     20min},
    {"it sends some rubbish",
     but(sending(1h, 10min), [](auto& is) { is.rubbish = trouble(4, 20min, 1min); }), well},
    {"Falco drops", but(sending(60s, 1min), [](auto& is) { is.drops = trouble(3, 20min, 1min); }),
     falco_drops, 20min},
    {"Falco has dropped once",
     but(sending(60s, 1min), [](auto& is) { is.drops = trouble(1, 20min, 20min); }), well},
    {"over quota", but(sending(60s, 5h), [](auto& is) { is.quota = trouble(25, 29min, 1min); }),
     over_quota, 29min},
    {"over quota, and its heart does not beat",
     but(beating(5h), [](auto& is) { is.quota = trouble(25, 29min, 1min); }), heartbeat_silent, 5h},
    {"drops weigh more than a late beat",
     but(beating(80min), [](auto& is) { is.drops = trouble(5, 20min, 1min); }), falco_drops, 20min},
    {"too few nodes beat",
     but(beating(10min),
         [](auto& is) {
             is.nodes_expected = 3;
             is.nodes_beating  = 2;
         }),
     nodes_missing},
    {"nodes still come",
     but(beating(10min),
         [](auto& is) {
             is.nodes_expected = 3;
             is.nodes_beating  = 2;
             is.awake_since    = now - 2h;
         }),
     well},
    {"more nodes beat than it has at least",
     but(beating(10min),
         [](auto& is) {
             is.nodes_expected = 3;
             is.nodes_beating  = 9;
         }),
     well},
};

INSTANTIATE_TEST_SUITE_P(Table, SightTest, ::testing::ValuesIn(rows), [](const auto& each) {
    std::string name;
    for (const char c : std::string(each.param.what))
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
});

TEST(Sight, WhatHasNotChangedKeepsItsTime) {
    const sight before{falco_drops, now - 9h};
    auto        known = sending(60s, 1min);
    known.drops       = trouble(30, 29min, 0s);
    EXPECT_EQ(judge_sight(known, before, now - 168h, now), before);
    known.drops = {};
    EXPECT_EQ(judge_sight(known, before, now - 168h, now), (sight{well, now}));
}

TEST(Sight, WhileNobodyLookedNothingCountsAsMissed) {
    EXPECT_EQ(judge_sight(beating(5h), std::nullopt, now - 10min, now).why, well);
    EXPECT_EQ(judge_sight(beating(5h), std::nullopt, now - 80min, now).why, heartbeat_late);
    EXPECT_EQ(judge_sight(beating(5h), std::nullopt, now - 140min, now).why, heartbeat_silent);
}

TEST(Sight, WhoWasSilentBeforeNobodyLookedStaysSilentUntilHeIsHeard) {
    const sight before{events_silent, now - 5h};
    EXPECT_EQ(judge_sight(sending(60s, 5h), before, now - 1min, now), before);
    EXPECT_EQ(judge_sight(sending(60s, 2min), before, now - 1min, now), (sight{well, now}));
}

TEST(Sight, EveryReasonHasAStateAndANameOfItsOwn) {
    for (int number = 0; number < 256; ++number) {
        const auto why = sight_reason_of(number);
        if (!why) continue;
        EXPECT_FALSE(sentence_of(*why).empty()) << number;
        EXPECT_EQ(sight_state_of(name_of(state_of(*why))), state_of(*why));
    }
    EXPECT_EQ(state_of(over_quota), sight_state::blind);
    EXPECT_EQ(state_of(ingest_outage), sight_state::late);
    EXPECT_FALSE(sight_state_of("dead"));
    EXPECT_FALSE(sight_reason_of(99));
}

// --- all together -------------------------------------------------------------------------------

std::vector<watched_cluster> landscape(std::size_t count, const cluster_signs& each) {
    return std::vector<watched_cluster>(count, watched_cluster{.signs = each});
}
std::size_t count_of(const landscape_sight& all, sight_reason why) {
    return static_cast<std::size_t>(std::ranges::count(all.clusters, why, &sight::why));
}

TEST(LandscapeSight, WhenAllFallSilentAtOnceItIsToldOnce) {
    const auto all =
        judge_landscape(landscape(1000, sending(60s, 2h)), std::nullopt, now - 168h, now);
    ASSERT_TRUE(all.outage);
    EXPECT_EQ(*all.outage, (sight_outage{now - 2h, 1000}));
    EXPECT_EQ(count_of(all, ingest_outage), 1000u);
    EXPECT_EQ(all.clusters[7].since, now - 2h) << "the last that was heard of it";
}

TEST(LandscapeSight, AThousandOfThreeThousandAreSilentThemselves) {
    auto       many = landscape(2000, sending(60s, 1min));
    const auto lost = landscape(1000, sending(60s, 2h));
    many.insert(many.end(), lost.begin(), lost.end());
    const auto all = judge_landscape(many, std::nullopt, now - 168h, now);
    EXPECT_FALSE(all.outage);
    EXPECT_EQ(count_of(all, events_silent), 1000u);
    EXPECT_EQ(count_of(all, well), 2000u);
}

TEST(LandscapeSight, TheFirstOfAnOutageAreNotToldAloneThoughOthersAreNotOverdueYet) {
    // No heartbeat is overdue before 75 minutes are over, but of none an event has come since.
    auto       many   = landscape(400, sending(60s, 61min));
    const auto slower = landscape(600, beating(65min));
    many.insert(many.end(), slower.begin(), slower.end());
    const auto all = judge_landscape(many, std::nullopt, now - 168h, now);
    EXPECT_TRUE(all.outage);
    EXPECT_EQ(count_of(all, ingest_outage), 400u);
    EXPECT_EQ(count_of(all, well), 600u);
}

TEST(LandscapeSight, HeartsBetweenTwoBeatsAreHeardByTheirEvents) {
    auto       many   = landscape(4, sending(60s, 61min));
    const auto lively = landscape(5, but(beating(65min), [](auto& is) { is.event = now; }));
    many.insert(many.end(), lively.begin(), lively.end());
    const auto all = judge_landscape(many, std::nullopt, now - 168h, now);
    EXPECT_FALSE(all.outage);
    EXPECT_EQ(count_of(all, events_silent), 4u);
}

TEST(LandscapeSight, WhenNoHeartbeatProvesItselfAnyMoreItIsToldOnceThoughEventsCome) {
    const auto many = landscape(10, but(beating(3h), [](auto& is) { is.event = now; }));
    EXPECT_TRUE(judge_landscape(many, std::nullopt, now - 168h, now).outage);
}

TEST(LandscapeSight, OneOrTwoAreNoLandscape) {
    for (const std::size_t few : {1u, 2u}) {
        const auto all =
            judge_landscape(landscape(few, sending(60s, 2h)), std::nullopt, now - 168h, now);
        EXPECT_FALSE(all.outage);
        EXPECT_EQ(count_of(all, events_silent), few);
    }
}

TEST(LandscapeSight, WhoWasSilentBeforeNeitherMakesAnOutageNorIsExcusedByIt) {
    auto many = landscape(5, sending(60s, 9h));
    for (auto& each : many) each.before = sight{events_silent, now - 9h};
    auto all = judge_landscape(many, std::nullopt, now - 168h, now);
    EXPECT_FALSE(all.outage);
    EXPECT_EQ(count_of(all, events_silent), 5u);

    const auto more = landscape(3, sending(60s, 2h));
    many.insert(many.end(), more.begin(), more.end());
    all = judge_landscape(many, std::nullopt, now - 168h, now);
    ASSERT_TRUE(all.outage);
    EXPECT_EQ(all.outage->clusters, 3u);
    EXPECT_EQ(count_of(all, events_silent), 5u);
    EXPECT_EQ(count_of(all, ingest_outage), 3u);
}

TEST(LandscapeSight, HibernatedAndDeletedOnesAreNeitherQuietNorMissed) {
    const auto asleep = but(beating(30h), [](auto& is) {
        is.rests       = rest_kind::hibernated;
        is.rests_since = now - 29h;
    });
    const auto all    = judge_landscape(landscape(1000, asleep), std::nullopt, now - 168h, now);
    EXPECT_FALSE(all.outage);
    EXPECT_EQ(count_of(all, hibernated), 1000u);
}

TEST(LandscapeSight, AfterAnOutageEverybodyHasTimeAgain) {
    const sight_outage before{now - 5h, 10};
    auto               many = landscape(6, sending(60s, 0s));
    const auto         slow = landscape(4, sending(60s, 5h));
    many.insert(many.end(), slow.begin(), slow.end());
    for (auto& each : many) each.before = sight{ingest_outage, now - 5h};
    const auto all = judge_landscape(many, before, now - 168h, now);
    EXPECT_FALSE(all.outage);
    EXPECT_EQ(all.watched_since, now);
    EXPECT_EQ(count_of(all, well), 10u);
    // And if they do not use it, they are silent themselves.
    const auto later = judge_landscape(many, std::nullopt, now - 61min, now);
    EXPECT_EQ(count_of(later, events_silent), 4u);
}

TEST(LandscapeSight, AnOutageKeepsItsBeginning) {
    const sight_outage before{now - 5h, 10};
    const auto all = judge_landscape(landscape(20, sending(60s, 2h)), before, now - 168h, now);
    ASSERT_TRUE(all.outage);
    EXPECT_EQ(*all.outage, (sight_outage{now - 5h, 20}));
}

}  // namespace
}  // namespace falconer
