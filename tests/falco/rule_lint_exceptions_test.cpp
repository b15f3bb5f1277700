// Exceptions of rules: what Falco makes of them when it puts the condition together.
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

std::vector<std::string> with(const std::string& exception, const lint_options& how = {}) {
    return lint(rule("spawned_process", "  exceptions:\n  - {name: e, " + exception + "}\n"), how);
}

/// Source: falcosecurity/falco, userspace/engine/rule_loader_compiler.cpp, quote_item, in all
/// versions since 0.40.
TEST(RuleExceptions, ValuesWithBlanksAreQuotedWhereFalcoQuotesThem) {
    EXPECT_THAT(with("fields: proc.cmdline, values: [a b, '\"c d\"', e]"), IsEmpty());
    EXPECT_THAT(
        with("fields: [proc.name, proc.cmdline], comps: [=, in], values: [[a, [b c, d]]]"),
        IsEmpty()
    );
    EXPECT_THAT(
        with("fields: [proc.name, proc.cmdline], comps: [=, =], values: [[a, b c]]"), IsEmpty()
    );
    EXPECT_THAT(
        with("fields: [proc.name, proc.cmdline], comps: [=, in], values: [[a, '(b, c)']]"),
        IsEmpty()
    );
    // A single text gets parentheses instead.
    EXPECT_THAT(
        with("fields: [proc.name, proc.cmdline], comps: [=, in], values: [[a, b c]]"),
        ElementsAre(
            "mine.yaml:7:79: error: Falco reads 'proc.cmdline in (b c)' here, and expected ')' for "
            "the '(' at character 17 of the condition, found 'c'; it needs quotes of its own: "
            "'\"b c\"'"
        )
    );
}

TEST(RuleExceptions, ValuesAreReadAsTheyStand) {
    for (const auto* bad :
         {"fields: proc.args, values: ['--a=b']", "fields: proc.args, values: ['a(b)']",
          "fields: proc.args, values: ['a\"b']",
          "fields: [proc.args, proc.name], values: [['--a=b', c]]",
          "fields: [proc.args, proc.name], values: [['a \"b\" c', d]]",
          "fields: [proc.args, proc.name], comps: [in, =], values: [[['a=b', c], d]]"})
        EXPECT_THAT(
            with(bad), ElementsAre(AllOf(HasSubstr("error: "), HasSubstr("quotes of its own")))
        ) << bad;
    EXPECT_THAT(with("fields: proc.args, values: ['\"--a=b\"', '\"\"']"), IsEmpty());
    EXPECT_THAT(
        with("fields: proc.args, values: ['']"),
        ElementsAre(HasSubstr("error: part of an exception is an empty text"))
    );
    EXPECT_THAT(
        with("fields: proc.args, values: ['a,b']"),
        ElementsAre(
            "mine.yaml:7:43: warning: Falco reads 2 values here; it needs quotes of its own: "
            "'\"a,b\"'"
        )
    );
    EXPECT_THAT(
        with("fields: proc.name, values: [(shell_binaries)]"), ElementsAre(HasSubstr("error: "))
    );
    EXPECT_THAT(
        with("fields: [proc.name, fd.name], values: [[[a, b], c]]"),
        ElementsAre(HasSubstr("Falco reads 'proc.name = (a, b)' here"))
    );
    EXPECT_THAT(
        with("fields: [proc.name, fd.name], comps: [exists, =], values: [[a, b]]"),
        ElementsAre(HasSubstr("'exists' compares with nothing"))
    );
}

TEST(RuleExceptions, ValuesAreWhatTheirFieldsTake) {
    for (const auto& [exception, why] : std::vector<std::pair<std::string, std::string>>{
             {"fields: [proc.pid, proc.name], values: [[abc, d]]", "'abc' is no whole number"},
             {"fields: [proc.pid, proc.name], comps: [<, =], values: [[abc, d]]",
              "expected a number"},
             {"fields: [proc.name, fd.name], comps: [regex, =], values: [['[a', d]]",
              "is no regular expression"},
             {"fields: [evt.type, fd.name], values: [[opem, d]]", "there is no event 'opem'"},
             {"fields: [proc.name, fd.name], values: [[shell_binaries, d]]",
              "'shell_binaries' is a list"},
             {"fields: fd.sip, values: [10.0.0.0/8]", "is no IP address"},
             {"fields: proc.name, values: [proc.pname]", "is a text here"},
         })
        EXPECT_THAT(with(exception), ElementsAre(HasSubstr(why))) << exception;
    EXPECT_THAT(
        with("fields: [proc.name, fd.name], comps: [in, startswith], "
             "values: [[shell_binaries, /tmp], [(shell_binaries), /a], [[shell_binaries, x], /b]]"),
        IsEmpty()
    );
    EXPECT_THAT(with("fields: proc.env, values: [a]"), IsEmpty());
    EXPECT_THAT(with("fields: \"proc.aname[x]\", values: [a]"), ElementsAre(HasSubstr("error: ")));
}

TEST(RuleExceptions, AListThatOnlyAnExceptionNamesIsUsed) {
    EXPECT_THAT(
        lint(
            "- list: tools\n  items: [a, b]\n" +
            rule(
                "spawned_process",
                "  exceptions:\n  - {name: e, fields: proc.name, values: [tools]}\n"
            )
        ),
        IsEmpty()
    );
}

/// Source: falcosecurity/falco#3159.
TEST(RuleExceptions, TwoOfANameBothHold) {
    EXPECT_THAT(
        lint(rule(
            "spawned_process",
            "  exceptions:\n  - {name: e, fields: proc.name, values: [a]}\n"
            "  - {name: e, fields: proc.pname, values: ['b=c']}\n"
        )),
        ElementsAre(
            "mine.yaml:8:5: warning: a second exception 'e' of rule 'Mine': both hold, and what is "
            "appended goes to the first",
            HasSubstr("mine.yaml:8:44: error: ")
        )
    );
}

TEST(RuleExceptions, WhatIsAppendedIsReadLikeTheRest) {
    const auto append = [](const std::string& values) {
        return lint(
            rule(
                "spawned_process",
                "  exceptions:\n  - {name: e, fields: proc.cmdline, values: [a]}\n"
            ) +
            "- rule: Mine\n  exceptions:\n  - {name: e, values: " + values +
            "}\n  override: {exceptions: append}\n"
        );
    };
    EXPECT_THAT(append("[b c]"), IsEmpty());
    EXPECT_THAT(append("['b=c']"), ElementsAre(HasSubstr("mine.yaml:10:24: error: Falco reads")));
}

// Source: falcosecurity/falco, userspace/engine/falco_source.h, is_valid_lhs_field, and
// rule_loader_cmpop.h.
TEST(RuleExceptions, ExceptionsTakeTransformersAndModifiers) {
    const auto exception = [](const std::string& is) {
        return rule("spawned_process", "  exceptions:\n  - " + is + "\n");
    };
    EXPECT_THAT(
        lint(
            exception("{name: a, fields: tolower(proc.name), values: [a]}"),
            {.falco_version = "0.40.0"}
        ),
        IsEmpty()
    );
    EXPECT_THAT(
        lint(exception("{name: a, fields: [tolower(proc.name), 'concat(proc.name, \"a\")'], "
                       "comps: [startswith oneof, '= '], values: [[[a, b], c]]}")),
        IsEmpty()
    );
    EXPECT_THAT(
        lint(exception("{name: a, fields: fd.name, comps: ' startswith  anyof', values: [/tmp]}")),
        IsEmpty()
    );
    for (const auto& [is, why] : std::vector<std::pair<std::string, std::string>>{
             {"{name: a, fields: tolower(proc.nmae), values: [a]}", "did you mean 'proc.name'?"},
             {"{name: a, fields: lower(proc.name), values: [a]}",
              "'lower(proc.name)' is no field: there is no transformer 'lower'"},
             {"{name: a, fields: tolower(proc.pid), values: [a]}", "tolower() does not work on"},
             {"{name: a, fields: tolower(proc.name) x, values: [a]}",
              "is no field: something stands"},
             {"{name: a, fields: fd.name, comps: in oneof, values: [a]}", "no operator 'in oneof'"},
             {"{name: a, fields: fd.name, comps: startswith ofall, values: [a]}",
              "the operator of exception 'a' is 'in'"},
             {"{name: a, fields: fd.name, comps: '>= oneof', values: [a]}", "no operator '>= oneof'"
             }
         })
        EXPECT_THAT(lint(exception(is)), ElementsAre(HasSubstr(why))) << is;
    EXPECT_THAT(
        lint(
            exception("{name: a, fields: fd.name, comps: startswith oneof, values: [a]}"),
            {.falco_version = "0.43.0"}
        ),
        ElementsAre(HasSubstr("Falco 0.43.0 does not know 'oneof'"))
    );
}

}  // namespace
}  // namespace falconer::falco
