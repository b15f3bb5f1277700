// What a version's engine does with fields, lists, exceptions and escapes..
#include "rule_lint_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(RuleEngine, QuotedTextsHaveFewEscapes) {
    const auto with = [](const std::string& quoted) {
        return lint(rule(">\n    spawned_process and fd.name contains " + quoted));
    };
    for (const auto* good :
         {R"("\\.ssh")", R"("a\"b")", R"('a\'b')", R"("a\tb")", R"("a\ b")", R"(\.ssh)"})
        EXPECT_THAT(with(good), IsEmpty()) << good;
    for (const auto* bad : {R"("\.ssh")", R"('a\"b')", R"("a\'b")", R"("\x20")"})
        EXPECT_THAT(with(bad), ElementsAre(HasSubstr("error: '\\' begins no escape"))) << bad;
}

TEST(RuleEngine, FieldsAreThoseOfTheVersionThatLoadsThem) {
    const auto args = rule("spawned_process and proc.aargs[1] = a");
    EXPECT_THAT(lint(args, {.falco_version = "0.41.3"}), IsEmpty());
    EXPECT_THAT(
        lint(args, {.falco_version = "0.40.0"}),
        ElementsAre(
            "mine.yaml:3:34: error: Falco 0.40.0 has no field 'proc.aargs'; later versions have it"
        )
    );
    const auto log = rule("spawned_process and syslog.message contains a");
    EXPECT_THAT(lint(log, {.falco_version = "0.40.0"}), IsEmpty());
    EXPECT_THAT(
        lint(log, {.falco_version = "0.41.3"}), ElementsAre(HasSubstr("earlier versions had it"))
    );
    const auto one = rule("spawned_process and proc.args[0] = a");
    EXPECT_THAT(lint(one, {.falco_version = "0.42.1"}), IsEmpty());
    EXPECT_THAT(
        lint(one, {.falco_version = "0.40.0"}),
        ElementsAre(HasSubstr("'proc.args' takes no argument in Falco 0.40.0"))
    );
    const auto late = rule("spawned_process and evt.latency > 5");
    EXPECT_THAT(lint(late, {.falco_version = "0.42.1"}), IsEmpty());
    EXPECT_THAT(
        lint(late, {.falco_version = "0.43.0"}),
        ElementsAre(HasSubstr("'evt.latency' is deprecated"))
    );
    EXPECT_THAT(
        lint(rule("spawned_process", "  capture: true\n"), {.falco_version = "0.41.3"}),
        ElementsAre(HasSubstr("a rule has no key 'capture'"))
    );
    EXPECT_THAT(
        lint(rule("spawned_process", "  capture: true\n"), {.falco_version = "0.42.1"}), IsEmpty()
    );
}

TEST(RuleEngine, SomeFieldsStandOnOneSideOnlyAndAsTheyAre) {
    EXPECT_THAT(
        lint(rule("spawned_process and proc.name = val(proc.aname[2])")),
        ElementsAre(HasSubstr("'proc.aname[2]' cannot be compared with"))
    );
    EXPECT_THAT(
        lint(rule("spawned_process and tolower(proc.aname[2]) = a")),
        ElementsAre(HasSubstr("no transformer works on 'proc.aname[2]'"))
    );
}

TEST(RuleEngine, AnEntryIsWhatItsFirstKindOfKeySays) {
    EXPECT_THAT(
        lint(rule("spawned_process", "  required_engine_version: 0.31.0\n")),
        ElementsAre(
            "mine.yaml:1:3: warning: 'rule' is not read: because of 'required_engine_version' the "
            "entry is one of those"
        )
    );
}

TEST(RuleEngine, KeysThatAreThereTwiceAreTold) {
    EXPECT_THAT(
        lint(
            "- rule: Shell in container\n  enabled: false\n  override: {enabled: replace, enabled: "
            "append}\n" +
            rule("spawned_process and container")
        ),
        ElementsAre(HasSubstr("warning: the key 'enabled' is there twice"))
    );
    EXPECT_THAT(
        lint(rule(
            "spawned_process",
            "  exceptions:\n  - name: e\n    fields: proc.name\n    values: [a]\n    values: [b]\n"
        )),
        ElementsAre("mine.yaml:10:5: warning: the key 'values' is there twice; the first counts")
    );
}

TEST(RuleEngine, NothingIsAddedToARuleOfAnotherSource) {
    EXPECT_THAT(
        lint("- rule: Shell in container\n  condition: and proc.tty != 0\n  source: k8s_audit\n"
             "  override: {condition: append}\n"),
        ElementsAre(HasSubstr("is of source 'syscall', which cannot be changed"))
    );
    EXPECT_THAT(
        lint("- rule: Shell in container\n  condition: and proc.tty != 0\n  source: syscall\n"
             "  override: {condition: append}\n"),
        IsEmpty()
    );
}

TEST(RuleEngine, RulesOfPluginsThatAreNotLoadedAreToldOf) {
    EXPECT_THAT(
        lint("- rule: Audit\n  desc: d\n  condition: ka.verb = get\n  output: o\n  priority: INFO\n"
             "  source: k8s_audit\n"),
        ElementsAre(HasSubstr("warning: source 'k8s_audit' is of a plug-in that is not loaded"))
    );
}

TEST(RuleEngine, ListsInListsAreTextsOfOneLevel) {
    const std::string one = "- list: one\n  items: [a]\n", two = "- list: two\n  items: [one]\n",
                      three = "- list: three\n  items: [two]\n";
    const auto use          = [](const std::string& list) {
        return rule("spawned_process and proc.name in (" + list + ")");
    };
    EXPECT_THAT(lint(one + two + use("two")), IsEmpty());
    EXPECT_THAT(
        lint(two + one + use("two")),
        ElementsAre(
            "mine.yaml:2:11: warning: list 'one' is defined only further down, in line 3 of "
            "mine.yaml: here its name is taken as a text"
        )
    );
    EXPECT_THAT(
        lint(one + two + three + use("three")),
        ElementsAre(
            AllOf(HasSubstr("mine.yaml:6:11: warning"), HasSubstr("one list in another too many"))
        )
    );
    EXPECT_THAT(
        lint(
            "- list: same\n  items: [a]\n- macro: same\n  condition: proc.name = a\n" +
            rule("spawned_process and same and proc.name in (same)")
        ),
        ElementsAre(HasSubstr("error: 'same' is a list and a macro"))
    );
}

TEST(RuleEngine, ValuesOfExceptionsAreJoinedAsTheyStand) {
    const auto with = [](const std::string& exception) {
        return lint(rule("spawned_process", "  exceptions:\n  - {name: e, " + exception + "}\n"));
    };
    EXPECT_THAT(with("fields: proc.cmdline, values: ['\"a b\"', c]"), IsEmpty());
    EXPECT_THAT(
        with("fields: proc.cmdline, values: [a b]"),
        ElementsAre(HasSubstr("error: 'a b' has a blank in it and needs quotes of its own"))
    );
    EXPECT_THAT(
        with("fields: [proc.name, proc.cmdline], comps: [=, in], values: [[a, [b c, d]]]"),
        ElementsAre(HasSubstr("'b c' has a blank in it"))
    );
    EXPECT_THAT(
        with("fields: [proc.name, proc.cmdline], comps: [=, =], values: [[a, b c]]"), IsEmpty()
    );
    EXPECT_THAT(with("fields: proc.env, values: [a]"), IsEmpty());
    EXPECT_THAT(with("fields: \"proc.aname[x]\", values: [a]"), ElementsAre(HasSubstr("error: ")));
}

}  // namespace
}  // namespace falconer::falco
