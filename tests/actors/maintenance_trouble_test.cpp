// Maintenance when others write as well, servers refuse or are away, leaders come and go.
#include "falconer/log.hpp"
#include "support/garden_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace falconer::actors {
namespace {

using test::automatic_moves;
using test::events, test::profiles, test::shoots;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class MaintenanceTroubleTest : public test::garden_world {};

TEST_F(MaintenanceTroubleTest, AConflictIsDecidedOnAgainWithWhatIsThereThen) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    int others = 0;
    on_call    = [&](const std::string& call) {
        if (call == "update Shoot garden-p/a" && others++ < 2)
            must(garden.patch(
                shoots, key, sandbox::api_patch_kind::merge,
                testing::yaml("spec: {purpose: changed" + std::to_string(others) + "}"), {}
            ));
        return fate::goes_well;
    };
    pass_until(2, 0h);
    EXPECT_EQ(version_of(key), "1.2.0");
    EXPECT_EQ(must(garden.get(shoots, key)).text_at({"spec", "purpose"}), "changed2")
        << "what others have written stays";
    EXPECT_EQ(count("falconer_maintenance_conflicts_total"), 2u);
    EXPECT_EQ(count("falconer_maintenance_failures_total"), 0u);
    EXPECT_THAT(told(), ElementsAre("Normal FalcoVersionMoved a"));
}

TEST_F(MaintenanceTroubleTest, WhoOptsOutInTheVeryMomentIsNotMoved) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    bool out = false;
    on_call  = [&](const std::string& call) {
        if (call == "update Shoot garden-p/a" && !std::exchange(out, true)) {
            auto object = must(garden.get(shoots, key));
            object["spec"]["extensions"].item(1)["providerConfig"]["autoUpdate"] = false;
            must(garden.update(shoots, key, object, {}));
        }
        return fate::goes_well;
    };
    pass_until(3, 0h);
    EXPECT_TRUE(out);
    EXPECT_EQ(version_of(key), "1.1.0");
    EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MaintenanceTroubleTest, AnAnswerThatWasLostIsStillAMove) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    bool lost = false;
    on_call   = [&](const std::string& call) {
        return call == "update Shoot garden-p/a" && !std::exchange(lost, true) ? fate::is_lost
                                                                                 : fate::goes_well;
    };
    pass_until(2, 0h);
    EXPECT_EQ(version_of(key), "1.2.0");
    EXPECT_THAT(told(), ElementsAre("Normal FalcoVersionMoved a"));
    EXPECT_EQ(count(automatic_moves), 1u);
}

TEST_F(MaintenanceTroubleTest, AnApiThatIsAwayIsTriedAgainAndToldOfOnce) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    int tries = 0;
    on_call   = [&](const std::string& call) {
        if (call != "update Shoot garden-p/a") return fate::goes_well;
        return ++tries < 6 ? fate::fails : fate::goes_well;
    };
    ask(key);
    pass_until(1, 1h);
    EXPECT_EQ(tries, 6);
    EXPECT_EQ(version_of(key), "1.2.0");
    EXPECT_THAT(
        told(), ::testing::UnorderedElementsAre(
                    "Warning ShootMaintenanceFailed a", "Normal FalcoVersionMoved a"
                )
    );
    EXPECT_EQ(count("falconer_maintenance_failures_total"), 5u);
}

TEST_F(MaintenanceTroubleTest, AConfigThatCannotBeReadIsToldOfAndWaitsForAChange) {
    // A config that only the round reads to its end.
    offer_usual();
    add(config("1.1.0", "autoUpdate: true, destinations: 7"));
    start_us();
    pass_until(2, 12h);
    EXPECT_EQ(version_of(key), "1.1.0");
    EXPECT_THAT(told(), ElementsAre("Warning ShootMaintenanceFailed a"));
    EXPECT_EQ(count("falconer_maintenance_failures_total"), 1u);
    const auto page = must(garden.list(events, {}, {.limit = 0}));
    EXPECT_THAT(
        std::string(page.items[0].text_at({"message"})),
        HasSubstr("spec.extensions[1].providerConfig.destinations: expected a list, found 7")
    );
    pass_until(3, 12h);
    EXPECT_EQ(told().size(), 1u) << "nothing has changed";
    change(key, "{spec: {extensions: [{type: x}, {type: shoot-falco-service}]}}");
    must(garden.update(shoots, key, with_config(key, config("1.1.0")), {}));
    pass_until(4, 0h);
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTroubleTest, WhatTheServerRefusesIsToldInItsWordsAndTriedAgainInTheNextWindow) {
    offer_usual();
    add(config("1.1.0"));
    refused_because = "spec.provider: workers are needed";
    start_us();
    pass_until(1, 23h);
    EXPECT_EQ(count("falconer_maintenance_failures_total"), 1u);
    EXPECT_THAT(told(), ElementsAre("Warning ShootMaintenanceFailed a"));
    const auto page = must(garden.list(events, {}, {.limit = 0}));
    EXPECT_EQ(
        page.items[0].text_at({"message"}),
        "Falco 1.1.0 could not be moved to 1.2.0: spec.provider: workers are needed"
    );
    pass_until(2, 23h);
    EXPECT_EQ(count("falconer_maintenance_failures_total"), 2u);
    EXPECT_EQ(told().size(), 2u) << "once a day";
    refused_because.clear();
    pass_until(3, 23h);
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTroubleTest, AnotherLeaderAnnouncesNothingTwice) {
    offer_usual();
    add(config("1.0.0", "autoUpdate: false"));
    for (int i = 0; i < 3; ++i) {
        start_us();
        EXPECT_EQ(told().size(), 1u);
        stop();
    }
}

TEST_F(MaintenanceTroubleTest, WithoutProfilesNothingHappens) {
    add(config("1.1.0"));
    start_us();
    ask(key);
    pass_until(3, 0h);
    EXPECT_THAT(writes, IsEmpty());
    offer("");  // one that offers nothing
    pass_until(4, 0h);
    EXPECT_THAT(writes, IsEmpty());
    EXPECT_EQ(version_of(key), "1.1.0");
}

TEST_F(MaintenanceTroubleTest, ProfilesThatAllGoStopItsWork) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    must(garden.remove(profiles, {{}, "falco"}, {}));
    pass_until(3, 0h);
    EXPECT_THAT(writes, IsEmpty());
    EXPECT_EQ(version_of(key), "1.1.0");
}

TEST_F(MaintenanceTroubleTest, WhatIsRefusedBecauseSomebodyAskedIsTriedInItsWindowAllTheSame) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    pass_until(1, 21h + 55min);
    refused_because = "not now";
    ask(key);
    EXPECT_EQ(count("falconer_maintenance_failures_total"), 1u);
    refused_because.clear();
    pass_until(1, 22h);
    EXPECT_EQ(version_of(key), "1.1.0") << "once refused, it waits for its window";
    pass_until(1, 22h + 45min);
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTroubleTest, ANewShootUnderAnOldNameIsAnotherOne) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    picky.takes = 1s;
    ask(key);
    must(garden.remove(shoots, key, {}));
    add(config("1.1.0", "autoUpdate: false"));
    time.advance(1min);
    pass_until(3, 0h);
    EXPECT_EQ(version_of(key), "1.1.0");
}

TEST_F(MaintenanceTroubleTest, WhoLosesTheLeadInTheMiddleWritesNothingMore) {
    offer_usual();
    opt.at_once = 1;
    for (int i = 0; i < 10; ++i) add(config("1.1.0"), "s" + std::to_string(i));
    start_us();
    int updates = 0;
    on_call     = [&](const std::string& call) {
        if (call.starts_with("update Shoot") && ++updates == 3) scope.spawn("lost", us->stop());
        return fate::goes_well;
    };
    for (int i = 0; i < 10; ++i) ask({"garden-p", "s" + std::to_string(i)});
    const auto after = writes.size();
    pass_until(3, 0h);
    EXPECT_EQ(updates, 3);
    EXPECT_EQ(writes.size(), after);
    // Whoever leads next goes on.
    on_call = {};
    us.reset();
    start_us();
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(version_of({"garden-p", "s" + std::to_string(i)}), "1.2.0");
}

TEST_F(MaintenanceTroubleTest, AKillAtAnyCallLeavesAWholeShoot) {
    for (int n = 1; n <= 4; ++n)
        for (const auto how : {fate::kills_before, fate::kills_after}) {
            const auto name = "k" + std::to_string(n) + (how == fate::kills_before ? "b" : "a");
            if (n == 1 && how == fate::kills_before) offer_usual();
            const auto which = add(config("1.1.0"), name);
            int        calls = 0;
            on_call = [&](const std::string&) { return ++calls == n ? how : fate::goes_well; };
            start_us();
            ask(which);
            stop();
            on_call = {};
            start_us();
            EXPECT_EQ(version_of(which), "1.2.0") << name;
            stop();
        }
}

TEST_F(MaintenanceTroubleTest, SoManyAtOnceAndNoMore) {
    offer_usual();
    opt.at_once = 4;
    picky.takes = 1s;
    for (int i = 0; i < 50; ++i) add(config("1.1.0"), "s" + std::to_string(i));
    start_us();
    for (int i = 0; i < 50; ++i)
        must(garden.patch(
            shoots, {"garden-p", "s" + std::to_string(i)}, sandbox::api_patch_kind::merge,
            testing::yaml("metadata: {annotations: {gardener.cloud/operation: maintain}}"), {}
        ));
    time.settle();
    EXPECT_EQ(picky.open, 4u);
    time.advance(30s);
    EXPECT_EQ(count(automatic_moves), 50u);
    EXPECT_EQ(picky.most, 4u);
}

TEST_F(MaintenanceTroubleTest, WhatProfilesDisagreeAboutIsSaidOnce) {
    set_up_logging({});
    ::testing::internal::CaptureStderr();
    offer(version("1.1.0", "supported"));
    start_us();
    for (int i = 0; i < 4; ++i)
        offer(
            version("1.1.0", "deprecated") + version("1.2." + std::to_string(i), "supported"),
            "other"
        );
    log_of("maintenance").flush();
    const auto            said  = ::testing::internal::GetCapturedStderr();
    constexpr const char* once  = "disagree about classification";
    const auto            first = said.find(once);
    ASSERT_NE(first, said.npos) << said;
    EXPECT_EQ(said.find(once, first + 1), said.npos) << said;
}

TEST_F(MaintenanceTroubleTest, AFleetIsSpreadOverItsWindowAndCostsLittle) {
    constexpr int fleet = 5'000;
    log_of("maintenance").set_level(spdlog::level::warn);
    offer(version("1.1.0", "supported"));
    for (int i = 0; i < fleet; ++i) {
        auto object = asking(config("1.1.0", "autoUpdate: true, destinations: [{name: central}]"));
        object["spec"]["maintenance"] =
            testing::yaml("{timeWindow: {begin: \"220000+0000\", end: \"230000+0000\"}}");
        must(garden.create(shoots, {"garden-p", "s" + std::to_string(i)}, std::move(object), {}));
    }
    using clock      = std::chrono::steady_clock;
    const auto since = [](clock::time_point from) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - from);
    };
    auto from = clock::now();
    start_us();
    const auto told_of = since(from);
    from               = clock::now();
    offer(version("1.1.0", "supported") + version("1.2.0", "supported"));
    const auto planned = since(from);
    EXPECT_EQ(count("falconer_maintenance_pending{kind=\"automatic\"}"), fleet);
    from = clock::now();
    std::vector<std::uint64_t> moved;
    for (int third = 0; third <= 3; ++third) {
        pass_until(1, 22h + third * 15min);
        moved.push_back(count(automatic_moves));
    }
    std::cout << "5000 shoots: told of in " << told_of.count() << " ms, planned anew in "
              << planned.count() << " ms, moved in " << since(from).count() << " ms\n";
    EXPECT_EQ(moved[0], 0u);
    for (std::size_t third = 1; third <= 3; ++third)
        EXPECT_NEAR(static_cast<double>(moved[third] - moved[third - 1]), fleet / 3.0, 150);
    EXPECT_EQ(moved[3], fleet);
    EXPECT_EQ(time.sleepers(), 1u + 3u) << "one clock, and three watches";
}

}  // namespace
}  // namespace falconer::actors
