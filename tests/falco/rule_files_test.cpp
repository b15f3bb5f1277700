// The files of a ConfigMap with rules.
#include "falconer/falco/rule_files.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;

TEST(RuleFiles, EachNameThatComesTwiceIsToldOnceAndTakenOnce) {
    const auto read =
        read_custom_rules(yaml("data:\n"
                               "  b.yaml: '- list: b'\n"
                               "  a.yaml: '- list: a'\n"
                               "  b.yaml: '- list: b'\n"
                               "  c.yaml: '- list: c'\n"
                               "  a.yaml: '- list: a'\n"
                               "  a.yaml: '- list: a'\n"));
    EXPECT_THAT(
        read.problems,
        ElementsAre("rule file a.yaml is there twice", "rule file b.yaml is there twice")
    );
    std::vector<std::string> names;
    for (const auto& each : read.files) names.push_back(each.name);
    EXPECT_THAT(names, ElementsAre("a.yaml", "b.yaml", "c.yaml"));
}

}  // namespace
}  // namespace falconer::falco
