#include "review_fixture.hpp"

namespace falconer::falco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReviewMutates : public Review {};

TEST_F(ReviewMutates, AnEmptyConfigIsFilledInTheCurrentForm) {
    for (const auto& config : {value{}, value::map(), yaml(config_header)}) {
        const auto got = mutate(shoot(config));
        ASSERT_TRUE(got.allowed()) << got.message();
        const auto patch = got.patch();
        ASSERT_EQ(patch.items().size(), 1U);
        EXPECT_EQ(patch.items()[0].text_at({"path"}), "/spec/extensions/1/providerConfig");
        EXPECT_EQ(patch.items()[0].text_at({"op"}), config.is_null() ? "add" : "replace");
        EXPECT_EQ(
            *patch.items()[0].find("value"),
            config_of("falcoVersion: 0.43.0\nautoUpdate: true\nrules: {standard: [falco-rules]}\n"
                      "destinations: [{name: logging}]\n")
        );
        EXPECT_THAT(got.warnings(), IsEmpty());
    }
}

TEST_F(ReviewMutates, GepsFormStaysGepsForm) {
    const auto made = mutated(shoot(config_of("gardener: {useFalcoSandboxRules: true}\n")));
    EXPECT_EQ(
        config_in(made), config_of("falcoVersion: 0.43.0\nautoUpdate: true\nresources: gardener\n"
                                   "gardener: {useFalcoSandboxRules: true}\n")
    );
}

TEST_F(ReviewMutates, WhatIsCompleteIsLeftAsItIsToTheByte) {
    const auto got = mutate(shoot(config_of(sane)));
    EXPECT_TRUE(got.allowed());
    EXPECT_EQ(got.response.find("patch"), nullptr);
    EXPECT_EQ(got.response.find("patchType"), nullptr);
}

TEST_F(ReviewMutates, WhatTheOwnerWroteStaysAsItWasWritten) {
    // One way of spelling among several, parts that say nothing, and an order of his own.
    auto mine = config_of(
        "rules: {custom: [], standard: [falco-rules]}\n"
        "heartbeatEvent: null\nfalcoConfig: {}\n"
        "destinations: [{enabled: null, name: stdout}]\n"
    );
    auto want            = mine;
    want["falcoVersion"] = "0.43.0";
    want["autoUpdate"]   = true;
    EXPECT_EQ(json_text(config_in(mutated(shoot(mine)))), json_text(want));

    mine                 = config_of("gardener: {useFalcoRules: true}\nfalcoAutoUpdate: false\n");
    want                 = mine;
    want["falcoVersion"] = "0.43.0";
    want["resources"]    = "gardener";
    const auto made      = mutated(shoot(mine));
    EXPECT_EQ(json_text(config_in(made)), json_text(want));
    EXPECT_EQ(mutate(made).response.find("patch"), nullptr) << "twice is once";
}

TEST_F(ReviewMutates, TheDefaultIsTheHighestSupportedVersionThatHasNotExpired) {
    EXPECT_EQ(config_in(mutated(shoot({}))).text_at({"falcoVersion"}), "0.43.0");
    garden.there.falco.erase(*semver::parse("0.43.0"));
    now = at("2026-06-30T23:59:58Z");
    EXPECT_EQ(config_in(mutated(shoot({}))).text_at({"falcoVersion"}), "0.42.1");
    now      = at("2026-06-30T23:59:59Z");
    auto got = mutate(shoot({}));
    EXPECT_FALSE(got.allowed());
    EXPECT_EQ(
        got.message(),
        "spec.extensions[1].providerConfig.falcoVersion: no version can be chosen: none that is "
        "supported has not expired; there are: 0.40.0 (deprecated), 0.41.3 (deprecated), 0.44.1 "
        "(preview), 0.45.0 (preview)"
    );
}

TEST_F(ReviewMutates, CentralIsTheDefaultForThoseWhoMayUseIt) {
    offer_central();
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("central"));
    EXPECT_THAT(destinations_in(mutated(seed({}))), ElementsAre("central"));
    restrict_central();
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("logging"));
    garden.namespaces["garden-foo"] = annotated(std::string(central_annotation), "t");
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("central"));
    garden.namespaces["garden-foo"] = annotated(std::string(central_annotation), "yes");
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("logging"));
    EXPECT_THAT(destinations_in(mutated(seed({}))), ElementsAre("central"));
}

TEST_F(ReviewMutates, SeedsGetStdoutAndAnEntryIfTheyLackOne) {
    EXPECT_THAT(destinations_in(mutated(seed({}))), ElementsAre("stdout"));

    auto bare = yaml("kind: Seed\nmetadata: {name: s}\nspec: {}\n");
    EXPECT_TRUE(mutate(bare).patch().is_null());
    bare["metadata"]["labels"]["extensions.extensions.gardener.cloud/shoot-falco-service"] = "true";
    const auto made = mutated(bare);
    EXPECT_THAT(destinations_in(made), ElementsAre("stdout"));
    EXPECT_TRUE(validate(made).allowed());
    bare["spec"]["extensions"].push_back(value{{"type", "other"}});
    EXPECT_EQ(mutate(bare).patch().items()[0].text_at({"path"}), "/spec/extensions/-");
}

TEST_F(ReviewMutates, WhatIsDisabledDeletedOrNotThereIsLeftAlone) {
    auto off                                           = shoot({});
    off["spec"]["extensions"].item(1)["disabled"]      = true;
    auto seed_off                                      = seed({});
    seed_off["spec"]["extensions"].item(1)["disabled"] = true;
    auto going                                         = shoot({});
    going["metadata"]["deletionTimestamp"]             = "2026-11-27T12:00:00Z";
    auto without                                       = shoot({});
    without["spec"]["extensions"]                      = value::list();
    for (const auto& each : {off, seed_off, going, without}) {
        EXPECT_TRUE(mutate(each).patch().is_null());
        EXPECT_TRUE(mutate(each).allowed());
        EXPECT_TRUE(validate(each).allowed());
    }
}

// --- the landscape's destinations ---

TEST_F(ReviewMutates, GlobalDefaultsComeToNewShootsAndSeeds) {
    operators.global_defaults = {global("audit", "kafka"), global("lake", "loki")};
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("logging", "audit", "lake(off)"));
    EXPECT_THAT(destinations_in(mutated(seed({}))), ElementsAre("stdout", "audit", "lake"));
    EXPECT_THAT(
        destinations_in(mutated(shoot(config_of("destinations: [{name: audit, enabled: false}]\n")))
        ),
        ElementsAre("audit(off)", "lake")
    );
    EXPECT_THAT(mutate(shoot({})).warnings(), IsEmpty());
}

TEST_F(ReviewMutates, AnUpdateOfWhoUsesItAlreadyOnlyHearsOfANewGlobalDefault) {
    operators.global_defaults  = {global("audit", "kafka"), global("lake", "loki")};
    const auto is              = shoot(config_of(sane));
    auto       changed         = is;
    changed["spec"]["purpose"] = "testing";
    for (const auto& each : {is, changed}) {
        const auto got = mutate(each, is);
        EXPECT_TRUE(got.allowed());
        EXPECT_TRUE(got.patch().is_null()) << "maintenance brings it, in the window";
        EXPECT_THAT(
            got.warnings(),
            ElementsAre(
                "spec.extensions[1].providerConfig.destinations: 'audit', which the landscape "
                "wants, comes in the next maintenance window; an entry of that name with "
                "\"enabled: false\" keeps it off",
                "spec.extensions[1].providerConfig.destinations: 'lake', which the landscape "
                "wants, comes in the next maintenance window, disabled: logging has its output loki"
            )
        );
    }
    // Nor is it argued with who takes one out.
    const auto with = mutated(shoot(config_of(sane)));
    EXPECT_THAT(destinations_in(with), ElementsAre("logging", "audit", "lake(off)"));
    EXPECT_TRUE(mutate(is, with).patch().is_null());
    // Whoever decides beforehand hears nothing.
    const auto off = shoot(config_of(std::string(sane).replace(
        std::string(sane).find("destinations:"), std::string::npos,
        "destinations: [{name: logging}, {name: audit, enabled: false}, {name: lake, enabled: "
        "false}]\n"
    )));
    EXPECT_THAT(mutate(off, is).warnings(), IsEmpty());
}

TEST_F(ReviewMutates, AGlobalDefaultComesWithTheFirstUseOfAnExistingShoot) {
    operators.global_defaults                            = {global("audit", "kafka")};
    const auto is                                        = shoot(config_of(sane));
    auto       without                                   = is;
    without["spec"]["extensions"]                        = value::list();
    auto off                                             = is;
    off["spec"]["extensions"].item(1)["disabled"]        = true;
    auto bare                                            = is;
    bare["spec"]["extensions"].item(1)["providerConfig"] = value{};
    for (const auto& before : {without, off, bare}) {
        EXPECT_THAT(destinations_in(mutated(is, before)), ElementsAre("logging", "audit"));
        EXPECT_THAT(mutate(is, before).warnings(), IsEmpty());
    }
}

TEST_F(ReviewMutates, ItIsLeftOutForProjectsThatOptOut) {
    operators.global_defaults     = {global("audit", "kafka")};
    const auto opted              = annotated(std::string(skip_defaults_annotation), "true");
    garden.projects["garden-foo"] = opted;
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("logging"));
    garden.projects.clear();
    garden.namespaces["garden-foo"] = opted;
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("logging"));
    garden.namespaces["garden-foo"] = annotated(std::string(skip_defaults_annotation), "True");
    EXPECT_THAT(destinations_in(mutated(shoot({}))), ElementsAre("logging", "audit"));
}

TEST_F(ReviewMutates, AGlobalDefaultThatIsNoMoreGoesAndSaysSo) {
    const auto was = shoot(config_of("destinations: [{name: gone}, {name: logging}]\n"));
    EXPECT_THAT(destinations_in(mutated(was, was)), ElementsAre("logging"));
    EXPECT_THAT(
        mutate(was, was).warnings(),
        ElementsAre("spec.extensions[1].providerConfig.destinations: 'gone' is taken away: the "
                    "landscape has it no longer")
    );
    // One that comes now is a mistake, and one with a Secret is the user's own.
    EXPECT_THAT(
        destinations_in(mutated(was, shoot(config_of(sane)))), ElementsAre("gone", "logging")
    );
    const auto own     = shoot(config_of("destinations: [{name: gone, resourceSecretName: s}]\n"));
    auto       changed = own;
    changed["spec"]["purpose"] = "testing";
    EXPECT_THAT(destinations_in(mutated(changed, own)), ElementsAre("gone"));
}

TEST_F(ReviewMutates, WhereItWasTheLastOneTheDefaultIsFilledAgain) {
    const auto was = shoot(config_of("destinations: [{name: gone}]\n"));
    EXPECT_THAT(destinations_in(mutated(was, was)), ElementsAre("logging"));
    EXPECT_TRUE(validate(mutated(was, was), was).allowed());
}

// --- what it never does ---

TEST_F(ReviewMutates, WhoLeavesTheSpecAloneIsNeverRefusedForWhatBecameOfIt) {
    operators.global_defaults = {global("audit", "kafka")};
    for (const auto* config : {
             "falcoVersion: 0.43.0\nunknown: 1\n",                      // cannot be read
             "falcoVersion: 0.43.0\ndestinations: [{name: splunk}]\n",  // would be refused
             "falcoVersion: 0.43.0\nrules: {standard: [nonsense]}\n",
         }) {
        const auto is  = shoot(config_of(config));
        const auto got = mutate(is, is);
        EXPECT_TRUE(got.allowed()) << config;
        EXPECT_TRUE(got.patch().is_null()) << config;
        EXPECT_THAT(got.warnings(), IsEmpty());
    }
}

TEST_F(ReviewMutates, WhatCannotBeReadIsRefusedWithEverythingElseThatIsWrong) {
    usage          = allowance::annotated_namespaces;
    const auto got = mutate(shoot(config_of("falcoVersionn: 1\ndestinations: [{name: loging}]\n")));
    EXPECT_EQ(got.code(), 403);
    EXPECT_THAT(got.message(), HasSubstr("may not use Falco"));
    EXPECT_THAT(got.message(), HasSubstr("falcoVersionn: unknown field; did you mean"));
    EXPECT_THAT(got.message(), HasSubstr("did you mean 'logging'?"));
}

TEST_F(ReviewMutates, TwiceIsOnceAndTheValidatorAgrees) {
    offer_central();
    operators.global_defaults = {global("audit", "kafka"), global("hook", "webhook")};
    std::vector<std::string> configs{"", "destinations: []\n", "autoUpdate: false\n"};
    for (const auto* version : {"0.41.3", "0.43.0", "0.44.1"})
        for (const auto* rules :
             {"", "rules: {standard: [falco-sandbox-rules]}\n",
              "rules: {custom: [{shootConfigMap: mine}]}\n"})
            for (const auto* to :
                 {"", "destinations: [{name: stdout}]\n",
                  "destinations: [{name: central}, {name: logging, enabled: false}]\n"})
                configs.push_back("falcoVersion: " + std::string(version) + '\n' + rules + to);
    for (const auto* geps :
         {"resources: gardener\n",
          "resources: falcoctl\nfalcoctl: {install: {refs: [falco-rules:5]}}\n",
          "falcoAutoUpdate: false\n", "customWebhook: {enabled: true, address: https://h}\n"})
        configs.emplace_back(geps);
    for (const auto& each : configs) {
        const auto once = mutated(shoot(config_of(each)));
        EXPECT_TRUE(mutate(once).patch().is_null()) << each;
        EXPECT_TRUE(mutate(once, shoot(config_of(each))).patch().is_null()) << each;
        const auto verdict = validate(once);
        EXPECT_TRUE(verdict.allowed()) << each << verdict.message();
    }
}

}  // namespace
}  // namespace falconer::falco
