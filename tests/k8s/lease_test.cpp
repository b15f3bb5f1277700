#include "k8s/lease.hpp"

#include "support/yaml.hpp"

#include <gtest/gtest.h>

namespace falconer::k8s {
namespace {

using ::falconer::testing::yaml;
using namespace std::chrono_literals;

constexpr steady_time start{};
constexpr utc_time    now{1'800'000'000s};
const lease_options   mine{.identity = "me"};

TEST(LeaseTest, S3_3_TimesHaveSixDigits) {
    EXPECT_EQ(micro_time(now), "2027-01-15T08:00:00.000000Z");
    EXPECT_EQ(micro_time(now + 1'234us), "2027-01-15T08:00:00.001234Z");
    EXPECT_EQ(micro_time(now + 999'999'999ns), "2027-01-15T08:00:00.999999Z");
}

TEST(LeaseTest, ANewOneIsOursFromNowOn) {
    const auto lease = claimed_lease({}, {"ns", "leader"}, mine, now);
    EXPECT_EQ(
        lease, yaml("apiVersion: coordination.k8s.io/v1\nkind: Lease\n"
                    "metadata: {namespace: ns, name: leader}\n"
                    "spec: {leaseTransitions: 0, acquireTime: '2027-01-15T08:00:00.000000Z',\n"
                    "  holderIdentity: me, leaseDurationSeconds: 15,\n"
                    "  renewTime: '2027-01-15T08:00:00.000000Z'}\n")
    );
}

TEST(LeaseTest, RenewingChangesOnlyTheTimeAndTakingOverCounts) {
    const auto ours    = claimed_lease({}, {"ns", "leader"}, mine, now);
    const auto renewed = claimed_lease(ours, {"ns", "leader"}, mine, now + 2s);
    EXPECT_EQ(renewed.text_at({"spec", "acquireTime"}), "2027-01-15T08:00:00.000000Z");
    EXPECT_EQ(renewed.text_at({"spec", "renewTime"}), "2027-01-15T08:00:02.000000Z");
    const auto theirs = claimed_lease(renewed, {"ns", "leader"}, {.identity = "other"}, now + 9s);
    EXPECT_EQ(theirs.text_at({"spec", "holderIdentity"}), "other");
    EXPECT_EQ(theirs.find_path({"spec", "leaseTransitions"})->integer(), 1);
}

TEST(LeaseTest, OnlyOurOwnClockJudgesAnother) {
    // Its times say that it was renewed long ago, or will be: neither counts.
    for (const auto* renewed : {"1999-01-01T00:00:00.000000Z", "2199-01-01T00:00:00.000000Z"}) {
        const auto held = yaml(
            std::string("spec: {holderIdentity: other, leaseDurationSeconds: 15, renewTime: '") +
            renewed + "'}"
        );
        lease_view view;
        view.seen(held, start);
        EXPECT_FALSE(view.is_free(start + 14s));
        view.seen(held, start + 14s);  // the same again is no renewal
        EXPECT_TRUE(view.is_free(start + 15s));
    }
}

TEST(LeaseTest, ARenewalBeginsItsTimeAnew) {
    lease_view view;
    auto       lease = claimed_lease({}, {"ns", "l"}, {.identity = "other"}, now);
    view.seen(lease, start);
    view.seen(claimed_lease(lease, {"ns", "l"}, {.identity = "other"}, now + 2s), start + 10s);
    EXPECT_FALSE(view.is_free(start + 24s));
    EXPECT_TRUE(view.is_free(start + 25s));
    EXPECT_TRUE(view.held_by("other"));
}

TEST(LeaseTest, NothingAndWhatWasGivenBackAreFree) {
    lease_view view;
    view.seen({}, start);
    EXPECT_TRUE(view.is_free(start));
    view.seen(released_lease(claimed_lease({}, {"ns", "l"}, mine, now), now), start);
    EXPECT_TRUE(view.is_free(start));
    EXPECT_FALSE(view.held_by("me"));
}

TEST(LeaseTest, AHalfWrittenOneIsFree) {
    lease_view view;
    view.seen(yaml("spec: {holderIdentity: other}"), start);
    EXPECT_TRUE(view.is_free(start)) << "without a duration it has none";
}

}  // namespace
}  // namespace falconer::k8s
