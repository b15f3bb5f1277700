// Images that an operator puts in the place of ours.
#include "falconer/falco/image_vector.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct overwritten {
    std::string              image{};
    std::vector<std::string> problems{}, warnings{};
};

overwritten overwrite(const std::string& vector, const std::string& section = "{}") {
    field_problems problems;
    auto           settings = decode_operator_settings(yaml(section), problems);
    overwrite_images(settings, yaml(vector), problems);
    overwritten made{settings.agent_image, {}, settings.warnings};
    for (const auto& each : problems)
        made.problems.push_back(std::to_string(each.line) + ": " + each.text());
    return made;
}

std::string tag_of_ours() {
    const std::string ours(built_in_image());
    return ours.substr(ours.rfind(':'));
}

TEST(ImageVector, OurEntryReplacesTheBuiltInImage) {
    for (const auto& [entry, image] : std::vector<std::pair<std::string, std::string>>{
             {"repository: r.example.com:5000/falconer, tag: '2'", "r.example.com:5000/falconer:2"},
             {"repository: r/falconer, tag: 'sha256:ab'", "r/falconer@sha256:ab"},
             {"repository: r/falconer", "r/falconer" + tag_of_ours()},
             {"ref: 'r/other@sha256:cd', repository: r/falconer", "r/other@sha256:cd"},
             {"repository: r/falconer, tag: v1, version: '1', resourceId: {name: x}, labels: [1]",
              "r/falconer:v1"},
         }) {
        const auto made = overwrite("images:\n- {name: falconer, " + entry + "}\n");
        EXPECT_EQ(made.image, image) << entry;
        EXPECT_THAT(made.problems, IsEmpty());
        EXPECT_THAT(made.warnings, IsEmpty());
    }
}

TEST(ImageVector, TheLastOfSeveralEntriesCounts) {
    const auto made = overwrite(
        "images:\n- {name: falconer, repository: a, tag: '1'}\n"
        "- {name: falconer, repository: b}\n"
    );
    EXPECT_EQ(made.image, "b" + tag_of_ours()) << "what it replaces is the built-in one";
}

TEST(ImageVector, WhatTheConfigurationNamesStays) {
    const auto made =
        overwrite("images:\n- {name: falconer, repository: a, tag: '1'}\n", "agentImage: mine:7\n");
    EXPECT_EQ(made.image, "mine:7");
}

TEST(ImageVector, EntriesThatMeanNothingHereAreSaidIfSomebodyMayThinkSo) {
    const auto made = overwrite(
        "images:\n"
        "- {name: falco, repository: a, tag: '1', version: 0.43.0}\n"
        "- {name: falco-ops, repository: a}\n"
        "- {name: vpn-client, repository: 7}\n"
        "- nonsense\n"
        "- {name: falconer, repository: a, targetVersion: '>= 1.31'}\n"
    );
    EXPECT_EQ(made.image, built_in_image());
    EXPECT_THAT(made.problems, IsEmpty());
    EXPECT_THAT(
        made.warnings, ElementsAre(
                           HasSubstr("falco.registryMirror"), StartsWith("images[1]: falco-ops"),
                           StartsWith("images[4]: falconer has no effect")
                       )
    );
}

TEST(ImageVector, WhatIsWrongIsToldAtOnceWithItsLine) {
    EXPECT_THAT(
        overwrite("images: falconer\n").problems,
        ElementsAre("1: images: expected a list, found 'falconer'")
    );
    EXPECT_THAT(overwrite("{}").problems, ElementsAre(HasSubstr("images: expected a list")));
    EXPECT_THAT(overwrite("- a\n").problems, ElementsAre(HasSubstr("images: expected a list")));
    const auto made = overwrite(
        "images:\n- name: falconer\n  tag: 1.5\n- name: falconer\n- name: falconer\n"
        "  repository: a b\n  ref: [c]\n"
    );
    EXPECT_THAT(
        made.problems, ElementsAre(
                           "3: images[0].tag: expected one word, found 1.5",
                           StartsWith("4: images[1].repository: is needed"),
                           "7: images[2].ref: expected one word, found a list",
                           "6: images[2].repository: expected one word, found 'a b'"
                       )
    );
    EXPECT_EQ(made.image, built_in_image());
}

}  // namespace
}  // namespace falconer::falco
