#include "agent/final_configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::agent {
namespace {

using ::testing::HasSubstr;

TEST(FinalConfigurationTest, TheTokenStandsWhereverItsPlaceholderStood) {
    const auto done = put_token("a: Bearer SA_TOKEN\nb: x=SA_TOKENy\n", secret{"aa.bb-_.cc\n"});
    ASSERT_TRUE(done);
    EXPECT_EQ(*done, "a: Bearer aa.bb-_.cc\nb: x=aa.bb-_.ccy\n");
    EXPECT_EQ(*put_token("nothing to put", secret{"t"}), "nothing to put");
    EXPECT_EQ(*put_token("nothing to put", std::nullopt), "nothing to put");
}

TEST(FinalConfigurationTest, WhatIsNoTokenIsNotPutIntoYaml) {
    for (const char* bad : {"", "\n", "a b", "a\nb: c", "\"", "a#b", "{}", "a: b", "é"}) {
        const auto done = put_token("SA_TOKEN", secret{bad});
        ASSERT_FALSE(done) << bad;
        EXPECT_EQ(done.error().detail, "the token file holds no token");
    }
    EXPECT_THAT(put_token("SA_TOKEN", std::nullopt).error().detail, HasSubstr("--token-file"));
}

TEST(FinalConfigurationTest, AFolderThatIsNotThereIsNamed) {
    const auto wrote = write_whole("/nowhere/config.yaml", "x");
    ASSERT_FALSE(wrote);
    EXPECT_EQ(wrote.error().detail, "/nowhere/config.yaml.new: No such file or directory");
}

}  // namespace
}  // namespace falconer::agent
