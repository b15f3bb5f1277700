// Overrides that change nothing, or whose change nobody will see.
#include "rule_lint_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace falconer::falco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string shell = "- rule: Shell in container\n";

TEST(RuleOverrides, WhatChangesSomethingIsNotTalkedAbout) {
    EXPECT_THAT(
        lint(
            shell +
            "  condition: and proc.tty != 0\n  priority: INFO\n"
            "  override: {condition: append, priority: replace}\n" +
            shell +
            "  condition: and proc.pname = cat\n  output: ' on %evt.hostname'\n"
            "  override: {condition: append, output: append}\n" +
            "- list: shell_binaries\n  items: [zsh]\n  override: {items: append}\n"
        ),
        IsEmpty()
    );
}

TEST(RuleOverrides, WhatIsReplacedByTheSameIsTold) {
    EXPECT_THAT(
        lint(
            shell + "  condition: |\n    spawned_process and container\n       and proc.name in "
                    "(shell_binaries)\n  enabled: true\n  override: {condition: replace, enabled: "
                    "replace}\n"
        ),
        ElementsAre(
            "mine.yaml:2:3: warning: this is the condition it had",
            "mine.yaml:5:3: warning: rule 'Shell in container' is enabled already"
        )
    );
}

TEST(RuleOverrides, AChangeThatALaterOneReplacesIsTold) {
    EXPECT_THAT(
        lint(
            shell +
            "  output: a\n  priority: INFO\n  override: {output: replace, priority: "
            "replace}\n" +
            shell + "  output: b\n  override: {output: replace}\n"
        ),
        ElementsAre("mine.yaml:2:3: warning: this change of 'output' is without effect: line 5 of "
                    "mine.yaml replaces it")
    );
    EXPECT_THAT(
        lint(
            shell + "  enabled: false\n  override: {enabled: replace}\n" + shell +
            "  desc: d\n  condition: spawned_process\n  output: o\n  priority: INFO\n"
        ),
        ElementsAre(
            "mine.yaml:2:3: warning: this change of 'enabled' is without effect: line 4 of "
            "mine.yaml defines the rule anew",
            "mine.yaml:4:3: warning: this replaces all of rule 'Shell in container' of "
            "falco_rules.yaml; with 'override' one can change a part of it"
        )
    );
}

/// Source: falcosecurity/falco 0.40.0 to 0.44.1, userspace/engine/rule_loader_reader.cpp.
TEST(RuleOverrides, WhatCanBeReplacedIsTheVersionsOwn) {
    const auto capture = shell + "  capture: true\n  override: {capture: replace}\n";
    EXPECT_THAT(lint(capture, {.falco_version = "0.42.1"}), IsEmpty());
    EXPECT_THAT(
        lint(capture, {.falco_version = "0.41.3"}),
        ElementsAre(
            HasSubstr("warning: a rule has no key 'capture'"),
            HasSubstr("error: the 'capture' of a rule cannot be overridden")
        )
    );
}

/// A file may be meant for several versions of the standard rules.
TEST(RuleOverrides, WhatAListHasAlreadyMayBeAppended) {
    EXPECT_THAT(
        lint("- list: shell_binaries\n  items: [zsh, bash]\n  override: {items: append}\n"),
        IsEmpty()
    );
}

}  // namespace
}  // namespace falconer::falco
