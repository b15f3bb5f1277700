#include "falconer/heartbeat.hpp"

#include "falconer/base64.hpp"

#include <gtest/gtest.h>

namespace falconer {
namespace {

TEST(HeartbeatKeyTest, IsHkdfOfTheLandscapesSecretForTheClustersIdentity) {
    // Source: RFC 5869, test case 3, its first 32 bytes.
    const secret landscape(std::string(22, '\x0b'));
    const auto   made = decode_base64(heartbeat_key_of(landscape, "").reveal());
    ASSERT_TRUE(made);
    EXPECT_EQ(hex_text(*made), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    // python3: hmac.new(hmac.new(bytes(32), secret, sha256).digest(), b"cluster-a\\x01", sha256)
    const secret ours("a landscape secret of 32 bytes!!");
    EXPECT_EQ(
        heartbeat_key_of(ours, "cluster-a").reveal(), "ePp81+h2HkLoL6kYDXQCjlZ0c+jNmzGGXmKs7SpzjrI="
    );
    EXPECT_NE(
        heartbeat_key_of(ours, "cluster-b").reveal(), heartbeat_key_of(ours, "cluster-a").reveal()
    );
}

}  // namespace
}  // namespace falconer
