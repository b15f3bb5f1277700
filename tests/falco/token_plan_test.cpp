#include "falconer/falco/token_plan.hpp"

#include "falconer/net/jwt_mint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace falconer::falco {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr utc_time the_start{seconds{1'767'225'600}};  // 2026-01-01
constexpr auto     central          = cluster_token::central;
constexpr auto     cluster_identity = cluster_token::cluster_identity;

const net::private_key& first_key() {
    static const auto made = *net::private_key::generate(2048);
    return made;
}
const net::private_key& second_key() {
    static const auto made = *net::private_key::generate(2048);
    return made;
}

const token_wants one_wanted{.cluster = "shoot--demo--a-uid-garden", .tokens = {{}}};

class TokenPlan : public testing::Test {
protected:
    net::jwt_mint mint{first_key()};

    token_plan plan(
        const std::optional<kept_secret>& kept, utc_time now, const token_wants& want = one_wanted
    ) {
        auto made = plan_tokens(kept, want, mint, now);
        EXPECT_TRUE(made) << made.error().detail;
        return *std::move(made);
    }

    /// What of `want` is why the kept token does not do a day later.
    std::string why(const token_wants& want, token_mint& by) {
        const auto kept = plan(std::nullopt, the_start).kept;
        auto       made = plan_tokens(kept, want, by, the_start + days(1));
        EXPECT_TRUE(made) << made.error().detail;
        EXPECT_EQ(made->write, !made->tokens.begin()->second.why_issued.empty());
        return made->tokens.begin()->second.why_issued;
    }

    net::jwt_verdict verdict(const secret& token, utc_time now) {
        return net::verify_jwt(token.reveal(), {&first_key().its_public(), 1}, {}, now);
    }
};

TEST_F(TokenPlan, WithoutASecretATokenIsIssuedThatTheIngestorTakes) {
    const auto made = plan(std::nullopt, the_start + 300ms);
    EXPECT_TRUE(made.write);
    const auto& token = made.tokens.at(central);
    EXPECT_EQ(token.why_issued, "there was none");
    EXPECT_EQ(token.expires, the_start + 168h);
    EXPECT_EQ(token.due, the_start + 112h);
    EXPECT_EQ(made.look_again, token.due);
    EXPECT_THAT(made.kept.labels, ElementsAre(Pair("persist", "true")));
    EXPECT_EQ(made.kept.at("central.jwt").reveal(), token.token.reveal());
    const auto is = verdict(token.token, the_start);
    EXPECT_TRUE(is) << is.why;
    EXPECT_EQ(is.cluster, one_wanted.cluster);
    EXPECT_THAT(
        is.claims,
        AllOf(
            HasSubstr(R"("gardener-falco":{"cluster-identity":"shoot--demo--a-uid-garden"})"),
            HasSubstr(R"("iss":"urn:gardener:gardener-falco-extension")"),
            HasSubstr(R"("aud":"falco-db")"), HasSubstr(R"("exp":1767830400)"),
            HasSubstr(R"("iat":1767225600)"), HasSubstr(R"("nbf":1767225600)"),
            HasSubstr(R"("sub":"shoot--demo--a-uid-garden")"), HasSubstr(R"("jti":")")
        )
    );
}

TEST_F(TokenPlan, TheKeptTokenServesUntilTwoThirdsOfItsLifeAreOver) {
    const auto made = plan(std::nullopt, the_start);
    for (const auto when : {the_start, the_start + 1h, the_start + 112h - 1s}) {
        const auto again = plan(made.kept, when);
        EXPECT_FALSE(again.write);
        EXPECT_THAT(again.tokens.at(central).why_issued, IsEmpty());
        EXPECT_EQ(again.tokens.at(central).token.reveal(), made.tokens.at(central).token.reveal());
        EXPECT_EQ(again.look_again, the_start + 112h);
    }
    const auto due = plan(made.kept, the_start + 112h);
    EXPECT_TRUE(due.write);
    EXPECT_EQ(due.tokens.at(central).why_issued, "two thirds of its life are over");
    EXPECT_EQ(due.look_again, the_start + 224h);
}

TEST_F(TokenPlan, AYearOfHourlyLooksNeverShowsAnInvalidTokenAndRollsOnlyWhenDue) {
    std::optional<kept_secret> kept;
    std::set<std::string>      seen;
    for (auto now = the_start; now < the_start + days(365); now += 1h) {
        const auto made = plan(kept, now);
        kept            = made.kept;
        if (seen.insert(made.tokens.at(central).token.reveal()).second) {
            EXPECT_TRUE(verdict(made.tokens.at(central).token, now));
        }
        EXPECT_GT(made.tokens.at(central).expires - now, 56h - 1s);
    }
    EXPECT_EQ(seen.size(), 79U);  // 8760 h / 112 h
}

TEST_F(TokenPlan, AnotherIdentityOrKeyOrAudienceNeedsANewToken) {
    EXPECT_THAT(why(one_wanted, mint), IsEmpty());
    auto other    = one_wanted;
    other.cluster = "shoot--demo--b-uid-garden";
    EXPECT_EQ(why(other, mint), "the cluster's identity has changed");
    net::jwt_mint by_second(second_key());
    EXPECT_EQ(
        why(one_wanted, by_second), "the kept one is not from the key and issuer that sign now"
    );
    net::jwt_mint for_others(first_key(), {.audience = "another-db"});
    EXPECT_EQ(
        why(one_wanted, for_others), "the kept one is not from the key and issuer that sign now"
    );
}

TEST_F(TokenPlan, ALifetimeMadeShorterCountsForTheKeptTokenALongerOneWaits) {
    auto want               = one_wanted;
    want.tokens[0].lifetime = 24h;
    EXPECT_EQ(why(want, mint), "two thirds of its life are over");
    want.tokens[0].lifetime = 504h;
    EXPECT_THAT(why(want, mint), IsEmpty());
}

TEST_F(TokenPlan, ARevokedTokenIsReplacedByOneThatIsNot) {
    auto want           = one_wanted;
    want.revoked_before = the_start;
    EXPECT_THAT(why(want, mint), IsEmpty());
    want.revoked_before = the_start + 1s;
    EXPECT_EQ(why(want, mint), "the kept one is revoked");
    // Also in the second in which it is revoked.
    const auto now      = the_start + 500ms;
    want.revoked_before = the_start + 400ms;
    const auto made     = plan(std::nullopt, now, want);
    EXPECT_FALSE(plan(made.kept, now, want).write);
    EXPECT_TRUE(verdict(made.tokens.at(central).token, now));
}

TEST_F(TokenPlan, ATokenFromTheFutureIsReplaced) {
    const auto made = plan(std::nullopt, the_start + days(30));
    EXPECT_EQ(
        plan(made.kept, the_start).tokens.at(central).why_issued, "the kept one is from the future"
    );
    EXPECT_FALSE(plan(made.kept, the_start + days(30) - 30s).write);  // clocks differ
}

TEST_F(TokenPlan, WhatIsSoonDueIsRenewedWhenPodsRollAnyway) {
    const auto made = plan(std::nullopt, the_start);
    auto       want = one_wanted;
    want.soon       = 24h;
    EXPECT_FALSE(plan(made.kept, the_start + 87h, want).write);
    const auto renewed = plan(made.kept, the_start + 88h, want);
    EXPECT_TRUE(renewed.write);
    want.soon = days(1000);  // never again and again
    EXPECT_FALSE(plan(renewed.kept, the_start + 88h, want).write);
}

TEST_F(TokenPlan, EachKindHasATokenOfItsOwnAndTheEarlierOneSaysWhenToLookAgain) {
    auto want       = one_wanted;
    want.tokens     = {{central, 168h}, {cluster_identity, 24h}};
    const auto made = plan(std::nullopt, the_start, want);
    EXPECT_EQ(made.kept.data.size(), 2U);
    EXPECT_EQ(made.look_again, the_start + 16h);
    const auto is = verdict(made.tokens.at(cluster_identity).token, the_start);
    EXPECT_TRUE(is);
    EXPECT_EQ(is.profile, net::token_profile::cluster_identity);
    EXPECT_EQ(is.claims.find("aud"), std::string::npos);
    const auto later = plan(made.kept, the_start + 16h, want);
    EXPECT_THAT(later.tokens.at(central).why_issued, IsEmpty());
    EXPECT_FALSE(later.tokens.at(cluster_identity).why_issued.empty());
    // Exchanged by somebody.
    auto mixed                         = made.kept;
    mixed.data["cluster-identity.jwt"] = made.kept.at("central.jwt");
    EXPECT_EQ(
        plan(mixed, the_start, want).tokens.at(cluster_identity).why_issued,
        "the kept one is of the other kind"
    );
    // No longer wanted.
    const auto less = plan(made.kept, the_start);
    EXPECT_TRUE(less.write);
    EXPECT_EQ(less.kept.data.size(), 1U);
    const auto none = plan(made.kept, the_start, {.cluster = "a"});
    EXPECT_TRUE(none.write);
    EXPECT_THAT(none.kept.data, IsEmpty());
    EXPECT_FALSE(plan(std::nullopt, the_start, {.cluster = "a"}).write);
}

TEST_F(TokenPlan, RubbishInTheSecretIsReplacedAndForeignPartsStay) {
    const auto good = plan(std::nullopt, the_start).kept.at("central.jwt").reveal();
    for (const auto& rubbish :
         {std::string("x"), std::string("a.b.c"), std::string(10'000, 'a'), good + 'x',
          good.substr(0, good.size() - 4)}) {
        kept_secret kept;
        kept.labels["team"]      = "blue";
        kept.data["note"]        = secret{"hello"};
        kept.data["central.jwt"] = secret{rubbish};
        const auto made          = plan(kept, the_start);
        EXPECT_TRUE(made.write);
        EXPECT_TRUE(verdict(made.tokens.at(central).token, the_start));
        EXPECT_EQ(made.kept.at("note").reveal(), "hello");
        EXPECT_EQ(made.kept.labels.size(), 2U);
    }
}

TEST_F(TokenPlan, WhatNobodyWouldAcceptIsNotIssued) {
    const auto fails = [&](const std::string& cluster, seconds lifetime) {
        const auto made = plan_tokens(
            std::nullopt, {.cluster = cluster, .tokens = {{central, lifetime}}}, mint, the_start
        );
        return made ? std::string() : made.error().detail;
    };
    EXPECT_THAT(fails("", 1h), HasSubstr("refuse it: cluster"));
    EXPECT_THAT(fails("a\nb", 1h), HasSubstr("refuse it: cluster"));
    EXPECT_THAT(fails("a", 29s), HasSubstr("tokenLifetime"));
    EXPECT_THAT(fails("a", -1h), HasSubstr("tokenLifetime"));
    EXPECT_THAT(fails("a", days(40'000)), HasSubstr("tokenLifetime"));
    EXPECT_THAT(fails("a", 30s), IsEmpty());
}

}  // namespace
}  // namespace falconer::falco
