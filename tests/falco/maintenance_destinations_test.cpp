// What maintenance makes of the landscape's destinations: what a new object would get, and what the
// review of an update announces.
#include "falconer/falco/maintenance_destinations.hpp"

#include "review_fixture.hpp"

namespace falconer::falco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class MaintenanceDestinations : public Review {
protected:
    maintained read(const value& object) const {
        const auto kind =
            object.text_at({"kind"}) == "Seed" ? maintained_kind::seed : maintained_kind::shoot;
        return read_maintained(object, kind, {.begin = 3h, .length = 2h});
    }
    settled_destinations settle(const value& object) const {
        const review_settings settings{.operators = operators, .central_logging = central_logging};
        return settle_destinations(read(object), garden, settings, now);
    }
};

TEST_F(MaintenanceDestinations, ItIsWhatTheReviewOfAnUpdateAnnouncesAndANewObjectGets) {
    offer_central();
    restrict_central();
    operators.global_defaults = {global("audit", "kafka"), global("lake", "loki")};
    const std::string all[]{
        "[{name: logging}]",
        "[{name: gone}]",
        "[{name: gone}, {name: audit, enabled: false}, {name: lake}]",
        "[{name: central}, {name: gone, resourceSecretName: own}]",
        "[]",
        "[{name: audit}, {name: lake}]",
    };
    const std::string path = "spec.extensions[1].providerConfig.destinations: ";
    const auto        name = [](const std::string& line) { return line.substr(0, line.find(' ')); };
    for (const auto& each : all)
        for (const auto* kind : {"Shoot", "Seed"}) {
            SCOPED_TRACE(std::string(kind) + ' ' + each);
            auto is = object(
                kind, config_of(
                          "falcoVersion: 0.43.0\nautoUpdate: true\nrules: {standard: "
                          "[falco-rules]}\ndestinations: " +
                          each + "\n"
                      )
            );
            refer(is, "own", "Secret", "own");
            const auto made     = settle(is);
            const auto warnings = mutate(is, is).warnings();
            // What the review cannot let pass it leaves alone; the plan has it nevertheless.
            if (!validate(mutated(is, is)).allowed()) continue;
            ASSERT_EQ(warnings.size(), made.lines.size());
            for (std::size_t i = 0; i < warnings.size(); ++i) {
                if (i < made.gone.size()) {
                    EXPECT_EQ(warnings[i], path + made.gone[i]);
                }
                EXPECT_EQ(name(warnings[i].substr(path.size())), name(made.lines[i]));
            }
            if (made.lines.empty()) continue;
            const auto after = with_destinations(is, made.all);
            EXPECT_TRUE(mutate(after, is).patch().is_null()) << "the review lets it pass as it is";
            EXPECT_THAT(mutate(after, is).warnings(), IsEmpty());
            EXPECT_TRUE(validate(after, is).allowed());
            if (made.gone.empty()) {
                EXPECT_EQ(after, mutated(is)) << "a new one gets the same";
            }
        }
}

TEST_F(MaintenanceDestinations, ANewOneIsAddedAndOneThatIsNoMoreGoes) {
    operators.global_defaults = {global("audit", "kafka"), global("lake", "loki")};
    const auto is =
        shoot(config_of("falcoVersion: 0.43.0\ndestinations: [{name: logging}, {name: "
                        "gone}]\nrules: {custom: [{shootConfigMap: a}]}\n"));
    const auto made = settle(is);
    EXPECT_THAT(
        made.lines,
        ElementsAre(
            "'gone' is taken away: the landscape has it no longer",
            "'audit', which the landscape wants, is added; \"enabled: false\" turns it off",
            "'lake', which the landscape wants, is added but disabled: logging has its output loki"
        )
    );
    const auto after = with_destinations(is, made.all);
    EXPECT_THAT(destinations_in(after), ElementsAre("logging", "audit", "lake(off)"));
    EXPECT_THAT(settle(after).lines, IsEmpty()) << "twice is once";
    auto rest = after;
    rest["spec"]["extensions"].item(1)["providerConfig"]["destinations"] =
        *config_in(is).find("destinations");
    EXPECT_EQ(rest, is) << "nothing else has changed";
}

TEST_F(MaintenanceDestinations, WhoIsNotToBeMaintainedOrOptsOutIsLeftAlone) {
    operators.global_defaults                     = {global("audit", "kafka")};
    auto off                                      = shoot(config_of(sane));
    off["spec"]["extensions"].item(1)["disabled"] = true;
    auto leaving                                  = shoot(config_of(sane));
    leaving["metadata"]["deletionTimestamp"]      = "2026-11-27T12:00:00Z";
    for (const auto& each :
         {off, leaving, shoot(config_of("destinations: [{name: logging}]\n")),
          shoot(config_of("falcoVersion: 0.43.0\nunknown: 1\n")),
          shoot(config_of("falcoVersion: 0.43.0\nresources: gardener\n")), shoot({})})
        EXPECT_THAT(settle(each).lines, IsEmpty()) << json_text(each);
    EXPECT_THAT(settle(shoot(config_of(sane))).lines, ElementsAre(HasSubstr("'audit'")));
    garden.projects["garden-foo"] = annotated(std::string(skip_defaults_annotation), "true");
    EXPECT_THAT(settle(shoot(config_of(sane))).lines, IsEmpty());
    EXPECT_THAT(settle(seed(config_of(sane))).lines, ElementsAre(HasSubstr("'audit'")));
}

TEST_F(MaintenanceDestinations, TheReducedObjectDecidesTheSame) {
    operators.global_defaults = {global("audit", "kafka")};
    for (const auto& is :
         {shoot(config_of(sane)), shoot(config_of("falcoVersion: 0.43.0\nresources: falcoctl\n")),
          shoot(config_of("falcoVersion: 0.43.0\nfalcoAutoUpdate: true\n")),
          shoot(config_of("falcoVersion: 0.43.0\ndestinations: [{name: audit}]\n"))})
        EXPECT_EQ(settle(reduced_maintained(is)).lines, settle(is).lines) << json_text(is);
}

TEST_F(MaintenanceDestinations, AreWrittenAtAMomentOfTheWindow) {
    maintained who{.uid = "u-1", .window = {.begin = 22h, .length = 45min}};
    const auto noon = at("2026-11-27T12:00:00Z"), opens = at("2026-11-27T22:00:00Z");
    const auto due = moment_to_settle(who, noon, noon);
    EXPECT_GE(due, opens);
    EXPECT_LT(due, opens + 45min);
    EXPECT_EQ(moment_to_settle(who, noon, opens), due) << "it does not move while one waits";
    const auto late = moment_to_settle(who, opens + 40min, opens + 40min);
    EXPECT_GE(late, opens + 40min);
    EXPECT_LT(late, opens + 45min) << "what is left of an open window is used";
    EXPECT_GE(moment_to_settle(who, opens + 45min, opens + 44min), opens + 24h);
}

TEST_F(MaintenanceDestinations, TheNoteSaysAllOfIt) {
    maintained who{.generation = 7};
    const auto note = note_of_destinations(who, {"one", "two"});
    EXPECT_EQ(note.type, "Normal");
    EXPECT_EQ(note.reason, "FalcoDestinationsChanged");
    EXPECT_EQ(note.message, "Destinations in the config of Falco: one; two");
    EXPECT_EQ(note.once, "7");
    EXPECT_THAT(settled_by_others({"one", "two"}, {"two", "three"}), ElementsAre("one"));
}

}  // namespace
}  // namespace falconer::falco
