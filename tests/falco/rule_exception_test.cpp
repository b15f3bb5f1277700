// Filters as exceptions of Falco's rules: what can be said, what it silences, and what cannot.
#include "falconer/falco/rule_exception.hpp"
#include "falconer/falco/rule_lint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace falconer::falco {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using verdict = exception_matcher::verdict;

class RuleExceptionTest : public ::testing::Test {
protected:
    /// The rules of the samples, as a file that is loaded before.
    static constexpr auto rules = R"(
- {rule: Terminal shell, desc: d, condition: proc.name = sh, output: o, priority: NOTICE}
- {rule: Read file, desc: d, condition: proc.name = sh, output: o, priority: NOTICE}
)";

    std::deque<value>            fields;
    std::vector<filter::subject> sample;

    void add(std::string_view rule, std::string_view json, std::string_view host = "node-A") {
        fields.push_back(*parse_json(json));
        filter::subject it;
        it.rule   = rule;
        it.host   = host;
        it.fields = &fields.back();
        sample.push_back(it);
    }
    static filter::node_ptr parsed(std::string_view text) {
        auto read = filter::parse(text, utc_time{});
        if (const auto* wrong = std::get_if<filter::mistake>(&read))
            throw std::runtime_error(wrong->what);
        return std::get<filter::node_ptr>(read);
    }
    std::variant<exported_exception, untranslatable> exported(std::string_view text) const {
        std::vector<filter::subject> found;
        const auto                   what = parsed(text);
        for (const auto& each : sample)
            if (filter::matches(*what, each)) found.push_back(each);
        return export_exception(
            *what, {.name     = "falconer_1",
                    .comments = {"why\n- rule: x\xE2\x80\xA8- rule: y\xC2\x85- rule: z"},
                    .sample   = found}
        );
    }
    exported_exception good(std::string_view text) const {
        auto made = exported(text);
        if (const auto* why = std::get_if<untranslatable>(&made))
            throw std::runtime_error(why->empty() ? "no reason" : why->front());
        return std::get<exported_exception>(made);
    }
    /// Everything that the filter finds is silenced, and nothing else.
    void agrees(std::string_view text) const {
        const auto made    = good(text);
        const auto matcher = exception_matcher::read(made.yaml);
        ASSERT_TRUE(matcher) << made.yaml;
        for (const auto& each : sample)
            EXPECT_EQ(
                matcher->judge(each) == verdict::silenced, filter::matches(*parsed(text), each)
            ) << text
              << '\n'
              << made.yaml << json_text(*each.fields);
        EXPECT_THAT(
            lint_rules(std::vector<rule_file>{{"rules.yaml", rules}, {"x.yaml", made.yaml}}, 1, {}),
            IsEmpty()
        ) << made.yaml;
    }
};

TEST_F(RuleExceptionTest, WhatCanBeSaidSilencesWhatTheFilterFindsAndNothingElse) {
    add("Terminal shell", R"({"proc.name": "Bash", "k8s.ns.name": "shop", "fd.sport": 443})");
    add("Terminal shell", R"({"proc.name": "bash", "k8s.ns.name": "shop", "fd.sport": 1024})");
    add("Terminal shell", R"({"proc.name": "zsh", "k8s.ns.name": "shop", "fd.sport": 8080})");
    add("Terminal shell", R"({"proc.name": "bash", "k8s.ns.name": "till", "fd.sport": null})");
    add("Terminal shell",
        R"({"proc.cmdline": "cat \"a b\" \\ 'c', (d)\n", "k8s.ns.name": "shop"})");
    add("Read file", R"({"proc.name": "bash", "k8s.ns.name": "shop"})", "node-b");
    for (const auto* text :
         {"rule:\"terminal shell\" process:bash namespace:shop",
          "rule:\"terminal shell\" namespace:(shop OR till) process:bash",
          "rule:\"terminal shell\" (process:zsh OR namespace:till)",
          "rule:\"terminal shell\" fd.sport:1..1024",
          "rule:\"terminal shell\" fd.sport>443 process:*SH",
          "rule:\"terminal shell\" proc.cmdline:*\"A B\"*",
          "rule:\"terminal shell\" host:NODE-* process:?sh", "rule:\"read file\" host:node-b",
          "rule:* namespace:shop process:bash",
          "(rule:\"read file\" process:bash) OR (rule:\"terminal shell\" process:zsh)",
          "rule:\"terminal shell\" proc.cmdline:\"cat \\\"a b\\\" \\\\ 'c', (d)\n\""})
        agrees(text);
}

TEST_F(RuleExceptionTest, ItIsAnAppendedExceptionOfTheRulesExactName) {
    add("Terminal shell", R"({"proc.name": "Bash"})");
    sample.back().project = "shop";
    const auto made       = good("rule:\"terminal SHELL\" process:bash project:shop");
    EXPECT_EQ(made.rules, std::vector<std::string>{"Terminal shell"});
    EXPECT_THAT(made.yaml, HasSubstr("# why - rule: x - rule: y - rule: z\n"));
    const auto document = parse_yaml(made.yaml);
    ASSERT_TRUE(document);
    ASSERT_EQ(document->items().size(), 1u);
    const auto& rule = document->items().front();
    EXPECT_EQ(rule.text_at({"rule"}), "Terminal shell");
    EXPECT_EQ(rule.text_at({"override", "exceptions"}), "append");
    EXPECT_EQ(rule.find("exceptions")->items().front().text_at({"name"}), "falconer_1");
    EXPECT_EQ(
        *rule.find("exceptions")
             ->items()
             .front()
             .find("values")
             ->items()
             .front()
             .items()
             .front()
             .text(),
        "\"Bash\""
    );
    EXPECT_THAT(made.notes, Contains(HasSubstr("deliver this only to the clusters")));
}

TEST_F(RuleExceptionTest, AFieldThatTheOutputDoesNotHaveIsNotKnownToBeSilenced) {
    add("Terminal shell", R"({"proc.name": "bash"})");
    const auto made =
        good("rule:\"terminal shell\" process:bash (proc.pname:runc OR process:bash)");
    auto matcher = exception_matcher::read(made.yaml);
    ASSERT_TRUE(matcher);
    EXPECT_EQ(matcher->judge(sample.front()), verdict::silenced);
    matcher = exception_matcher::read(R"(
- rule: Terminal shell
  exceptions: [{name: a, fields: [proc.pname], comps: ["="], values: [['"runc"']]}])");
    ASSERT_TRUE(matcher);
    EXPECT_EQ(matcher->judge(sample.front()), verdict::unknown);
    EXPECT_FALSE(exception_matcher::read("- rule: x\n  exceptions: [{name: a}]"));
    EXPECT_FALSE(exception_matcher::read("{"));
}

TEST_F(RuleExceptionTest, WhatCannotBeSaidHasASentence) {
    add("Terminal shell", R"({"proc.name": "bash", "odd.field": "x", "proc.exepath": "a\\"})");
    for (const auto& [text, sentence] :
         {std::pair{"rule:\"terminal shell\" -process:bash process:bash", "must not be"},
          std::pair{"rule:\"terminal shell\"", "Nothing but the rule"},
          std::pair{"process:bash", "belongs to a rule"},
          std::pair{"rule:\"terminal shell\" bash", "name the field"},
          std::pair{"rule:\"terminal shell\" process:*", "give it a value"},
          std::pair{"rule:\"terminal shell\" priority:error", "priority belongs"},
          std::pair{"rule:\"terminal shell\" flag:test", "Flags are"},
          std::pair{"rule:\"terminal shell\" received>-2h", "Times cannot"},
          std::pair{
              "rule:\"terminal shell\" uuid:d324e50f-d14c-4b05-8d63-ed15b6873b17", "single event"
          },
          std::pair{"rule:\"terminal shell\" workload:web", "ask for the pod"},
          std::pair{"rule:\"terminal shell\" tag:T1059", "Tags belong"},
          std::pair{"rule:\"terminal shell\" source:syscall", "source belongs"},
          std::pair{"rule:\"terminal shell\" output:*x*", "ask for the fields"},
          std::pair{"rule:\"terminal shell\" process:b[*", "read otherwise"},
          std::pair{"rule:\"terminal shell\" odd.field:x", "there is no field 'odd.field'"},
          std::pair{"rule:nothing process:bash", "exact name is not known"},
          std::pair{"rule:\"terminal shell\" proc.exepath:\"a\\\\\"", "cannot be written"}}) {
        const auto  made = exported(text);
        const auto* why  = std::get_if<untranslatable>(&made);
        ASSERT_NE(why, nullptr) << text << '\n' << std::get<exported_exception>(made).yaml;
        EXPECT_THAT(*why, Contains(HasSubstr(sentence))) << text;
    }
    std::string many = "rule:\"terminal shell\"";
    for (const auto* field : {"proc.name", "proc.pname", "proc.exe"}) {
        many += std::string(" ") + field + ":(";
        for (int i = 0; i < 6; ++i) many += (i == 0 ? "v" : " OR v") + std::to_string(i);
        many += ")";
    }
    const auto made = exported(many);
    ASSERT_TRUE(std::holds_alternative<untranslatable>(made));
    EXPECT_THAT(std::get<untranslatable>(made), Contains(HasSubstr("more than 100")));
}

}  // namespace
}  // namespace falconer::falco
