#include "falconer/hmac.hpp"

#include "falconer/base64.hpp"

#include <gtest/gtest.h>

#include <string>

namespace falconer {
namespace {

std::string hex_of(std::string_view key, std::string_view of) {
    const auto digest = hmac_sha256(key, of);
    return hex_text({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

/// Source: RFC 4231 §4.3 and §4.7 (a key longer than a block).
TEST(HmacTest, GivesTheDigestsOfTheStandard) {
    EXPECT_EQ(
        hex_of("Jefe", "what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    EXPECT_EQ(
        hex_of(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

TEST(HmacTest, TakesAnEmptyKeyAndAnEmptyText) {
    EXPECT_EQ(hex_of({}, {}), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

}  // namespace
}  // namespace falconer
