#include "certificate_plan_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using test::days;
using test::the_start;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using namespace std::chrono_literals;
using step = certificate_step;

TEST(CertificatePlan, WithoutASecretEverythingIsMadeUnderTheGoExtensionsNames) {
    const auto made = plan(std::nullopt, the_start);
    EXPECT_TRUE(made.write);
    EXPECT_EQ(made.server.step, step::start_anew);
    EXPECT_EQ(made.client.step, step::start_anew);
    EXPECT_FALSE(made.server.abrupt);
    std::vector<std::string> keys;
    for (const auto& [key, value] : made.kept.data) keys.push_back(key);
    EXPECT_THAT(
        keys, ElementsAre(
                  "client-ca.crt", "client-ca.key", "client.crt", "client.key", "server-ca.cert",
                  "server-ca.key", "server.crt", "server.key"
              )
    );
    EXPECT_THAT(made.kept.labels, ElementsAre(std::pair("persist", "true")));
    EXPECT_TRUE(they_talk(made.delivery, made.delivery, the_start));
}

TEST(CertificatePlan, ASecondLookChangesNothingUntilTheLeavesAreDue) {
    const auto made = plan(std::nullopt, the_start);
    for (const auto when : {the_start, the_start + 1h, the_start + days(149)}) {
        const auto again = plan(made.kept, when);
        EXPECT_EQ(again.server.step, step::keep);
        EXPECT_EQ(again.client.step, step::keep);
        EXPECT_FALSE(again.write);
        EXPECT_EQ(again.delivery.falco_checksum, made.delivery.falco_checksum);
        EXPECT_EQ(again.delivery.server_trust, made.delivery.server_trust);
        EXPECT_EQ(again.look_again, made.look_again);
    }
    EXPECT_FALSE(plan(made.kept, made.look_again - 1s).write);
    const auto due = plan(made.kept, made.look_again);
    EXPECT_EQ(due.server.step, step::renew_leaf);
    EXPECT_EQ(due.client.step, step::renew_leaf);
    EXPECT_LT(made.look_again, the_start + days(150));
    EXPECT_GT(made.look_again, the_start + days(150) - 5min);
    EXPECT_EQ(due.delivery.server_trust, made.delivery.server_trust);
}

TEST(CertificatePlan, WhatTheGoExtensionMadeIsDeliveredByteByByte) {
    const auto go   = test::secret_of_go(the_start - days(100), the_start - days(20));
    const auto made = plan(go, the_start);
    EXPECT_EQ(made.server.step, step::keep);
    EXPECT_EQ(made.client.step, step::keep);
    EXPECT_TRUE(made.write);  // for the label alone
    EXPECT_THAT(made.kept.labels, ElementsAre(std::pair("persist", "true")));
    EXPECT_EQ(made.delivery.server_trust, go.at("server-ca.cert").reveal());
    EXPECT_EQ(made.delivery.client_trust, go.at("client-ca.crt").reveal());
    EXPECT_EQ(made.delivery.server.certificate, go.at("server.crt").reveal());
    EXPECT_EQ(made.delivery.client.key.reveal(), go.at("client.key").reveal());
    EXPECT_FALSE(plan(made.kept, the_start).write);
}

TEST(CertificatePlan, LeavesOfTheGoExtensionAreRenewedUnderItsAuthority) {
    const auto go   = test::secret_of_go(the_start - days(200), the_start - days(150));
    const auto made = plan(go, the_start);
    EXPECT_EQ(made.server.step, step::renew_leaf);
    EXPECT_EQ(made.delivery.server_trust, go.at("server-ca.cert").reveal());
    auto old =
        plan(test::secret_of_go(the_start - days(200), the_start - days(50)), the_start).delivery;
    old.server       = {go.at("server.crt").reveal(), go.at("server.key")};
    old.client       = {go.at("client.crt").reveal(), go.at("client.key")};
    old.server_trust = go.at("server-ca.cert").reveal();
    old.client_trust = go.at("client-ca.crt").reveal();
    EXPECT_TRUE(they_talk(old, made.delivery, the_start));
    EXPECT_TRUE(they_talk(made.delivery, old, the_start));
}

TEST(CertificatePlan, AClientLeafOfOldThatIsForServersIsRenewed) {
    auto       go   = test::secret_of_go(the_start - days(100), the_start - days(20));
    const auto made = plan(changed(go, "client.crt", go.at("server.crt").reveal()), the_start);
    EXPECT_EQ(made.client.step, step::renew_leaf);
    EXPECT_EQ(made.server.step, step::keep);
    EXPECT_TRUE(they_talk(made.delivery, made.delivery, the_start));
}

TEST(CertificatePlan, AnAuthorityIsReplacedInThreeStepsEachAfterAllHaveMoved) {
    const auto first = plan(std::nullopt, the_start);
    // Leaves are renewed four times; the fifth would not fit into the authority's life.
    auto              now     = the_start;
    auto              current = first;
    std::vector<step> steps;
    while (current.server.step != step::introduce) {
        now     = current.look_again;
        current = plan(current.kept, now, all_have(current));
        steps.push_back(current.server.step);
        EXPECT_EQ(current.client.step, current.server.step);
    }
    EXPECT_THAT(
        steps, ElementsAre(step::renew_leaf, step::renew_leaf, step::renew_leaf, step::introduce)
    );
    EXPECT_GT(now, the_start + days(550));
    EXPECT_THAT(current.kept.data, Contains(Key("server-ca-next.key")));
    const auto before = current;
    // Nobody, or only one of them, has moved.
    EXPECT_FALSE(plan(current.kept, now + 1h).write);
    EXPECT_FALSE(plan(current.kept, now + 1h, {all_have(current).falco, "another"}).write);
    EXPECT_FALSE(plan(current.kept, now + 1h, {"", all_have(current).falcosidekick}).write);
    const auto switched = plan(current.kept, now + 2h, all_have(current));
    EXPECT_EQ(switched.server.step, step::switch_over);
    EXPECT_EQ(switched.client.step, step::switch_over);
    EXPECT_FALSE(switched.server.abrupt);
    EXPECT_THAT(switched.kept.data, Contains(Key("server-ca-previous.crt")));
    EXPECT_THAT(switched.kept.data, Not(Contains(Key("server-ca-next.key"))));
    EXPECT_EQ(
        switched.kept.at("server-ca.cert").reveal(), current.kept.at("server-ca-next.crt").reveal()
    );
    for (const auto& [key, value] : switched.kept.data)  // the old key is gone
        EXPECT_NE(value.reveal(), first.kept.at("server-ca.key").reveal()) << key;
    // What was confirmed for the step before does not count for this one.
    EXPECT_FALSE(plan(switched.kept, now + 3h, all_have(before)).write);
    const auto retired = plan(switched.kept, now + 3h, all_have(switched));
    EXPECT_EQ(retired.server.step, step::retire);
    EXPECT_EQ(retired.delivery.server_trust, retired.kept.at("server-ca.cert").reveal());
    EXPECT_EQ(retired.kept.data.size(), 8U);
    EXPECT_FALSE(plan(retired.kept, now + 4h, all_have(retired)).write);
    EXPECT_FALSE(they_talk(before.delivery, retired.delivery, now + 4h));  // why there are steps
}

TEST(CertificatePlan, AnAuthorityThatDoesNotNameItsKeyIsReplacedAsSmoothly) {
    const auto go      = test::secret_of_go(the_start - days(670), the_start - days(20), false);
    auto       current = plan(go, the_start);
    EXPECT_EQ(current.server.step, step::introduce);
    for (const auto expected : {step::switch_over, step::retire}) {
        const auto next = plan(current.kept, the_start + 1h, all_have(current));
        EXPECT_EQ(next.server.step, expected);
        EXPECT_TRUE(they_talk(current.delivery, current.delivery, the_start + 1h));
        EXPECT_TRUE(they_talk(current.delivery, next.delivery, the_start + 1h));
        EXPECT_TRUE(they_talk(next.delivery, current.delivery, the_start + 1h));
        current = next;
    }
}

TEST(CertificatePlan, AnOldAuthorityThatEndsIsNoLongerTrustedThoughNobodyConfirmed) {
    const auto first      = plan(std::nullopt, the_start);
    const auto now        = the_start + days(660);
    const auto leaf       = plan(first.kept, the_start + days(500));
    const auto introduced = plan(leaf.kept, now);
    EXPECT_EQ(introduced.server.step, step::introduce);
    const auto switched = plan(introduced.kept, now + 1h, all_have(introduced));
    EXPECT_EQ(switched.look_again, the_start + days(730));
    EXPECT_FALSE(plan(switched.kept, switched.look_again - 1s).write);
    EXPECT_EQ(plan(switched.kept, switched.look_again).server.step, step::retire);
}

TEST(CertificatePlan, WithoutConfirmationItWaitsAsLongAsItCanAndThenSaysThatItIsAbrupt) {
    auto current = plan(std::nullopt, the_start);
    auto now     = the_start;
    while (current.server.step != step::introduce) {
        now     = current.look_again;
        current = plan(current.kept, now);
    }
    const auto began = now;
    while (current.server.step != step::switch_over) {
        now     = current.look_again;
        current = plan(current.kept, now);
        EXPECT_TRUE(they_talk(current.delivery, current.delivery, now));
    }
    EXPECT_TRUE(current.server.abrupt);
    EXPECT_THAT(current.server.why, HasSubstr("unconfirmed"));
    EXPECT_GT(now - began, days(60));
    EXPECT_LT(now, the_start + days(730));
}

TEST(CertificatePlan, AfterALongAbsenceTheClusterStillGetsTimeToMove) {
    const auto go         = test::secret_of_go(the_start - days(720), the_start - days(100));
    const auto introduced = plan(go, the_start);
    EXPECT_EQ(introduced.server.step, step::introduce);
    EXPECT_FALSE(plan(introduced.kept, the_start + days(4)).write);
    EXPECT_TRUE(plan(introduced.kept, the_start + days(6)).server.abrupt);
}

TEST(CertificatePlan, AnExpiredAuthorityIsReplacedAtOnce) {
    const auto first = plan(std::nullopt, the_start);
    const auto made  = plan(first.kept, the_start + days(731));
    EXPECT_EQ(made.server.step, step::start_anew);
    EXPECT_TRUE(made.server.abrupt);
    EXPECT_THAT(made.server.why, HasSubstr("expired"));
    EXPECT_EQ(made.kept.data.size(), 8U);  // an expired authority is not trusted
    EXPECT_TRUE(they_talk(made.delivery, made.delivery, the_start + days(731)));
}

TEST(CertificatePlan, ASecretWithoutAnythingOfUseIsFilledAndItsForeignPartsStay) {
    kept_secret foreign;
    foreign.labels["team"] = "blue";
    foreign.data["note"]   = secret{"hello"};
    const auto made        = plan(foreign, the_start);
    EXPECT_EQ(made.server.step, step::start_anew);
    EXPECT_TRUE(made.server.abrupt);
    EXPECT_EQ(made.kept.at("note").reveal(), "hello");
    EXPECT_EQ(made.kept.labels.at("team"), "blue");
    EXPECT_EQ(made.kept.data.size(), 9U);
}

TEST(CertificatePlan, AnAuthorityAndItsLeafExchangedForAnotherClustersPairAreTheirOwn) {
    const auto one   = plan(std::nullopt, the_start);
    const auto other = plan(std::nullopt, the_start);
    // Only the authority: the leaf is signed by another.
    auto mixed = changed(one.kept, "server-ca.cert", other.kept.at("server-ca.cert").reveal());
    mixed.data["server-ca.key"] = other.kept.at("server-ca.key");
    const auto made             = plan(mixed, the_start);
    EXPECT_EQ(made.server.step, step::renew_leaf);
    EXPECT_THAT(made.server.why, HasSubstr("signed by another authority"));
    EXPECT_TRUE(they_talk(made.delivery, made.delivery, the_start));
}

TEST(CertificatePlan, OtherNamesRenewTheLeaves) {
    const auto first = plan(std::nullopt, the_start);
    auto       want  = wanted;
    want.names       = falcosidekick_names("falco");
    EXPECT_THAT(want.names, Contains("falcosidekick.falco.svc.cluster.local"));
    const auto made = plan(first.kept, the_start, {}, want);
    EXPECT_EQ(made.server.step, step::renew_leaf);
    EXPECT_EQ(made.client.step, step::renew_leaf);
    EXPECT_FALSE(plan(made.kept, the_start, {}, want).write);
}

TEST(CertificatePlan, WhatIsSoonDueIsRenewedWhenPodsRollAnyway) {
    const auto first = plan(std::nullopt, the_start);
    auto       want  = wanted;
    want.soon        = days(7);
    EXPECT_FALSE(plan(first.kept, the_start + days(140), {}, want).write);
    const auto made = plan(first.kept, the_start + days(145), {}, want);
    EXPECT_EQ(made.server.step, step::renew_leaf);
    want.soon = days(10'000);  // never again and again
    EXPECT_FALSE(plan(made.kept, the_start + days(145), {}, want).write);
}

TEST(CertificatePlan, AuthoritiesFollowARotationOfTheClustersOwn) {
    const auto first    = plan(std::nullopt, the_start);
    auto       want     = wanted;
    want.rotation_asked = the_start + days(20);
    const auto waits    = plan(first.kept, the_start + days(19), {}, want);
    EXPECT_FALSE(waits.write);
    EXPECT_EQ(waits.look_again, the_start + days(20));
    auto              now     = the_start + days(20);
    auto              current = first;
    std::vector<step> steps;
    for (int i = 0; i < 5; ++i, now += 1min) {
        const auto next = plan(current.kept, now, all_have(current), want);
        EXPECT_TRUE(they_talk(current.delivery, next.delivery, now));
        EXPECT_TRUE(they_talk(next.delivery, current.delivery, now));
        EXPECT_EQ(next.client.step, next.server.step);
        steps.push_back(next.server.step);
        current = next;
    }
    EXPECT_THAT(
        steps, ElementsAre(step::introduce, step::switch_over, step::retire, step::keep, step::keep)
    );
}

TEST(CertificatePlan, AClockSetBackALittlePartsNobody) {
    const auto first = plan(std::nullopt, the_start);
    EXPECT_FALSE(plan(first.kept, the_start - 30min).write);
    EXPECT_FALSE(plan(first.kept, the_start - 65min).write);
    const auto made = plan(first.kept, the_start - 66min);
    EXPECT_EQ(made.server.step, step::start_anew);
    EXPECT_TRUE(made.server.abrupt);
    EXPECT_EQ(made.server.why, "the authority is not yet valid");
    // Who has the future one is trusted as soon as it has come.
    EXPECT_THAT(made.kept.data, Contains(Key("server-ca-previous.crt")));
    EXPECT_FALSE(plan(made.kept, the_start - 66min).write);
}

TEST(CertificatePlan, TheDecisionDependsOnItsArgumentsAlone) {
    const auto first = plan(std::nullopt, the_start);
    for (const auto when :
         {the_start, the_start + days(200), the_start + days(600), the_start + days(800)}) {
        const auto one = plan(first.kept, when);
        const auto two = plan(first.kept, when);
        EXPECT_EQ(one.server.step, two.server.step);
        EXPECT_EQ(one.server.why, two.server.why);
        EXPECT_EQ(one.look_again, two.look_again);
    }
}

TEST(CertificatePlan, AVerdictHoldsForNoOtherSecretWantOrTime) {
    const auto made = plan(std::nullopt, the_start);
    ASSERT_TRUE(made.verdict);
    auto known          = wanted;
    known.known         = made.verdict;
    const auto judge_at = [&](const kept_secret& kept, utc_time now, const rolled_out& moved = {}) {
        const auto got = plan(kept, now, moved, known);
        return got.verdict && got.verdict->from == the_start;  // the old one, not one of its own
    };
    EXPECT_TRUE(judge_at(made.kept, the_start + days(1)));
    EXPECT_FALSE(judge_at(made.kept, the_start - 1s));
    EXPECT_FALSE(judge_at(made.kept, made.look_again));
    EXPECT_FALSE(judge_at(made.kept, the_start + days(1), {.falco = "x"}));
    EXPECT_FALSE(judge_at(changed(made.kept, "server.crt", "none"), the_start + days(1)));
    EXPECT_EQ(
        plan(changed(made.kept, "server.crt", "none"), the_start, {}, known).server.step,
        step::renew_leaf
    );
    known.names.push_back("another");
    EXPECT_FALSE(judge_at(made.kept, the_start + days(1)));
}

TEST(CertificatePlan, APolicyThatCannotWorkIsRefusedBeforeAnythingIsMade) {
    const auto problems = [](renewal authority, renewal leaf) {
        return certificate_policy{.authority = authority, .leaf = leaf}.problems();
    };
    EXPECT_THAT(certificate_policy{}.problems(), IsEmpty());
    const renewal two_years{days(730), days(670)};
    EXPECT_THAT(problems(two_years, {8760h, 8000h}), IsEmpty());  // the Go chart's
    EXPECT_THAT(
        problems(two_years, {days(100), days(100)}),
        ElementsAre(HasSubstr("certificateRenewAfter: "))
    );
    EXPECT_THAT(
        problems(two_years, {days(100), 0s}), ElementsAre(HasSubstr("certificateRenewAfter: "))
    );
    EXPECT_THAT(problems(two_years, {1min, 1s}), ElementsAre(HasSubstr("certificateLifetime: ")));
    EXPECT_THAT(
        problems(two_years, {days(800), days(700)}), ElementsAre(HasSubstr("certificateLifetime: "))
    );
    EXPECT_THAT(
        problems({days(40'000), days(1)}, {days(100), days(9)}),
        ElementsAre(HasSubstr("certificateAuthorityLifetime: "))
    );
    auto want                    = wanted;
    want.policy.leaf.renew_after = days(200);
    EXPECT_FALSE(plan_certificates(std::nullopt, want, {}, the_start));
    EXPECT_FALSE(plan_certificates(std::nullopt, {.cluster_name = ""}, {}, the_start));
    EXPECT_FALSE(plan_certificates(std::nullopt, {.cluster_name = "\xff"}, {}, the_start));
    EXPECT_FALSE(plan_certificates(std::nullopt, {.cluster_name = "a", .names = {}}, {}, the_start)
    );
}

}  // namespace
}  // namespace falconer::falco
