#include "oci/tar.hpp"

#include "artifact_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::oci {
namespace {

using test::gzip;
using test::tar_entry;
using test::tar_of;
using ::testing::HasSubstr;

constexpr auto rules = "falco_rules.yaml";

std::string refusal(const std::vector<tar_entry>& entries) {
    const auto got = file_in_tar(tar_of(entries), rules, 1000);
    return got ? "taken: " + *got : got.error().detail;
}

TEST(TarTest, FindsTheFileAmongOthers) {
    const auto archive = tar_of({
        {.name = "./", .kind = '5'},
        {.name = "LICENSE", .text = "free"},
        {.name = "docs/falco_rules.yaml", .text = "another"},
        {.name = "./falco_rules.yaml", .text = "- rule: a\n"},
        {.name = "z.yaml", .text = std::string(5000, 'z')},
    });
    EXPECT_EQ(*file_in_tar(archive, rules, 1000), "- rule: a\n");
}

TEST(TarTest, AFileMayHaveExactlyTheSizeThatIsAllowed) {
    EXPECT_TRUE(file_in_tar(tar_of({{.name = rules, .text = std::string(1000, 'a')}}), rules, 1000)
    );
    const auto larger =
        file_in_tar(tar_of({{.name = rules, .text = std::string(1001, 'a')}}), rules, 1000);
    ASSERT_FALSE(larger);
    EXPECT_EQ(larger.error().code, errc::too_large);
}

TEST(TarTest, AnArchiveWithoutTheFileSaysSo) {
    const auto got = file_in_tar(tar_of({{.name = "other.yaml"}}), rules, 1000);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, errc::not_found);
}

TEST(TarTest, WhatLeadsOutOfTheArchiveIsRefusedWhereverItStands) {
    const tar_entry good{.name = rules, .text = "x"};
    for (const char* name :
         {"../falco_rules.yaml", "/etc/passwd", "a/../../b", "a/..", "..", "a\\b"})
        EXPECT_THAT(refusal({good, {.name = name}}), HasSubstr("has an entry")) << name;
    EXPECT_THAT(refusal({good, {.name = "b", .prefix = "../a"}}), HasSubstr("'../a/b'"));
    EXPECT_EQ(refusal({good, {.name = "..b/c.."}}), "taken: x");
}

TEST(TarTest, LinksAndDevicesAreRefused) {
    for (const char kind : {'1', '2', '3', '4', '6', '7', 'S', 'L', 'K', 'V'})
        EXPECT_THAT(refusal({{.name = rules, .kind = kind}}), HasSubstr("no regular file")) << kind;
}

TEST(TarTest, HeadersThatChangeWhatOthersMeanAreRefused) {
    const tar_entry good{.name = rules, .text = "x"};
    EXPECT_EQ(refusal({{.name = "p", .text = "20 mtime=17.5\n", .kind = 'x'}, good}), "taken: x");
    for (const char* record : {"17 path=../../x\n", "12 size=99\n", "20 linkpath=/etc\n"})
        EXPECT_THAT(
            refusal({{.name = "p", .text = record, .kind = 'x'}, good}), HasSubstr("another name")
        );
}

TEST(TarTest, TheSameFileTwiceIsAmbiguous) {
    EXPECT_THAT(
        refusal({{.name = rules, .text = "a"}, {.name = "./falco_rules.yaml", .text = "b"}}),
        HasSubstr("twice")
    );
}

TEST(TarTest, DamageIsFound) {
    const auto whole = tar_of({{.name = rules, .text = std::string(700, 'a')}});
    auto       bent  = whole;
    bent[3]          = 'X';
    EXPECT_THAT(file_in_tar(bent, rules, 1000).error().detail, HasSubstr("damaged"));
    for (const auto size : {513u, 600u, 1100u})
        EXPECT_FALSE(file_in_tar(whole.substr(0, size), rules, 1000)) << size;
    for (const char* size : {"77777777777", "99999999999", "-0000000001", "\x80\x00\x00\x01"})
        EXPECT_THAT(refusal({{.name = rules, .text = "x", .size = size}}), HasSubstr("cut short"));
}

TEST(TarTest, NoInputIsReadBeyondItsEnd) {
    const auto whole = tar_of({{.name = rules, .text = std::string(700, 'a')}});
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        const std::string cut = whole.substr(0, size);
        static_cast<void>(file_in_tar(cut, rules, 1000));
    }
}

// --- the layer around it ------------------------------------------------------------------------

TEST(RulesLayerTest, IsUnpackedAndMustBeYaml) {
    const auto good = gzip(tar_of({{.name = rules, .text = "- macro: a\n  condition: b\n"}}));
    EXPECT_EQ(*rules_in_layer(good, rules), "- macro: a\n  condition: b\n");
    const auto bad = rules_in_layer(gzip(tar_of({{.name = rules, .text = "a: [b"}})), rules);
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().detail, HasSubstr("is no YAML"));
}

TEST(RulesLayerTest, ABombIsUnpackedNoFurtherThanItMay) {
    const auto bomb = gzip(std::string(64 << 20, '\0'));
    EXPECT_LT(bomb.size(), 100'000u);
    const auto got = rules_in_layer(bomb, rules);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, HasSubstr("more than 4194304"));
    // One whose trailer tells a lie.
    auto liar = bomb;
    liar.replace(liar.size() - 4, 4, std::string("\x00\x10\x00\x00", 4));
    EXPECT_FALSE(rules_in_layer(liar, rules));
    EXPECT_FALSE(rules_in_layer("", rules));
    EXPECT_FALSE(rules_in_layer("no gzip at all, but long enough", rules));
    const auto good = gzip(tar_of({{.name = rules, .text = "[]"}}));
    EXPECT_THAT(
        rules_in_layer(good + good, rules).error().detail,
        HasSubstr(std::to_string(good.size()) + " bytes follow the compressed data")
    );
    EXPECT_FALSE(rules_in_layer(good.substr(0, good.size() - 9), rules));
}

}  // namespace
}  // namespace falconer::oci
