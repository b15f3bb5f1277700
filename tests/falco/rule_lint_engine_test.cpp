// What a version's engine does with fields, lists and escapes.
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

TEST(RuleEngine, ItemsOfListsAreReadAsFalcoQuotesThem) {
    const auto with = [](const std::string& item) {
        return lint(
            "- list: mine\n  items:\n  - " + item + "\n" +
            rule("spawned_process and proc.cmdline in (mine)")
        );
    };
    for (const auto* good : {"a b", "it's a", "'\"a b\"'", "'\"a=b\"'", "a\\\\b c", "/etc/a"})
        EXPECT_THAT(with(good), IsEmpty()) << good;
    for (const auto* bad : {"a=b", "'a \"b'", "'\"a b'", "a(b)", "\"\""})
        EXPECT_THAT(with(bad), ElementsAre(HasSubstr("mine.yaml:3:5: error: in list 'mine'")))
            << bad;
    for (const auto* bad : {"C:\\dir a", "'\"\\.ssh\"'"})
        EXPECT_THAT(with(bad), ElementsAre(HasSubstr("begins no escape"))) << bad;
}

/// With a condition that has quotes of both kinds in it.
std::string quoted_rule(std::string_view condition) {
    std::string text;
    for (const char c : condition) text += c == '\'' ? "''" : std::string(1, c);
    return rule("'spawned_process and " + text + "'");
}

// Source: falcosecurity/libs 0.25, userspace/libsinsp/filter/parser.h and
// sinsp_filtercheck_multivalue_transformer.cpp.
TEST(RuleEngine, SomeTransformersTakeSeveralThings) {
    for (const auto* good :
         {"concat(proc.name, \"/\", fd.name) = a/b",
          "concat( tolower(proc.name) ,'x',12, -0.5, 0xff) startswith a",
          "join(\",\", (proc.name, \"b\", 7)) = a", "len(join(',', ())) > 1",
          "getopt((\"-n\", proc.name), \"n:\") intersects (n)",
          "getopt((proc.name, toupper(proc.pname)), \"nt:\")[t] = a",
          "proc.name = concat(proc.pname, \"x\")", "proc.name in (a) and len(proc.args) > 2"})
        EXPECT_THAT(lint(quoted_rule(good)), IsEmpty()) << good;
    for (const auto& [condition, why] : std::vector<std::pair<std::string, std::string>>{
             {"concat(proc.name) = a", "concat() takes two texts at least"},
             {"concat(proc.name, proc.pid) = a", "concat() takes texts only"},
             {"concat(proc.name, (proc.name)) = a", "concat() takes texts only"},
             {"concat(proc.name, proc.nmae) = a", "did you mean 'proc.name'?"},
             {"concat(proc.name, \"a\")[1] = a", "concat() takes no argument in '[]'"},
             {"concat(proc.name, ) = a", "expected a field, a number, a text in quotes or a list"},
             {"concat(proc.name, \"a\" = a", "expected ')' behind what is in concat("},
             {"concat(proc.name, \"a) = a", "never closed"},
             {"join(proc.name, proc.name) = a", "join() takes what stands between, and a list"},
             {"join(\",\", (a)) = a", "expected a field, a number or a text in quotes"},
             {"getopt(proc.name, \"n\") = a", "getopt() takes a list of arguments"},
             {"getopt((proc.name), \"n\")[no] = a", "is one letter"},
             {"getopt((proc.name), \"n\") = a", "getopt() is a list, which knows no '='"},
             {"tolower(\"a\") = a", "expected a field in tolower()"},
         }) {
        EXPECT_THAT(lint(quoted_rule(condition)), ElementsAre(HasSubstr(why))) << condition;
    }
    const auto concat = rule("spawned_process and concat(proc.name, proc.pname) = a");
    EXPECT_THAT(lint(concat, {.falco_version = "0.44.0"}), IsEmpty());
    EXPECT_THAT(
        lint(concat, {.falco_version = "0.43.0"}),
        ElementsAre(HasSubstr("error: Falco 0.43.0 does not know 'concat'"))
    );
}

TEST(RuleEngine, OutputsKnowTheSameTransformers) {
    const auto output = [](const std::string& is) {
        return "- rule: Mine\n  desc: d\n  condition: spawned_process\n  output: " + is +
               "\n  priority: INFO\n";
    };
    for (const auto* good :
         {"a %concat(proc.name, \"/\", tolower(proc.pname)) b", "%join(',', (proc.name, 'b', 1))",
          "%getopt((proc.name), \"n:\")[n] %proc.name"})
        EXPECT_THAT(lint(output(std::string("|-\n    ") + good)), IsEmpty()) << good;
    for (const auto* wrong :
         {"%concat(proc.name, \"/\"", "%concat(proc.nmae, 1)", "%join(',', (1)",
          "%concat(proc.name, \"a)", "%getopt((proc.name), \"n:\")[n"})
        EXPECT_THAT(lint(output(std::string("|-\n    ") + wrong)), ElementsAre(HasSubstr("error")))
            << wrong;
    EXPECT_THAT(
        lint(output("\"%concat(proc.name, 1)\""), {.falco_version = "0.43.0"}),
        ElementsAre(HasSubstr("Falco 0.43.0 does not know 'concat'"))
    );
}

}  // namespace
}  // namespace falconer::falco
