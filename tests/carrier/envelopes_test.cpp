#include "carrier/envelopes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(EnvelopesTest, ComeBackAsTheyWere) {
    tell_request told{.from = {"r", 17, 3}, .after = 5, .upto = 9};
    told.messages.push_back(value{{"to", "c"}, {"kind", "cluster_gone"}});
    const auto tell = read_tell(text_of(told));
    ASSERT_TRUE(tell) << tell.error().detail;
    EXPECT_EQ(text_of(*tell), text_of(told));

    const hear_request asked{
        .from = {"r", 17, 4}, .wait = 20s, .cursors = {{"one", 0}, {"other", 1'000'000}}
    };
    const auto hear = read_hear(text_of(asked));
    ASSERT_TRUE(hear) << hear.error().detail;
    EXPECT_EQ(text_of(*hear), text_of(asked));

    peer_answer said{.by = "i", .applied = 9, .reset = true, .more = true, .upto = 7};
    said.messages.push_back(value{{"to", "c"}, {"kind", "quota_changed"}, {"spent", true}});
    said.refused.push_back({"d", "foreign"});
    said.unknown.emplace_back("colour_changed");
    const auto answer = read_answer(text_of(said));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(text_of(*answer), text_of(said));
}

TEST(EnvelopesTest, FieldsOfANewerReleaseAreLeftAlone) {
    const auto got = read_tell(
        R"({"version":1,"reign":"r","began":1,"number":2,"after":0,"upto":0,"colour":{"is":[]}})"
    );
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->from.number, 2u);
}

TEST(EnvelopesTest, AnotherVersionIsRefusedByItsNumber) {
    const auto got = read_hear(R"({"version":2,"reign":"r"})");
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, HasSubstr("version 1 is spoken here, not 2"));
    EXPECT_FALSE(read_tell("{}"));
}

TEST(EnvelopesTest, RubbishIsNamed) {
    for (const auto* each :
         {"", "[", "17", "[]", R"({"version":1})", R"({"version":1,"reign":""})",
          R"({"version":1,"reign":"r","number":-1})", R"({"version":1,"reign":"r","after":"5"})",
          R"({"version":1,"reign":"r","after":5,"upto":4})",
          // Nobody could begin after it.
          R"({"version":1,"reign":"r","began":9223372036854775807})",
          R"({"version":1,"reign":"r","messages":{}})"}) {
        const auto got = read_tell(each);
        ASSERT_FALSE(got) << each;
        EXPECT_EQ(got.error().code, errc::malformed) << each;
        EXPECT_FALSE(got.error().detail.empty()) << each;
    }
    EXPECT_FALSE(read_hear(R"({"version":1,"reign":"r","cursors":[]})"));
    EXPECT_FALSE(read_hear(R"({"version":1,"reign":"r","cursors":{"a":-1}})"));
    EXPECT_FALSE(read_answer(R"({"version":1})"));
}

TEST(EnvelopesTest, MoreMessagesThanAnybodySendsAreNotRead) {
    std::string many = R"({"version":1,"reign":"r","messages":[0)";
    for (std::size_t i = 0; i < most_messages; ++i) many += ",0";
    many += "]}";
    EXPECT_FALSE(read_tell(many));
}

TEST(EnvelopesTest, ARefusalOfAnythingIsOneShortLine) {
    EXPECT_EQ(read_refusal(text_of(peer_refusal{.why = "w", .newest = 5})).newest, 5);
    EXPECT_LT(
        read_refusal(R"({"why":"w","newest":9223372036854775807})").newest,
        std::numeric_limits<std::int64_t>::max()
    ) << "one could not count on";
    EXPECT_EQ(read_refusal("<html>\nno</html>").why, "<html>");
    EXPECT_LE(read_refusal(std::string(5000, 'x')).why.size(), 200u);
}

}  // namespace
}  // namespace falconer::carrier
