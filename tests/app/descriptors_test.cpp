#include "app/descriptors.hpp"

#include <gtest/gtest.h>

namespace falconer::app {
namespace {

TEST(DescriptorsTest, WithEnoughOfThemEverybodyHasWhatTheyWishFor) {
    const auto plan = plan_descriptors(1 << 20, {.ingest = 8192, .admission = 8192});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->ingest, 8192u);
    EXPECT_EQ(plan->admission, 8192u);
    EXPECT_EQ(plan->probes, 64u);
}

TEST(DescriptorsTest, WhoComesFromOutsideLeavesSomeForTheStoreTheSpoolAndProbes) {
    for (std::uint64_t limit = 0; limit < 20'000; ++limit) {
        const auto plan = plan_descriptors(
            limit, {.ingest = 8192, .admission = 8192, .kubernetes = limit % 2 ? 32u : 0u}
        );
        if (!plan) {
            EXPECT_LT(limit, 128u);
            continue;
        }
        EXPECT_LE(plan->ingest + plan->admission + 2 * plan->probes + plan->kept, limit);
        EXPECT_GE(plan->kept, 40u);
        EXPECT_GE(plan->ingest, 8u);
        EXPECT_GE(plan->admission, 8u);
        EXPECT_GE(plan->probes, 4u);
    }
}

TEST(DescriptorsTest, WithTooFewTheStartIsRefused) {
    const auto plan = plan_descriptors(40, {.ingest = 8192});
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().detail.find("ulimit -n"), std::string::npos);
    EXPECT_TRUE(plan_descriptors(64, {.ingest = 8192}));
}

}  // namespace
}  // namespace falconer::app
