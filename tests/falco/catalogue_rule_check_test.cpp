// The rules of a review, behind standard files that are at hand, or not.
#include "falconer/falco/catalogue_rule_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const rule_catalogue standard{
    {"5.0.0",
     {{"falco_rules.yaml", "- macro: spawned\n  condition: evt.type in (execve, execveat)\n"}}}
};

rule_file rule(const std::string& name, const std::string& condition) {
    return {
        name, "- rule: " + name + "\n  desc: d\n  condition: " + condition +
                  "\n  output: seen\n  priority: INFO\n"
    };
}

std::vector<std::vector<std::string>> asked(
    const rule_catalogue& catalogue, const std::vector<rule_file>& custom, bool unseen = false
) {
    rules_in_use in{
        .falco_version = "0.43.0",
        .rules_version = "5.0.0",
        .standard      = {"falco-rules"},
        .others_unseen = unseen
    };
    for (const auto& each : custom) in.custom.push_back(&each);
    return catalogue_rule_check(catalogue).problems_of(in);
}

TEST(CatalogueRuleCheckTest, StandardFilesAreLoadedBeforeTheUsers) {
    EXPECT_THAT(
        asked(standard, {rule("a.yaml", "spawned"), rule("b.yaml", "spawnd")}),
        ElementsAre(IsEmpty(), ElementsAre(HasSubstr("b.yaml:3:")))
    );
}

TEST(CatalogueRuleCheckTest, WhatUnseenFilesMayHoldIsNoProblem) {
    const auto good = rule("a.yaml", "spawnd"), bad = rule("b.yaml", "spawnd and (");
    EXPECT_THAT(
        asked({}, {good, bad}), ElementsAre(IsEmpty(), ElementsAre(HasSubstr("b.yaml:3:")))
    );
    EXPECT_THAT(asked(standard, {good}, true), ElementsAre(IsEmpty()));
}

TEST(CatalogueRuleCheckTest, OtherStandardFilesOfTheSameNameAreAnotherQuestion) {
    const auto mine = rule("a.yaml", "spawned");
    EXPECT_THAT(asked(standard, {mine}), ElementsAre(IsEmpty()));
    auto reloaded = standard;
    reloaded["5.0.0"]["falco_rules.yaml"] =
        "- macro: spawnd\n  condition: evt.type in (execve, execveat)\n";
    EXPECT_THAT(asked(reloaded, {mine}), ElementsAre(ElementsAre(HasSubstr("'spawnd'"))));
    EXPECT_THAT(asked(standard, {mine}), ElementsAre(IsEmpty()));
}

TEST(CatalogueRuleCheckTest, FilesWithoutAnyRuleAreRefusedWhereTheyAreAll) {
    const rule_file macros{"a.yaml", "- macro: mine\n  condition: proc.name = a\n"};
    const auto      file = rule("b.yaml", "mine");
    rules_in_use    in{.falco_version = "0.43.0", .rules_version = "5.0.0", .custom = {&macros}};
    const catalogue_rule_check check(standard);
    EXPECT_THAT(
        check.problems_of(in),
        ElementsAre(ElementsAre("a.yaml:1:1: error: there is no rule in any of the files: Falco "
                                "would see nothing"))
    );
    in.others_unseen = true;
    EXPECT_THAT(check.problems_of(in), ElementsAre(IsEmpty()));
    in.others_unseen = false;
    in.custom        = {&macros, &file};
    EXPECT_THAT(check.problems_of(in), ElementsAre(IsEmpty(), IsEmpty()));
}

TEST(CatalogueRuleCheckTest, ManyProblemsOfAFileAreCounted) {
    std::string text;
    for (int i = 0; i < 9; ++i)
        text += "- rule: r" + std::to_string(i) +
                "\n  desc: d\n  condition: nobody\n  output: seen\n  priority: INFO\n";
    const auto said = asked(standard, {{"a.yaml", text}});
    ASSERT_EQ(said.size(), 1U);
    ASSERT_EQ(said[0].size(), catalogue_rule_check::most_told + 1);
    EXPECT_EQ(said[0].back(), "a.yaml: and 4 more problems");
}

}  // namespace
}  // namespace falconer::falco
