// Versions that move in maintenance windows.
#include "support/garden_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace falconer::actors {
namespace {

using test::automatic_moves, test::forced_moves;
using test::profiles, test::seeds, test::shoots;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class MaintenanceTest : public test::garden_world {};

TEST_F(MaintenanceTest, MovesInsideTheWindowAndNotBefore) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    pass_until(1, 22h);
    EXPECT_EQ(version_of(key), "1.1.0");
    EXPECT_THAT(writes, IsEmpty());
    pass_until(1, 22h + 45min);
    EXPECT_EQ(version_of(key), "1.2.0");
    EXPECT_THAT(told(), ElementsAre("Normal FalcoVersionMoved a"));
    EXPECT_EQ(count(automatic_moves), 1u);
    EXPECT_THAT(
        writes, ElementsAre("update Shoot garden-p/a", ::testing::StartsWith("create Event"))
    );
    writes.clear();
    pass_until(4, 0h);
    EXPECT_THAT(writes, IsEmpty()) << "there is nothing left to do";
}

TEST_F(MaintenanceTest, AStartAfterTheWindowWaitsForTheNext) {
    offer_usual();
    add(config("1.1.0"));
    pass_until(1, 22h + 46min);
    start_us();
    pass_until(2, 22h);
    EXPECT_EQ(version_of(key), "1.1.0");
    pass_until(2, 22h + 45min);
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTest, ChangesNothingButTheVersionInEitherDialect) {
    offer_usual();
    const std::string current = "autoUpdate: true, destinations: [{name: central}]",
                      gep27   = "falcoAutoUpdate: true, resources: falcoctl";
    const auto one            = add(config("1.1.0", current), "one");
    const auto two            = add(config("1.1.0", gep27), "two");
    start_us();
    pass_until(2, 0h);
    EXPECT_EQ(config_of(one), config("1.2.0", current));
    EXPECT_EQ(config_of(two), config("1.2.0", gep27));
    const auto object = must(garden.get(shoots, one));
    EXPECT_EQ(object.find_path({"spec", "extensions"})->items()[0].text_at({"type"}), "other");
    EXPECT_EQ(object.text_at({"spec", "maintenance", "timeWindow", "begin"}), "230000+0100");
}

TEST_F(MaintenanceTest, WhoIsNotToBeMovedIsNot) {
    offer_usual();
    const std::vector<kube_key> all{
        add(config("1.1.0", "autoUpdate: false"), "opted-out"),
        add(config("1.2.0"), "newest"),
        add(config("1.3.0"), "preview"),
        add(config("1.1.0", "wrong: 1"), "odd"),
    };
    value off = testing::yaml("{extensions: [{type: x}, {type: shoot-falco-service}]}");
    off["extensions"].item(1)["providerConfig"] = config("1.1.0");
    off["extensions"].item(1)["disabled"]       = true;
    add(config("1.1.0"), "disabled", off);
    auto leaving                      = asking(config("1.1.0"));
    leaving["metadata"]["finalizers"] = testing::yaml("[gardener]");
    must(garden.create(shoots, {"garden-p", "leaving"}, leaving, {}));
    must(garden.remove(shoots, {"garden-p", "leaving"}, {}));
    start_us();
    for (const auto& each : all) ask(each);
    pass_until(3, 0h);
    for (const auto& call : writes)
        EXPECT_THAT(call, ::testing::StartsWith("create Event")) << call;
    EXPECT_EQ(version_of({"garden-p", "preview"}), "1.3.0");
    EXPECT_EQ(version_of({"garden-p", "opted-out"}), "1.1.0");
    EXPECT_EQ(version_of({"garden-p", "disabled"}), "1.1.0");
    EXPECT_EQ(version_of({"garden-p", "leaving"}), "1.1.0");
}

TEST_F(MaintenanceTest, TheMaintainAnnotationMovesAtOnceAndIsLeftForGardener) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    pass_until(1, 12h);
    ask(key);
    EXPECT_EQ(version_of(key), "1.2.0");
    EXPECT_EQ(
        must(garden.get(shoots, key))
            .text_at({"metadata", "annotations", "gardener.cloud/operation"}),
        "maintain"
    );
    EXPECT_THAT(told(), ElementsAre("Normal FalcoVersionMoved a"));
}

TEST_F(MaintenanceTest, TheAnnotationIsHeardThoughGardenerTakesItAwayAtOnce) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    pass_until(1, 12h);
    must(garden.patch(
        shoots, key, sandbox::api_patch_kind::merge,
        testing::yaml("metadata: {annotations: {gardener.cloud/operation: maintain}}"), {}
    ));
    change(key, "metadata: {annotations: {gardener.cloud/operation: null}}");
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTest, AnAnnotationThatStaysIsObeyedOnce) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    ask(key);
    ASSERT_EQ(version_of(key), "1.2.0");
    pass_until(1, 12h);
    offer(version("1.2.0", "supported") + version("1.4.0", "supported"));
    pass_until(1, 21h);
    EXPECT_EQ(version_of(key), "1.2.0") << "the window is closed, and nobody has asked again";
    pass_until(1, 23h);
    EXPECT_EQ(version_of(key), "1.4.0");
}

TEST_F(MaintenanceTest, AForcedMoveIsAnnouncedBeforeItsWindowWhateverAutoUpdateSays) {
    offer_usual();
    add(config("1.0.0", "autoUpdate: false"));
    start_us();
    EXPECT_THAT(told(), ElementsAre("Normal FalcoVersionMoveAnnounced a"));
    EXPECT_EQ(version_of(key), "1.0.0");
    EXPECT_EQ(count("falconer_maintenance_pending{kind=\"forced\"}"), 1u);
    pass_until(1, 22h);
    EXPECT_EQ(told().size(), 1u) << "nobody is told twice";
    pass_until(1, 22h + 45min);
    EXPECT_EQ(version_of(key), "1.2.0");
    EXPECT_EQ(told().size(), 2u);
    EXPECT_EQ(count(forced_moves), 1u);
}

TEST_F(MaintenanceTest, AnEndInSightIsAnnouncedEveryDayOfItsLastWeek) {
    offer(version("1.1.0", "deprecated", "2026-01-20T00:00:00Z") + version("1.2.0", "supported"));
    add(config("1.1.0", "autoUpdate: false"));
    start_us();
    pass_until(12, 0h);
    EXPECT_THAT(told(), IsEmpty());
    pass_until(20, 22h);
    EXPECT_EQ(told().size(), 7u);
    EXPECT_EQ(version_of(key), "1.1.0");
    pass_until(20, 23h);
    EXPECT_EQ(version_of(key), "1.2.0");
    EXPECT_EQ(told().size(), 8u);
}

TEST_F(MaintenanceTest, AVersionThatIsWithdrawnInsideAWindowIsLeftInTheNextOne) {
    offer_usual();
    add(config("1.1.0", "autoUpdate: false"));
    start_us();
    pass_until(1, 22h + 1min);
    offer(version("1.2.0", "supported"));
    EXPECT_THAT(told(), ElementsAre("Normal FalcoVersionMoveAnnounced a"));
    pass_until(2, 22h);
    EXPECT_EQ(version_of(key), "1.1.0");
    pass_until(2, 23h);
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTest, WithNoVersionLeftItSaysSoAndMovesNothing) {
    offer(version("1.0.0", "supported", "2025-12-31T00:00:00Z") + version("1.3.0", "preview"));
    add(config("1.0.0"));
    start_us();
    EXPECT_THAT(told(), ElementsAre("Warning FalcoVersionWithoutSuccessor a"));
    pass_until(2, 0h);
    EXPECT_EQ(version_of(key), "1.0.0");
    EXPECT_EQ(count("falconer_maintenance_stuck"), 1u);
    // A new one ends it.
    offer(version("1.0.0", "supported", "2025-12-31T00:00:00Z") + version("1.4.0", "supported"));
    pass_until(2, 23h);
    EXPECT_EQ(version_of(key), "1.4.0");
    EXPECT_EQ(count("falconer_maintenance_stuck"), 0u);
}

TEST_F(MaintenanceTest, ANewVersionIsPlannedForAtOnce) {
    offer(version("1.1.0", "supported"));
    add(config("1.1.0"));
    start_us();
    EXPECT_EQ(count("falconer_maintenance_pending{kind=\"automatic\"}"), 0u);
    offer(version("1.1.0", "supported") + version("1.2.0", "supported"));
    EXPECT_EQ(count("falconer_maintenance_pending{kind=\"automatic\"}"), 1u);
    pass_until(1, 22h + 10min);
    const auto was = version_of(key);
    offer(
        version("1.1.0", "supported") + version("1.2.0", "supported") +
        version("1.4.0", "supported")
    );
    pass_until(1, 22h + 45min);
    EXPECT_EQ(version_of(key), "1.4.0") << "also in the rest of an open window; was " << was;
}

TEST_F(MaintenanceTest, ANewWindowIsPlannedForAtOnce) {
    offer_usual();
    add(config("1.1.0"));
    start_us();
    pass_until(1, 2h);
    change(
        key, "spec: {maintenance: {timeWindow: {begin: \"030000+0000\", end: \"040000+0000\"}}}"
    );
    pass_until(1, 3h);
    EXPECT_EQ(version_of(key), "1.1.0");
    pass_until(1, 3h + 45min);
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTest, AVersionThatIsMissingAfterAGapInProfilesIsAnnouncedAsWell) {
    offer_usual();
    add(config("1.1.0", "autoUpdate: false"));
    start_us();
    pass_until(1, 22h + 1min);
    must(garden.remove(profiles, {{}, "falco"}, {}));
    time.settle();
    offer(version("1.2.0", "supported"));
    EXPECT_THAT(told(), ElementsAre("Normal FalcoVersionMoveAnnounced a"));
    pass_until(2, 22h);
    EXPECT_EQ(version_of(key), "1.1.0");
    pass_until(2, 23h);
    EXPECT_EQ(version_of(key), "1.2.0");
}

TEST_F(MaintenanceTest, SeedsMoveInTheNight) {
    offer_usual();
    must(garden.create(seeds, {{}, "s"}, asking(config("1.1.0")), {}));
    pass_until(1, 7h);
    start_us();
    pass_until(2, 0h);
    EXPECT_EQ(version_of({{}, "s"}, seeds), "1.1.0");
    pass_until(2, 6h);
    EXPECT_EQ(version_of({{}, "s"}, seeds), "1.2.0");
    EXPECT_THAT(told("default"), ElementsAre("Normal FalcoVersionMoved s"));
    EXPECT_EQ(count("falconer_maintenance_moves_total{of=\"seed\",kind=\"automatic\"}"), 1u);
}

TEST_F(MaintenanceTest, ShootsThatGoOrNoLongerAskAreForgotten) {
    offer_usual();
    add(config("1.1.0"), "a");
    add(config("1.1.0"), "b");
    start_us();
    EXPECT_EQ(us->size(), 2u);
    must(garden.remove(shoots, {"garden-p", "a"}, {}));
    change({"garden-p", "b"}, "spec: {extensions: []}");  // with it goes Gardener's label
    EXPECT_EQ(us->size(), 0u);
    pass_until(3, 0h);
    EXPECT_THAT(writes, IsEmpty());
}

}  // namespace
}  // namespace falconer::actors
