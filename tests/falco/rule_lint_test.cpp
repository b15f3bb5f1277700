#include "falconer/falco/rule_lint.hpp"

#include "rule_lint_fixture.hpp"
#include "support/effort.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace falconer::falco {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string text_of(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(RuleLint, WhatIsRightIsNotTalkedAbout) {
    EXPECT_THAT(lint(rule("spawned_process and proc.name in (shell_binaries, 'a b')")), IsEmpty());
    EXPECT_THAT(lint(""), IsEmpty());
    EXPECT_THAT(lint("# only a comment\n"), IsEmpty());
}

TEST(RuleLint, PointsAtTheVeryWordAndSaysWhatWasMeant) {
    EXPECT_THAT(
        lint(rule("spawned_process and containr")),
        ElementsAre("mine.yaml:3:34: error: there is no macro 'containr'; did you mean 'container'?"
        )
    );
    EXPECT_THAT(
        lint(rule("spawned_process and proc.nmae = a")),
        ElementsAre(AllOf(StartsWith("mine.yaml:3:34: error: "), HasSubstr("'proc.name'?")))
    );
}

TEST(RuleLint, FindsPlacesInFoldedAndQuotedTexts) {
    EXPECT_THAT(
        lint(rule(">\n    spawned_process\n    and container\n    and proc.pid startswith 1")),
        ElementsAre(StartsWith("mine.yaml:6:18: error: 'proc.pid' is of type integer"))
    );
    EXPECT_THAT(
        lint(rule("\"spawned_process and\n    \\\"proc.name\\\" = a\"")),
        ElementsAre(StartsWith("mine.yaml:4:6: error: expected a field"))
    );
}

TEST(RuleLint, AppendedPartsAreReadTogetherAndBlamedApart) {
    const std::string append = "  override:\n    condition: append\n";
    EXPECT_THAT(
        lint("- rule: Shell in container\n  condition: and proc.tty != 0\n" + append), IsEmpty()
    );
    EXPECT_THAT(
        lint("- rule: Shell in container\n  condition: and proc.tty != none\n" + append),
        ElementsAre(StartsWith("mine.yaml:2:30: error: 'none' is no whole number"))
    );
    EXPECT_THAT(
        lint("- rule: Shell in container\n  condition: proc.tty != 0\n" + append),
        ElementsAre(StartsWith("mine.yaml:2:14: error: expected 'and' or 'or'"))
    );
    EXPECT_THAT(
        lint("- rule: Shell in contaner\n  condition: and proc.tty != 0\n" + append),
        ElementsAre(HasSubstr("to be changed; did you mean 'Shell in container'?"))
    );
}

TEST(RuleLint, MacrosSeeOnlyWhatStandsAboveThem) {
    const std::string late  = "- macro: late\n  condition: proc.name = a\n";
    const std::string early = "- macro: early\n  condition: late and proc.tty = 0\n";
    const auto        use   = rule("spawned_process and early");
    EXPECT_THAT(lint(late + early + use), IsEmpty());
    EXPECT_THAT(lint(early + late + use), ElementsAre(HasSubstr("is defined only further down")));
    EXPECT_THAT(lint(use + late + early), IsEmpty());  // rules see all of them
    EXPECT_THAT(
        lint("- macro: a\n  condition: proc.name = x or a\n" + rule("spawned_process and a")),
        ElementsAre(HasSubstr("macro 'a' uses itself"))
    );
}

TEST(RuleLint, RulesOfAFileDoNotKnowLaterFiles) {
    const std::vector<rule_file> files{
        {"a.yaml",
         "- rule: A\n  desc: d\n  condition: evt.type = open and m\n  output: o\n"
         "  priority: INFO\n"},
        {"b.yaml", "- macro: m\n  condition: proc.name = a\n"}
    };
    const auto found = lint_rules(files, 0, {});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].file, "a.yaml");
    EXPECT_THAT(found[0].message, HasSubstr("only in a later file, b.yaml"));
}

TEST(RuleLint, KnowsTypesOperatorsAndValues) {
    for (const auto& [condition, why] : std::vector<std::pair<std::string, std::string>>{
             {"fd.sip startswith 10", "knows no 'startswith'"},
             {"fd.sip = 10.0.0.300", "is no IP address"},
             {"fd.snet in (10.0.0.0/8, 10.0.0.1)", "is no IP network"},
             {"proc.is_exe_writable = maybe", "is neither 'true' nor 'false'"},
             {"proc.name bcontains aa", "knows no 'bcontains'"},
             {"toupper(proc.pid) = 1", "toupper() does not work on 'proc.pid'"},
             {"len(proc.name) > a", "expected a number"},
             {"len(proc.pid) > 1", "len() does not work on 'proc.pid', which is of type integer"},
             {"proc.name = val(proc.pid)", "'proc.pid' of type integer"},
             {"proc.name[1] = a", "takes no argument"},
             {"evt.arg = a", "needs an argument"},
             {"proc.aname[x] = a", "is a number"},
             {"evt.type = execvee", "there is no event 'execvee'; did you mean 'execve'?"},
             {"proc.name in shell_binaries", "stands in parentheses"},
             {"proc.name = shell_binaries", "is a list"},
             {"proc.name in (shell_binarie)", "did you mean the list 'shell_binaries'?"},
             {"lower(proc.name) = a", "there is no transformer 'lower'"},
             {"proc.name startwith a", "did you mean 'startswith'?"},
             {"proc.name = \"a", "never closed"},
             {"shell_binaries", "is a list"},
         })
        EXPECT_THAT(
            lint(rule(std::string("'spawned_process and ") + condition + "'")),
            ElementsAre(HasSubstr(why))
        ) << condition;
}

TEST(RuleLint, BytesAreWrittenInPairsOfHexadecimalDigits) {
    const auto with = [](const std::string& check) {
        return lint(rule("'spawned_process and evt.buffer " + check + "'"));
    };
    EXPECT_THAT(with("bcontains cafeBABE"), IsEmpty());
    EXPECT_THAT(with("bstartswith \"00ff\""), IsEmpty());
    EXPECT_THAT(with("contains nothex"), IsEmpty());
    EXPECT_THAT(
        with("bcontains cafebab"),
        ElementsAre("mine.yaml:3:56: error: 'cafebab' has 7 hexadecimal digits; a byte has two")
    );
    EXPECT_THAT(with("bstartswith 0xff"), ElementsAre(HasSubstr("'0xff' is no hexadecimal")));
    EXPECT_THAT(
        lint(
            "- list: magic\n  items: [cafe, xy]\n" +
            rule("spawned_process and evt.buffer in (magic)")
        ),
        IsEmpty()
    );
    EXPECT_THAT(
        lint(
            "- list: magic\n  items: [xy]\n" +
            rule("spawned_process and evt.buffer in (magic) and evt.buffer bcontains magic")
        ),
        ElementsAre(AllOf(HasSubstr(":2:11: error: in list 'magic'"), HasSubstr("hexadecimal")))
    );
}

TEST(RuleLint, PatternsAreWhatFalcoCompiles) {
    const auto with = [](const std::string& pattern) {
        return lint(rule("\"spawned_process and proc.exepath regex '" + pattern + "'\""));
    };
    for (const auto* good :
         {"^/tmp/.*[.]so$", "(a|b)+", "[[:digit:]]{1,3}", "\\\\\\\\.so", "ä.*b", "x{2,}"})
        EXPECT_THAT(with(good), IsEmpty()) << good;
    EXPECT_THAT(
        with("[a"),
        ElementsAre("mine.yaml:3:54: error: '[a' is no regular expression; RE2 says: missing ]: [a")
    );
    for (const auto* bad : {"(a", "a)", "*a", "a{2,1}", "[z-a]", "x{2000}", "[[:digits:]]"})
        EXPECT_THAT(with(bad), ElementsAre(HasSubstr(": error: "))) << bad;
    // Perl's, which Falco does not read.
    for (const auto* perl : {"\\\\\\\\d+", "\\\\\\\\bsh", "(?i)a", "(?:a)"})
        EXPECT_THAT(
            with(perl), ElementsAre(AllOf(HasSubstr(": error: "), HasSubstr("as POSIX has them")))
        ) << perl;
}

TEST(RuleLint, PatternsMadeToKeepUsBusyAreNotAllCompiled) {
    // The same number of different patterns, cheap ones and such as take a thousand steps each.
    const auto reading = [](const std::string& pattern) {
        std::string many = "spawned_process and (proc.name = a";
        for (int i = 0; i < 10'000; ++i)
            many += " or proc.name regex '(" + pattern + '|' + std::to_string(i) + ")'";
        return test::effort_of([&] { EXPECT_THAT(lint(rule('"' + many + ")\"")), IsEmpty()); });
    };
    const auto cheap = reading("abc"), dear = reading(".{1000}");
    RecordProperty("cheap_us", static_cast<int>(cheap / 1us));
    RecordProperty("dear_us", static_cast<int>(dear / 1us));
    EXPECT_LT(dear, 3 * cheap);
}

TEST(RuleLint, WhatIsComparedWithTextsIsNotComparedWithFields) {
    for (const auto& [check, why] : std::vector<std::pair<std::string, std::string>>{
             {"proc.exepath regex val(proc.name)", "'regex' compares with texts"},
             {"fd.name pmatch val(proc.cwd)", "'pmatch' compares with texts"},
             {"fd.snet = val(fd.cnet)", "'fd.cnet' cannot be compared with"},
             {"fd.snet = val(fd.cip)", "compared with IP networks"},
         })
        EXPECT_THAT(lint(rule("spawned_process and " + check)), ElementsAre(HasSubstr(why)))
            << check;
    EXPECT_THAT(lint(rule("spawned_process and proc.name = val(proc.pname)")), IsEmpty());
}

TEST(RuleLint, SetsThatSeeNothingAreToldOf) {
    const rule_file macro{"m.yaml", "- macro: m\n  condition: proc.name = a\n"};
    const rule_file heartbeat{heartbeat_file, text_of("config/manifests/heartbeat-rule.yaml")};
    const auto      messages = [](const std::vector<rule_file>& files, bool complete) {
        std::vector<std::string> all;
        for (const auto& each : lint_rules(files, files.size() - 1, {.complete = complete}))
            all.push_back(each.text());
        return all;
    };
    // A file may be looked at by itself.
    EXPECT_THAT(messages({macro}, false), ElementsAre(HasSubstr("'m' is not used")));
    EXPECT_THAT(
        messages({heartbeat, macro}, true),
        ElementsAre(
            "m.yaml:1:1: error: there is no rule in any of the files: Falco would see "
            "nothing",
            HasSubstr("'m' is not used")
        )
    );
    EXPECT_THAT(
        lint("- rule: Shell in container\n  enabled: false\n  override: {enabled: replace}\n"),
        ElementsAre("mine.yaml:1:1: warning: every rule is disabled: Falco would see nothing")
    );
    EXPECT_THAT(
        lint(
            "- rule: Shell in container\n  enabled: false\n  override: {enabled: replace}\n" +
            rule("spawned_process and container")
        ),
        IsEmpty()
    );
}

TEST(RuleLint, ModifiersCameWithAVersion) {
    const auto text = rule("spawned_process and proc.name endswith anyof (a, b)");
    EXPECT_THAT(lint(text, {.falco_version = "0.44.1"}), IsEmpty());
    EXPECT_THAT(
        lint(text, {.falco_version = "0.43.0"}), ElementsAre(HasSubstr("not know 'anyof'"))
    );
}

TEST(RuleLint, SaysWhatCostsAndWhatNeverFires) {
    EXPECT_THAT(
        lint(rule("proc.name = a")), ElementsAre(HasSubstr("warning: rule 'Mine' looks at"))
    );
    EXPECT_THAT(
        lint(rule("evt.type = open or proc.name = a")), ElementsAre(HasSubstr("looks at nearly"))
    );
    EXPECT_THAT(lint(rule("not evt.type = open")), ElementsAre(HasSubstr("looks at nearly")));
    EXPECT_THAT(lint(rule("proc.name = a", "  warn_evttypes: false\n")), IsEmpty());
    EXPECT_THAT(
        lint(rule("spawned_process and evt.type = open")),
        ElementsAre(HasSubstr("can never fire: 'evt.type' would have"))
    );
    EXPECT_THAT(
        lint(rule("spawned_process and proc.name = a and (proc.name = b or proc.name in (c, d))")),
        ElementsAre(HasSubstr("can never fire: 'proc.name'"))
    );
    EXPECT_THAT(lint(rule("spawned_process and proc.aname = a and proc.aname = b")), IsEmpty());
    EXPECT_THAT(lint(rule("spawned_process and never_true")), ElementsAre(HasSubstr("never fire")));
    EXPECT_THAT(
        lint("- macro: mine\n  condition: proc.name = a\n"), ElementsAre(HasSubstr("is not used"))
    );
}

TEST(RuleLint, HoldsVersionsAgainstTheFalcoThatLoadsThem) {
    const std::string engine = "- required_engine_version: ";
    EXPECT_THAT(lint(engine + "0.57.0\n", {.falco_version = "0.42.1"}), IsEmpty());
    EXPECT_THAT(lint(engine + "15\n", {.falco_version = "0.40.0"}), IsEmpty());
    EXPECT_THAT(
        lint(engine + "0.57.0\n", {.falco_version = "0.41.3"}),
        ElementsAre("mine.yaml:1:28: error: it needs rule engine 0.57.0, Falco 0.41.3 has 0.50.0")
    );
    EXPECT_THAT(
        lint(engine + "0.60.0\n", {.falco_version = "0.43.0"}),
        ElementsAre(HasSubstr("error: it needs rule engine 0.60.0, Falco 0.43.0 has 0.58.0"))
    );
    EXPECT_THAT(lint(engine + "0.62.0\n", {.falco_version = "0.44.0"}), IsEmpty());
    EXPECT_THAT(
        lint(engine + "0.63.0\n", {.falco_version = "0.44.7"}), ElementsAre(HasSubstr("error: it"))
    );
    EXPECT_THAT(
        lint(engine + "0.63.0\n", {.falco_version = "0.45.0"}),
        ElementsAre(HasSubstr("warning: it needs rule engine 0.63.0, and what Falco 0.45.0 has is"))
    );
    const std::string plugin = "- required_plugin_versions: [{name: container, version: 0.2.2}]\n";
    EXPECT_THAT(lint(plugin, {.falco_version = "0.41.3"}), IsEmpty());
    EXPECT_THAT(
        lint(plugin, {.falco_version = "0.40.0"}), ElementsAre(HasSubstr("does not come with"))
    );
}

TEST(RuleLint, WhatNobodySeesMayBeThere) {
    const lint_options unseen{.others_unseen = true};
    const auto         found = lint(rule("spawned_process and elsewhere"), unseen);
    EXPECT_THAT(found, ElementsAre(HasSubstr("warning: there is no macro 'elsewhere'")));
}

TEST(RuleLint, AliasesStandForWhatTheyName) {
    EXPECT_THAT(
        lint(
            "- list: mine\n  items: &names [a, b]\n- list: other\n  items: *names\n" +
            rule("spawned_process and proc.name in (mine, other)")
        ),
        IsEmpty()
    );
    std::string bomb = "- list: a0\n  items: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const auto name = std::to_string(i), last = std::to_string(i - 1);
        bomb += "- list: a" + name + "\n  items: &a" + name + " [*a" + last + ", *a" + last +
                ", *a" + last + ", *a" + last + ", *a" + last + ", *a" + last + "]\n";
    }
    EXPECT_THAT(lint(bomb).front(), HasSubstr("aliases of too much"));
}

TEST(RuleLint, DeepAndLongThingsEnd) {
    const std::string deep(100'000, '(');
    EXPECT_THAT(lint(rule("'" + deep + "'")).front(), HasSubstr("too many parentheses"));
    std::string wide = "evt.type = open";
    for (int i = 0; i < 20'000; ++i) wide += " or evt.type = close and nothing" + std::to_string(i);
    EXPECT_LE(lint(rule(wide)).size(), 100u);
    std::string chain = "- macro: m0\n  condition: evt.type = open\n";
    for (int i = 1; i < 300; ++i)
        chain += "- macro: m" + std::to_string(i) + "\n  condition: m" + std::to_string(i - 1) +
                 " or m" + std::to_string(i - 1) + '\n';
    lint(chain + rule("m299"));
}

/// Every version's standard files, with what is loaded behind them.
TEST(RuleLint, FindsNothingInStandardRules) {
    const fs::path shared = "../shared/data/rules";
    if (!fs::exists(shared)) std::cout << "without the standard rules: ../shared is not there\n";
    for (const auto& [folder, falco] : std::vector<std::pair<std::string, std::string>>{
             {"3.2.0", "0.40.0"},
             {"4.0.0", "0.41.3"},
             {"5.0.0", "0.42.1"},
             {"5.0.0", "0.43.0"},
             {"5.1.0", "0.44.1"}
         }) {
        for (const auto& root : {shared, fs::path("config/rules/demo")}) {
            if (!fs::exists(root / folder)) continue;
            std::vector<rule_file> files;
            for (const char* name :
                 {"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"})
                if (fs::exists(root / folder / name))
                    files.push_back({name, text_of(root / folder / name)});
            EXPECT_EQ(files.size(), root == shared ? 3u : 1u);
            const auto exceptions = exceptions_for(files);
            files.push_back({exceptions_file, exceptions});
            files.push_back({heartbeat_file, text_of("config/manifests/heartbeat-rule.yaml")});
            for (const auto& each : lint_rules(files, 0, {.falco_version = falco}))
                EXPECT_EQ(each.is, rule_severity::warning) << falco << ": " << each.text();
            // As a cluster's owner would meet them.
            EXPECT_THAT(lint_rules(files, files.size(), {.falco_version = falco}), IsEmpty());
            EXPECT_THAT(lint_rules(files, files.size() - 2, {.falco_version = falco}), IsEmpty());
        }
    }
}

TEST(RuleLint, TheSampleIsRight) {
    const std::vector<rule_file> files{
        {"falco_rules.yaml", text_of("config/rules/demo/5.1.0/falco_rules.yaml")},
        {"custom_rules.yaml", text_of("tests/samples/rules/custom_rules.yaml")}
    };
    ASSERT_FALSE(files[1].text.empty());
    for (const auto& each : lint_rules(files, 1, {.falco_version = "0.44.1"}))
        ADD_FAILURE() << each.text();
}

TEST(RuleLint, AskingAgainIsCheap) {
    const std::vector<rule_file> files{
        standard,
        {"mine.yaml", rule("spawned_process and proc.name in (" + std::string(100'000, 'a') + ")")}
    };
    const auto first = test::effort_of([&] { lint_rules(files, 1, {}); });
    const auto again = test::effort_of([&] {
        for (int i = 0; i < 10; ++i) lint_rules(files, 1, {});
    });
    RecordProperty("first_us", static_cast<int>(first / 1us));
    RecordProperty("ten_again_us", static_cast<int>(again / 1us));
    EXPECT_LT(again, first) << "ten times";
}

/// A landscape's shoots have hundreds of different files, and each is asked about again and again.
TEST(RuleLint, HundredsOfSetsAreRememberedAtOnce) {
    std::string many;
    for (int i = 0; i < 200; ++i) {
        many += "- macro: m" + std::to_string(i) + "\n  condition: proc.name in (a, b, c)\n";
        many += rule("spawned_process and m" + std::to_string(i) + " and fd.name startswith /tmp");
    }
    const rule_file large{"falco_rules.yaml", standard.text + many};
    const auto      round = [&] {
        return test::effort_of([&] {
            for (int i = 0; i < 300; ++i)
                lint_rules(
                    std::vector{large, {"mine.yaml", "# " + std::to_string(i) + '\n' + rule("a")}},
                    1, {}
                );
        });
    };
    const auto first = round(), again = round();
    EXPECT_LT(again * 3, first);
}

}  // namespace
}  // namespace falconer::falco
