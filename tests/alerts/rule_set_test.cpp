// Which rules an event is matched against.
#include "alert_samples.hpp"

namespace falconer::alerts {
namespace {

using test::event;
using test::rule;

std::string candidates(rule_set& rules, const found_event& of) {
    const auto& found = rules.candidates(test::cell_of(of), [&] {
        return event_kind{of.cluster, of.rule, of.level};
    });
    std::string names;
    for (const auto* each : found) names += (names.empty() ? "" : ",") + each->text.name;
    return names;
}

TEST(RuleSet, KeepsProjectsApart) {
    rule_set rules(
        {rule("{name: a, filter: 'tag:x'}", "team"), rule("{name: b, filter: 'tag:x'}", "other"),
         rule("{name: c, filter: 'tag:x'}")},
        test::noon, test::no_zones
    );
    EXPECT_EQ(candidates(rules, event()), "c,a");
    EXPECT_EQ(candidates(rules, event({.project = "other"})), "c,b");
    auto seed             = event();
    seed.cluster.identity = "seed";
    seed.cluster.project  = std::nullopt;
    EXPECT_EQ(candidates(rules, seed), "c");
}

TEST(RuleSet, LeavesOutWhatCannotFindSuchAnEvent) {
    rule_set rules(
        {rule("{name: by-rule, filter: 'rule:Shell'}"), rule("{name: other, filter: 'rule:Miner'}"),
         rule("{name: urgent, filter: 'priority:critical..emergency'}"),
         rule("{name: not, filter: '-rule:Shell'}"),
         rule("{name: either, filter: 'rule:Miner OR user:root'}"),
         rule("{name: both, filter: 'rule:Miner user:root'}"),
         rule("{name: not-field, filter: '-user:root'}"), rule("{name: word, filter: 'miner'}")},
        test::noon, test::no_zones
    );
    EXPECT_EQ(
        candidates(rules, event({.level = priority::debug})), "by-rule,either,not-field,word"
    );
}

/// What the index leaves out, the filter does not find either: that is all that it may do.
TEST(RuleSet, NeverLeavesOutWhatTheFilterFinds) {
    const std::vector<std::string> filters{
        "rule:Shell",
        "-rule:Shell",
        "rule:*e*",
        "cluster:team/a",
        "project:team",
        "-project:team",
        "shoot:b",
        "landscape:live",
        "priority:critical",
        "-priority:critical",
        "workload:web",
        "-workload:web",
        "shell",
        "-shell",
        "rule:Shell OR x",
        "rule:* -shoot:a",
        "-(rule:Shell pod:web-0)",
        "-(rule:Shell OR pod:web-0)",
        "pod:*",
        "project:*",
        "user:*",
    };
    for (const auto& text : filters) {
        const auto  parsed = filter::parse(text, test::noon);
        const auto* what   = std::get_if<filter::node_ptr>(&parsed);
        ASSERT_NE(what, nullptr) << text;
        for (const auto& project : {"team", "other"})
            for (const auto& shoot : {"a", "b"})
                for (const auto& name : {"Shell", "Miner"})
                    for (const auto level : {priority::critical, priority::notice}) {
                        const auto one =
                            event({.project = project, .shoot = shoot, .rule = name, .level = level}
                            );
                        const event_contents contents(one);
                        if (filter::matches(**what, contents.subject())) {
                            EXPECT_TRUE(is_possible(**what, {one.cluster, one.rule, one.level}))
                                << text;
                        }
                    }
    }
}

TEST(RuleSet, HasNoneThatIsDisabled) {
    rule_set rules(
        {rule("{name: a, filter: 'tag:x', enabled: false}")}, test::noon, test::no_zones
    );
    EXPECT_EQ(candidates(rules, event()), "");
    EXPECT_EQ(rules.size(), 0u);
}

TEST(RuleSet, AsksOnceWhatACellIs) {
    rule_set   rules({rule("{name: a, filter: 'rule:Shell'}")}, test::noon, test::no_zones);
    const auto one   = event();
    int        asked = 0;
    for (int i = 0; i < 3; ++i)
        (void)rules.candidates(test::cell_of(one), [&] {
            ++asked;
            return event_kind{one.cluster, one.rule, one.level};
        });
    EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace falconer::alerts
