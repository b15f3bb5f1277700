#include "admission/webhook_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace falconer::admissions {
namespace {

using namespace std::chrono_literals;
using falco::kept_secret;
using std::chrono::days;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const utc_time start{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

/// A landscape in which whatever is planned is written, and published a little later.
struct landscape {
    std::optional<kept_secret> kept{};
    webhook_certificate_want   want{.names = {"a", "a.garden", "a.garden.svc"}};
    std::vector<std::string>   published{"", ""};
    utc_time                   now = start;

    webhook_certificate_plan plan() {
        auto made = plan_webhook_certificates(kept, want, published, now);
        EXPECT_TRUE(made) << (made ? "" : made.error().detail);
        return made ? *made : webhook_certificate_plan{};
    }
    /// One step; the bundle is published.
    webhook_step step() {
        const auto made = plan();
        EXPECT_EQ(made.write, made.step != webhook_step::keep);
        if (made.write) kept = made.kept;
        for (auto& each : published) each = plan().trust;
        return made.step;
    }
    std::vector<webhook_step> steps_until_rest() {
        std::vector<webhook_step> all;
        for (int i = 0; i < 9; ++i) {
            all.push_back(step());
            if (all.back() == webhook_step::keep) break;
        }
        all.pop_back();
        return all;
    }
    falco::certificate_check leaf(const webhook_certificate_plan& of) const {
        return falco::check_leaf(
            of.serving, of.authority, falco::leaf_usage::server, want.names, now
        );
    }
};

TEST(WebhookCertificatesTest, TheFirstLookMakesBothAndTheSecondKeepsThem) {
    landscape here;
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::start_anew));
    const auto plan = here.plan();
    EXPECT_TRUE(here.leaf(plan));
    EXPECT_EQ(plan.trust, plan.authority);
    here.now += 10min;
    EXPECT_EQ(here.plan().serving.certificate, plan.serving.certificate);
}

TEST(WebhookCertificatesTest, WhatIsKeptIsReadBackAsItWas) {
    landscape here;
    here.step();
    here.now += days(20) + 1h;
    here.step();  // introduce
    here.step();  // note
    const auto kept = *here.kept;
    const auto plan = here.plan();
    EXPECT_EQ(plan.step, webhook_step::keep);
    for (const auto& [key, is] : kept.data) EXPECT_EQ(plan.kept.at(key).reveal(), is.reveal());
    EXPECT_EQ(plan.kept.data.size(), kept.data.size());
}

/// Source: Gardener renews at four fifths of the life, or with less than ten days left.
TEST(WebhookCertificatesTest, AnAuthorityOfThirtyDaysIsRenewedWithTenDaysLeftInSteps) {
    landscape here;
    here.step();
    here.now += days(20) - 1h;
    EXPECT_THAT(here.steps_until_rest(), IsEmpty());
    here.now          += 2h;
    const auto before  = here.plan();
    EXPECT_THAT(
        here.steps_until_rest(), ElementsAre(webhook_step::introduce, webhook_step::note_published)
    );
    EXPECT_EQ(here.plan().authority, before.authority) << "the old one still signs";
    EXPECT_THAT(certificates_in(here.plan().trust), SizeIs(2));
    EXPECT_EQ(here.plan().look_again, here.now + 60s);
    here.now += 61s;
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::switch_over));
    const auto after = here.plan();
    EXPECT_NE(after.authority, before.authority);
    EXPECT_TRUE(here.leaf(after));
    EXPECT_TRUE(is_trusted_by(before.authority, after.trust)) << "somebody still presents the old";
    here.now += 23h;
    EXPECT_THAT(here.steps_until_rest(), IsEmpty());
    here.now += 1h;
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::retire));
    EXPECT_EQ(here.plan().trust, here.plan().authority);
}

TEST(WebhookCertificatesTest, ANewAuthorityDoesNotSignBeforeEveryConfigurationTrustsIt) {
    landscape here;
    here.step();
    here.now  += days(21);
    here.kept  = here.plan().kept;  // introduced, and not yet published
    for (int hours = 0; hours < 48; ++hours, here.now += 1h)
        EXPECT_EQ(here.plan().step, webhook_step::keep);
    here.published[0] = here.plan().trust;
    EXPECT_EQ(here.plan().step, webhook_step::keep) << "one of two is not enough";
    here.published[1] = here.plan().trust;
    EXPECT_EQ(here.plan().step, webhook_step::note_published);
}

TEST(WebhookCertificatesTest, ALeafOfAnotherNameIsMadeAnewByTheSameAuthority) {
    landscape here;
    here.step();
    const auto before = here.plan();
    here.want.names   = {"falconer.example.com"};
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::renew_leaf));
    EXPECT_EQ(here.plan().authority, before.authority);
    EXPECT_TRUE(here.leaf(here.plan()));
}

TEST(WebhookCertificatesTest, AnAddressIsANameLikeAnyOther) {
    for (const auto* address : {"127.0.0.1", "::1", "0:0:0:0:0:0:0:1"}) {
        landscape here;
        here.want.names = {address};
        EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::start_anew)) << address;
    }
}

TEST(WebhookCertificatesTest, LeavesShorterThanTheirAuthorityAreRenewedUnderIt) {
    landscape here;
    here.want.policy.leaf = days(4);
    here.step();
    const auto before  = here.plan();
    here.now          += days(3);
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::renew_leaf));
    EXPECT_EQ(here.plan().authority, before.authority);
}

TEST(WebhookCertificatesTest, AfterAVeryLongSleepEverythingIsMadeAnew) {
    landscape here;
    here.step();
    here.now += days(90);
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::start_anew));
    EXPECT_THAT(certificates_in(here.plan().trust), SizeIs(1)) << "an expired one helps nobody";
}

/// Another extension of the same name may still be called while it is being replaced.
TEST(WebhookCertificatesTest, WhoeverIsTrustedAlreadyStaysTrustedForAWhile) {
    landscape other;
    other.step();
    landscape here;
    here.published = {other.plan().trust, other.plan().trust};
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::start_anew));
    EXPECT_TRUE(is_trusted_by(other.plan().trust, here.plan().trust));
    here.now += 25h;
    EXPECT_THAT(here.steps_until_rest(), ElementsAre(webhook_step::retire));
    EXPECT_FALSE(is_trusted_by(other.plan().trust, here.plan().trust));
}

TEST(WebhookCertificatesTest, WhateverIsBrokenIsMended) {
    for (const auto* key :
         {"ca.crt", "ca.key", "tls.crt", "tls.key", "ca-next.crt", "ca-next.key", "ca-previous.crt",
          "ca-next.published", "ca-previous.since"})
        for (const auto* text : {"", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n"}) {
            landscape here;
            here.step();
            here.kept->data[key] = secret{text};
            here.steps_until_rest();
            here.now += 2min;
            here.steps_until_rest();
            EXPECT_TRUE(here.leaf(here.plan())) << key << " " << text;
        }
}

TEST(WebhookCertificatesTest, AnAuthorityWithoutItsKeyIsReplacedWithoutABreak) {
    landscape here;
    here.step();
    const auto before = here.plan();
    here.kept->data.erase("ca.key");
    EXPECT_THAT(
        here.steps_until_rest(), ElementsAre(webhook_step::introduce, webhook_step::note_published)
    );
    EXPECT_EQ(here.plan().serving.certificate, before.serving.certificate);
}

TEST(WebhookCertificatesTest, AClockThatIsBehindStartsNothingAnew) {
    landscape here;
    here.step();
    here.now -= 30min;
    EXPECT_THAT(here.steps_until_rest(), IsEmpty());
}

/// A year, looked at thrice a day: whatever any replica presents, from the Secret of now or
/// of the looks before, is trusted by the bundle of now and by that of the look before.
TEST(WebhookCertificatesTest, OverTheYearsNobodyIsEverRefused) {
    landscape here;
    here.step();
    std::deque<webhook_certificate_plan> last{here.plan()};
    int                                  authorities = 1;
    for (int hours = 0; hours < 365 * 24; hours += 8, here.now += 8h) {
        const auto steps  = here.steps_until_rest();
        authorities      += static_cast<int>(std::ranges::count(steps, webhook_step::switch_over));
        const auto is     = here.plan();
        for (const auto& old : last)
            ASSERT_TRUE(is_trusted_by(old.authority, is.trust)) << "hour " << hours;
        ASSERT_TRUE(is_trusted_by(is.authority, last.back().trust)) << "hour " << hours;
        ASSERT_TRUE(here.leaf(is)) << "hour " << hours;
        ASSERT_LE(certificates_in(is.trust).size(), 2u);
        last.push_back(is);
        if (last.size() > 2) last.pop_front();
    }
    EXPECT_GE(authorities, 365 / 21);
    EXPECT_LE(authorities, 365 / 20 + 1);
}

TEST(WebhookCertificatesTest, APolicyThatWouldPartReplicasIsRefused) {
    EXPECT_THAT(webhook_certificate_policy{}.problems(), IsEmpty());
    EXPECT_THAT((webhook_certificate_policy{.authority = 1h, .leaf = 2h}).problems(), SizeIs(2));
    EXPECT_THAT((webhook_certificate_policy{.authority = 24h, .leaf = 24h}).problems(), SizeIs(1));
    EXPECT_THAT((webhook_certificate_policy{.leaf = 1s}).problems(), SizeIs(1));
}

}  // namespace
}  // namespace falconer::admissions
