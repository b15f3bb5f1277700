#include "carrier/ownership.hpp"

#include <gtest/gtest.h>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;
using enum ownership::verdict;

class OwnershipTest : public ::testing::Test {
protected:
    ownership   all{{.abandoned = 10min, .clusters_each = 3}};
    steady_time now{1000h};

    auto claim(const char* cluster, const char* seed) {
        all.heard_of(seed, now);
        return all.claim(cluster, seed, now);
    }
};

TEST_F(OwnershipTest, WhoSpeaksFirstKeepsIt) {
    EXPECT_EQ(claim("c", "one"), taken);
    EXPECT_EQ(claim("c", "one"), known);
    EXPECT_EQ(claim("c", "other"), foreign);
    EXPECT_EQ(*all.owner_of("c"), "one");
    EXPECT_EQ(all.owner_of("d"), nullptr);
}

TEST_F(OwnershipTest, WhoLetsGoMakesRoomForAnother) {
    claim("c", "one");
    all.release("c", "other");  // not its own
    EXPECT_EQ(claim("c", "other"), foreign);
    all.release("c", "one");
    EXPECT_EQ(claim("c", "other"), taken);
}

TEST_F(OwnershipTest, AControllerThatHasGoneSpeaksForNobody) {
    claim("c", "one");
    now += 10min;
    EXPECT_EQ(claim("c", "other"), foreign) << "not gone yet";
    now += 1s;
    EXPECT_EQ(claim("c", "other"), taken);
    EXPECT_EQ(claim("c", "one"), foreign) << "when it comes back";
}

TEST_F(OwnershipTest, OneInOurOwnProcessIsThereForAsLongAsWe) {
    all.heard_of("ours", never);
    EXPECT_EQ(all.claim("c", "ours", now), taken);
    now += 1000h;
    EXPECT_EQ(claim("c", "other"), foreign);
}

TEST_F(OwnershipTest, NobodySpeaksForMoreThanASeedCanHave) {
    for (const auto* each : {"a", "b", "c"}) EXPECT_EQ(claim(each, "one"), taken);
    EXPECT_EQ(claim("d", "one"), too_many);
    EXPECT_EQ(claim("d", "other"), taken);
    all.release("a", "one");
    EXPECT_EQ(claim("e", "one"), taken);
}

}  // namespace
}  // namespace falconer::carrier
