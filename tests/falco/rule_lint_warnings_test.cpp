// What Falco warns of, and what it swallows: values that are not what they look like, keys that
// nobody reads, words without the blank they need.
#include "rule_lint_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace falconer::falco {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> check(const std::string& condition, const lint_options& how = {}) {
    return lint(rule(">-\n    spawned_process and " + condition), how);
}

/// Source: falcosecurity/libs, userspace/libsinsp/filter.cpp, check_value_and_add_warnings.
TEST(RuleWarnings, FieldsAndTransformersThatAreOnlyTexts) {
    EXPECT_THAT(
        check("proc.name = proc.pname"),
        ElementsAre("mine.yaml:4:37: warning: 'proc.pname' is a text here, though there is such a "
                    "field; the field's value is 'val(proc.pname)'")
    );
    EXPECT_THAT(check("proc.name in (a, proc.aname[2])"), ElementsAre(HasSubstr("such a field")));
    EXPECT_THAT(
        check("proc.name = \"tolower(proc.pname)\""),
        ElementsAre(HasSubstr("warning: 'tolower(proc.pname)' is a text here"))
    );
    EXPECT_THAT(
        lint(
            "- list: names\n  items: [proc.pname]\n" +
            rule("spawned_process and proc.name in (names)")
        ),
        ElementsAre(HasSubstr("mine.yaml:2:11: warning: in list 'names': 'proc.pname' is a text"))
    );
    for (const auto* good :
         {"proc.name = val(proc.pname)", "fd.name = proc.nonsense", "fd.name endswith .name",
          "proc.name in (org.apache.hadoop)", "proc.cmdline contains \"proc.name = a\""})
        EXPECT_THAT(check(good), IsEmpty()) << good;
    // It is no field of this version.
    EXPECT_THAT(check("proc.name = proc.aargs", {.falco_version = "0.40.0"}), IsEmpty());
}

TEST(RuleWarnings, PatternsThatOtherOperatorsDo) {
    for (const auto* needless : {"sh", "^sh$", "'.*sh'", "'sh.*'", "'.*sh.*'", "'sh.+'", "''"})
        EXPECT_THAT(
            check(std::string("proc.name regex ") + needless),
            ElementsAre(AllOf(HasSubstr("warning: "), HasSubstr("needs no regular expression")))
        ) << needless;
    for (const auto* needed : {"'a.b'", "'a|b'", "'[ab]'", "'a.*b'", "'a{2}'", "'.'", "'a+'"})
        EXPECT_THAT(check(std::string("proc.name regex ") + needed), IsEmpty()) << needed;
}

/// Source: falcosecurity/libs, userspace/libsinsp/sinsp_filtercheck_event.cpp,
/// validate_filter_value.
TEST(RuleWarnings, EventsAreNamedWhollyUnderEveryOperator) {
    for (const auto* bad :
         {"evt.type contains opem", "evt.type startswith ope", "evt.type regex 'open.*'",
          "evt.type pmatch (opem)", "tolower(evt.type) = opem"})
        EXPECT_THAT(
            check(bad), ElementsAre(AllOf(HasSubstr("error: "), HasSubstr("there is no event")))
        ) << bad;
    EXPECT_THAT(check("evt.type startswith execve"), IsEmpty());
    EXPECT_THAT(check("syscall.type startswith exec"), IsEmpty());
}

/// Source: falcosecurity/libs, userspace/libsinsp/filter/parser.cpp.
TEST(RuleWarnings, WordsNeedTheBlankBehindThem) {
    EXPECT_THAT(
        check("proc.name contains\"a\""),
        ElementsAre("mine.yaml:4:43: error: expected a blank behind 'contains', found '\"a\"'")
    );
    for (const auto* bad : {"proc.name startswith(a)", "proc.name startswith oneof(a, b)"})
        EXPECT_THAT(check(bad), ElementsAre(HasSubstr("expected a blank behind"))) << bad;
    EXPECT_THAT(check("proc.name =oneof (a)"), ElementsAre(HasSubstr("error: ")));
    for (const auto* good :
         {"proc.name in(a)", "proc.name=a", "proc.name startswith oneof (a, b)",
          "proc.name = oneof", "proc.name = oneof and proc.tty = 0", "(proc.name contains oneof)",
          "proc.name startswith oneof x"})
        EXPECT_THAT(check(good), IsEmpty()) << good;
    EXPECT_THAT(
        lint(
            "- list: two\n  items: [a, b]\n" +
            rule("spawned_process and proc.name startswith oneof two")
        ),
        ElementsAre(HasSubstr("stands in parentheses: 'startswith oneof (two)'"))
    );
}

TEST(RuleWarnings, ValTakesAFieldAsItIs) {
    EXPECT_THAT(
        check("proc.name = val(tolower(proc.pname))"),
        ElementsAre(HasSubstr("mine.yaml:4:41: error: val() takes a field as it is"))
    );
    EXPECT_THAT(check("proc.name = val( proc.pname )"), IsEmpty());
    EXPECT_THAT(check("proc.name = tolower(proc.pname)"), IsEmpty());
}

TEST(RuleWarnings, KeysThatNobodyReadsBesideWhatIsRequired) {
    EXPECT_THAT(
        lint("- required_engine_version: 0.31.0\n  desc: d\n"),
        ElementsAre("mine.yaml:2:3: warning: 'desc' is not read: 'required_engine_version' stands "
                    "by itself")
    );
    EXPECT_THAT(
        lint("- required_plugin_versions:\n  - name: container\n    version: 0.2.0\n"
             "    alternative: []\n"),
        ElementsAre("mine.yaml:4:5: warning: a required plug-in has no key 'alternative'; did you "
                    "mean 'alternatives'?")
    );
    EXPECT_THAT(
        lint("- required_plugin_versions:\n  - {name: container, version: 0.2.0, alternatives: "
             "[{name: a, version: 1.0.0, alternatives: []}]}\n"),
        ElementsAre(HasSubstr("has no key 'alternatives'"))
    );
}

/// Source: falcosecurity/falco 0.40.0 to 0.44.1, userspace/engine/rule_loader_reader.cpp.
TEST(RuleWarnings, NamesThatNoConditionCanHoldLoadInEveryVersion) {
    for (const auto* version : {"0.40.0", "0.43.0", "0.44.1"})
        EXPECT_THAT(
            lint(
                "- list: a b\n  items: [x]\n- macro: a-b\n  condition: proc.name = a\n",
                {.falco_version = version}
            ),
            ElementsAre(
                HasSubstr("warning: list 'a b' can never be named"), HasSubstr("'a b' is not used"),
                HasSubstr("warning: macro 'a-b' can never be named"), HasSubstr("is not used")
            )
        ) << version;
}

TEST(RuleWarnings, ContainerInfoSaysNothingAnyMore) {
    const auto text =
        "- rule: Mine\n  desc: d\n  condition: spawned_process\n"
        "  output: a %container.info\n  priority: INFO\n";
    EXPECT_THAT(lint(text, {.falco_version = "0.40.0"}), IsEmpty());
    EXPECT_THAT(
        lint(text, {.falco_version = "0.41.0"}),
        ElementsAre(HasSubstr("mine.yaml:4:13: warning: '%container.info' is deprecated"))
    );
}

TEST(RuleWarnings, ControlCharactersAreNoText) {
    const auto with = [](char c) {
        return lint("- list: shell_binaries\n  items: [a" + std::string(1, c) + "b]\n- rule: x\n");
    };
    EXPECT_THAT(
        with('\0'), ElementsAre("mine.yaml:2:12: error: not YAML: the control character \\x00")
    );
    // Behind it the parser reads nothing more.
    EXPECT_THAT(
        with('\4'), ElementsAre("mine.yaml:2:12: error: not YAML: the control character \\x04")
    );
    EXPECT_THAT(
        lint("- list: shell_binaries\r\n  items:\r\n  - ab\t# a tab\r\n"
             "  override: {items: append}\r\n"),
        IsEmpty()
    );
}

}  // namespace
}  // namespace falconer::falco
