#include "falconer/ids.hpp"

#include <gtest/gtest.h>

namespace falconer {
namespace {

TEST(UuidTest, ReadsAnyCaseAndWritesLowerCase) {
    const auto id = uuid::parse("3F0C7A52-8b1d-4c6e-9a57-2d4e6f8091a3");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->text(), "3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3");
}

TEST(UuidTest, RefusesEveryOtherForm) {
    for (const auto* text :
         {"", "3f0c7a528b1d4c6e9a572d4e6f8091a3", "{3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3}",
          "3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a", "3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091ag",
          "3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3 ", "3f0c7a52_8b1d_4c6e_9a57_2d4e6f8091a3"})
        EXPECT_FALSE(uuid::parse(text)) << text;
}

TEST(UuidTest, RandomOnesAreOfVersionFourAndDiffer) {
    const auto one = uuid::random();
    EXPECT_EQ(one.bytes[6] >> 4, 4);
    EXPECT_EQ(one.bytes[8] >> 6, 2);
    EXPECT_NE(one, uuid::random());
}

TEST(UuidTest, FromADigestIsStableAndOfVersionEight) {
    std::array<std::uint8_t, 32> digest{};
    digest.fill(0xAB);
    EXPECT_EQ(uuid::from_digest(digest).text(), "abababab-abab-8bab-abab-abababababab");
}

TEST(ClusterIdentityTest, IsTakenApartWhereItLooksLikeAShoots) {
    const cluster_identity id{
        "shoot--web-shop--prod-eu-3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3-local-1"
    };
    const auto shoot = id.shoot();
    ASSERT_TRUE(shoot);
    EXPECT_EQ(shoot->project, "web-shop");
    EXPECT_EQ(shoot->name, "prod-eu");
    EXPECT_EQ(shoot->uid, "3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3");
    EXPECT_EQ(shoot->landscape, "local-1");
}

TEST(ClusterIdentityTest, AnyOtherShapeIsAnIdentityAllTheSame) {
    for (const auto* text :
         {"", "garden", "3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3", "shoot--a--b-local", "shoot----b-",
          "shoot--a--b-3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3",
          "shoot--a---3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3-x",
          "shoot--a--b-3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3-"})
        EXPECT_FALSE((cluster_identity{text}.shoot())) << text;
}

}  // namespace
}  // namespace falconer
