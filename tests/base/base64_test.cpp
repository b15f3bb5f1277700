#include "falconer/base64.hpp"

#include <gtest/gtest.h>

namespace falconer {
namespace {

TEST(Base64Test, IsThatOfTheStandard) {
    // Source: RFC 4648 §10
    for (const auto& [plain, coded] :
         {std::pair{"", ""},
          {"f", "Zg=="},
          {"fo", "Zm8="},
          {"foo", "Zm9v"},
          {"foob", "Zm9vYg=="},
          {"fooba", "Zm9vYmE="},
          {"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(encode_base64(plain), coded);
        const auto back = decode_base64(coded);
        ASSERT_TRUE(back) << coded;
        EXPECT_EQ(*back, plain);
    }
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(*decode_base64(encode_base64(all)), all);
}

TEST(Base64Test, TakesNothingElse) {
    for (const char* bad :
         {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v Zg==", " Zm9v", "Zm9v\n",
          "Zm9v\n   ", "Zm-_", "Z=g=", "Zg==Zg=="})
        EXPECT_FALSE(decode_base64(bad)) << bad;
}

}  // namespace
}  // namespace falconer
