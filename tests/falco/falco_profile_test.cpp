#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/version_policy.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto header =
    "apiVersion: falco.gardener.cloud/v1alpha1\nkind: FalcoProfile\nmetadata: {name: %}\n";

decoded_profile decode(const std::string& spec, const std::string& name = "p") {
    std::string text = header;
    text.replace(text.find('%'), 1, name);
    return decode_falco_profile(yaml(text + spec));
}

falco_profile profile(const std::string& name, const std::string& falco) {
    auto decoded = decode("spec: {versions: {falco: [" + falco + "]}}", name);
    EXPECT_THAT(decoded.problems, IsEmpty());
    return decoded.profile;
}

std::vector<std::string> said(const field_problems& problems) {
    std::vector<std::string> all;
    for (const auto& each : problems) all.push_back(each.text());
    return all;
}

TEST(FalcoProfileTest, ReadsVersionsAndTheirImages) {
    const auto decoded = decode(
        "spec:\n  versions:\n    falco:\n"
        "    - {version: 0.42.1, classification: supported, rulesVersion: 5.0.0}\n"
        "    - {version: 0.40.0, classification: deprecated, rulesVersion: 3.2.0,\n"
        "       expirationDate: 2026-07-31T23:59:59Z}\n"
        "    falcosidekick:\n    - {version: 2.34.0, classification: supported}\n"
        "  images:\n    falco:\n    - {version: 0.42.1, repository: r/falco, tag: 0.42.1}\n"
        "    - {version: 0.40.0, repository: r/falco, tag: 'sha256:ab'}\n"
        "    falcosidekick:\n    - {version: 2.34.0, repository: r/kick}\n"
    );
    EXPECT_THAT(said(decoded.problems), IsEmpty());
    ASSERT_THAT(decoded.profile.falco, SizeIs(2));
    EXPECT_EQ(decoded.profile.falco[0].image, "r/falco:0.42.1");
    EXPECT_EQ(decoded.profile.falco[0].is, classification::supported);
    EXPECT_EQ(decoded.profile.falco[0].expires, std::nullopt);
    EXPECT_EQ(decoded.profile.falco[1].image, "r/falco@sha256:ab");
    EXPECT_EQ(text_of(*decoded.profile.falco[1].expires), "2026-07-31T23:59:59Z");
    EXPECT_EQ(decoded.profile.falcosidekick.at(0).image, "r/kick");
}

TEST(FalcoProfileTest, AnImageIsOneWordAndAVersionHasOne) {
    const auto decoded = decode(
        "spec:\n  versions:\n    falco:\n"
        "    - {version: 1.0.0, classification: supported, rulesVersion: 1.0.0}\n"
        "  images:\n    falco:\n    - {version: 1.0.0, repository: r/a, tag: x}\n"
        "    - {version: 1.0.0, repository: r/a, tag: x}\n"
        "    - {version: 1.0.0, repository: r/b}\n"
        "    - {version: 1.0.0, repository: r b, tag: \"x\\n\"}\n"
    );
    EXPECT_THAT(
        said(decoded.problems),
        ElementsAre(
            "spec.images.falco[2].repository: is r/b; before, the image of 1.0.0 is r/a:x",
            "spec.images.falco[3].repository: expected one word, found 'r b'",
            "spec.images.falco[3].tag: expected one word, found 'x\\x0a'"
        )
    );
    EXPECT_EQ(decoded.profile.falco.at(0).image, "r/a:x");
}

TEST(FalcoProfileTest, ADateWithoutZoneIsUtc) {
    const auto p = profile(
        "p",
        "{version: 1.0.0, classification: supported, rulesVersion: 1.0.0, "
        "expirationDate: '2026-07-31T23:59:59'}"
    );
    EXPECT_EQ(text_of(*p.falco.at(0).expires), "2026-07-31T23:59:59Z");
}

TEST(FalcoProfileTest, ExpiryIsInclusive) {
    const auto p = profile(
        "p",
        "{version: 1.0.0, classification: preview, rulesVersion: 1.0.0, "
        "expirationDate: '1970-01-01T00:01:00Z'}"
    );
    using std::chrono::seconds;
    EXPECT_FALSE(p.falco.at(0).expired(utc_time(seconds(59))));
    EXPECT_TRUE(p.falco.at(0).expired(utc_time(seconds(60))));
}

TEST(FalcoProfileTest, FindsEveryProblemAndKeepsWhatIsRight) {
    const auto decoded = decode(
        "spec:\n  versions:\n    falco:\n"
        "    - {version: v1.0.0, classification: unsupported, rulesVersion: 5}\n"
        "    - {version: 0.42.1, classification: supported, rulesVersion: 5.0.0}\n"
        "    - {version: 0.43.0, classification: supported}\n"
        "    - {version: 0.44.0, classification: supported, rulesVersion: 1.0.0,\n"
        "       expirationDate: soon}\n"
        "    falcosidekik: []\n"
    );
    EXPECT_THAT(
        said(decoded.problems),
        ElementsAre(
            "spec.versions.falco[0].version: expected a version such as 0.42.1, found 'v1.0.0'",
            "spec.versions.falco[0].classification: expected preview, supported or deprecated, "
            "found 'unsupported'",
            "spec.versions.falco[0].rulesVersion: expected a text, found 5",
            "spec.versions.falco[2].rulesVersion: is needed",
            "spec.versions.falco[3].expirationDate: expected a time such as 2026-07-31T23:59:59Z, "
            "found 'soon'",
            "spec.versions.falcosidekik: unknown field; did you mean 'falcosidekick'?"
        )
    );
    ASSERT_THAT(decoded.profile.falco, SizeIs(1));
    EXPECT_EQ(decoded.profile.falco[0].version, "0.42.1");
}

TEST(FalcoProfileTest, WhatIsNoProfileIsSaid) {
    EXPECT_THAT(
        said(decode_falco_profile(yaml("[]")).problems),
        ElementsAre("expected a mapping, found a list")
    );
    EXPECT_THAT(
        said(decode_falco_profile(yaml("kind: Pod\n")).problems),
        ElementsAre(
            "apiVersion: expected falco.gardener.cloud/v1alpha1",
            "kind: expected FalcoProfile, found 'Pod'", "metadata.name: is needed",
            "spec: is needed"
        )
    );
}

TEST(FalcoProfileTest, WhatProfilesAgreeAboutIsOneEntryWithoutAWord) {
    const auto* same = "{version: 1.0.0, classification: supported, rulesVersion: 1.0.0}";
    const auto  all  = merge({profile("a", same), profile("b", same)});
    EXPECT_THAT(all.falco, SizeIs(1));
    EXPECT_THAT(all.warnings, ElementsAre(HasSubstr("no profile names its image")));
}

TEST(FalcoProfileTest, OfConflictingEntriesTheMostCarefulCountsWhateverTheirOrder) {
    auto a = profile(
        "a",
        "{version: 1.0.0, classification: supported, rulesVersion: 2.0.0, "
        "expirationDate: '2027-01-01T00:00:00Z'}"
    );
    auto b = profile("b", "{version: 1.0.0, classification: preview, rulesVersion: 3.0.0}");
    auto c = profile(
        "c",
        "{version: 1.0.0, classification: deprecated, rulesVersion: 4.0.0, "
        "expirationDate: '2026-12-01T00:00:00Z'}"
    );
    a.falco[0].image = "r:a";
    b.falco[0].image = "r:b";
    std::vector all{a, b, c};
    std::ranges::sort(all, {}, &falco_profile::name);
    std::optional<std::vector<std::string>> warnings;
    do {
        const auto merged = merge(all);
        ASSERT_THAT(merged.falco, SizeIs(1));
        const auto& one = merged.falco.begin()->second;
        EXPECT_EQ(one.is, classification::deprecated);
        EXPECT_EQ(text_of(*one.expires), "2026-12-01T00:00:00Z");
        EXPECT_EQ(one.rules_version, "2.0.0") << "that of the alphabetically first";
        EXPECT_EQ(one.image, "r:a");
        if (!warnings) warnings = merged.warnings;
        EXPECT_EQ(merged.warnings, *warnings);
    } while (std::ranges::next_permutation(all, {}, &falco_profile::name).found);
    EXPECT_THAT(
        *warnings,
        ElementsAre(
            "falco 1.0.0: FalcoProfiles disagree about classification (a: supported, b: preview, "
            "c: deprecated); deprecated counts",
            "falco 1.0.0: FalcoProfiles disagree about expirationDate (a: 2027-01-01T00:00:00Z, "
            "b: never, c: 2026-12-01T00:00:00Z); 2026-12-01T00:00:00Z counts",
            "falco 1.0.0: FalcoProfiles disagree about rulesVersion (a: 2.0.0, b: 3.0.0, "
            "c: 4.0.0); 2.0.0 counts",
            "falco 1.0.0: FalcoProfiles disagree about image (a: r:a, b: r:b); r:a counts"
        )
    );
}

TEST(FalcoProfileTest, OfRandomProfilesNoMoveIsWrongAndTheirOrderDoesNotMatter) {
    const utc_time now{std::chrono::seconds(1'000'000)};
    std::mt19937   random(20261130);
    const auto     any = [&](int below) {
        return static_cast<int>(random() % static_cast<unsigned>(below));
    };
    int moves = 0;
    for (int round = 0; round < 2'000; ++round) {
        std::vector<falco_profile> all(static_cast<std::size_t>(1 + any(4)));
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i].name = std::string(1, static_cast<char>('a' + i));
            for (int minor = 0; minor < 6; ++minor) {
                if (any(3) == 0) continue;
                offered_version one{
                    .version       = "1." + std::to_string(minor) + ".0",
                    .is            = static_cast<classification>(any(3)),
                    .rules_version = std::to_string(any(2)) + ".0.0",
                    .image         = any(3) == 0 ? "" : "r:" + all[i].name
                };
                if (any(2) != 0) one.expires = event_time{999'999 + any(3), 0};
                all[i].falco.push_back(one);
            }
        }
        const auto merged = merge(all);
        std::ranges::shuffle(all, random);
        const auto again = merge(all);
        ASSERT_EQ(merged.falco, again.falco);
        ASSERT_EQ(merged.warnings, again.warnings);

        const auto current = "1." + std::to_string(any(7)) + ".0";
        const auto move    = plan_version(
            merged.falco, current, any(2) != 0 ? auto_update::on : auto_update::off, now
        );
        // Every profile that has the target agrees that it can be had.
        if (!move.target) continue;
        ++moves;
        for (const auto& profile : all)
            for (const auto& one : profile.falco)
                if (one.version == *move.target) {
                    ASSERT_EQ(one.is, classification::supported);
                    ASSERT_FALSE(one.expired(now));
                }
        const auto target = *semver::parse(*move.target), from = *semver::parse(current);
        if (move.what == version_move::action::automatic) {
            ASSERT_GT(target, from);
        } else if (target < from) {
            ASSERT_TRUE(!merged.falco.contains(from) || merged.falco.at(from).expired(now));
        }
    }
    EXPECT_GT(moves, 200);
}

TEST(FalcoProfileTest, AnImageMayComeFromAnotherProfile) {
    auto a = profile("a", "{version: 1.0.0, classification: supported, rulesVersion: 1.0.0}");
    auto b = a;
    b.name = "b";
    b.falco[0].image  = "r:1";
    const auto merged = merge({b, a});
    EXPECT_EQ(merged.falco.begin()->second.image, "r:1");
    EXPECT_THAT(merged.warnings, IsEmpty());
}

}  // namespace
}  // namespace falconer::falco
