// The landscape's page: what is asked of the store, for whom, and what is made of its answer.
#include "console/kept_answers.hpp"
#include "console/merged_landscape.hpp"
#include "garden_fixture.hpp"
#include "told_counts.hpp"
#include "told_desk.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using hidden_events = triage_view::hidden_events;

class LandscapePageTest : public test::garden_fixture {
protected:
    test::told_counts counts;
    test::told_desk   desk;

    void SetUp() override {
        garden_fixture::SetUp();
        use();
    }
    void use() {
        console->use(static_cast<landscape_queries&>(counts));
        console->use(desk);
    }
    value seen_by(const std::string& token, const std::string& parameters = "") {
        return of(get_as(token, "/api/v1/landscape" + parameters));
    }
    std::chrono::sys_days today() const {
        return std::chrono::floor<std::chrono::days>(time.utc());
    }
    void tell_some() {
        const auto day                 = today();
        counts.is.total                = {100, 10};
        counts.is.clusters_with_events = 2;
        counts.is.counted              = time.utc() - 20s;
        counts.is.oldest               = day - std::chrono::days(20);
        counts.is.days[day][3]         = {60, 10};
        counts.is.rules["old"]         = {{90, 10}, priority::error, day - std::chrono::days(20)};
        counts.is.rules["new"]         = {{10, 0}, priority::notice, day};
        auto& one                      = counts.is.clusters["one"];
        one       = {{"one", "live", "a", "web", {}}, {30, 0}, {{"old", {30, 0}}}};
        auto& two = counts.is.clusters["two"];
        two = {{"two", "live", "b", "db", {}}, {70, 10}, {{"old", {60, 10}}, {"new", {10, 0}}}};
        counts.is.projects["a"] = {1, {30, 0}};
        counts.is.projects["b"] = {1, {70, 10}};
    }
};

TEST_F(LandscapePageTest, TheNoisiestComesFirstAndWhatIsHiddenDoesNotCount) {
    tell_some();
    const auto page = seen_by("admin");
    EXPECT_EQ(page.find("count")->integer(), 90);
    EXPECT_EQ(page.find("hidden")->integer(), 10);
    const auto& noisiest = page.find("noisiest")->items();
    ASSERT_EQ(noisiest.size(), 2u);
    EXPECT_EQ(noisiest[0].text_at({"cluster", "identity"}), "two");
    EXPECT_EQ(noisiest[0].find("count")->integer(), 60);
    EXPECT_EQ(noisiest[0].find("rules")->items()[1].find("count")->integer(), 50);
    const auto& rules = page.find("rules")->items();
    EXPECT_EQ(rules[0].text_at({"rule"}), "old");
    EXPECT_EQ(rules[0].find("new")->boolean(), false);
    EXPECT_EQ(rules[1].find("new")->boolean(), true);
    EXPECT_EQ(page.find("newRulesKnown")->boolean(), true);
    const auto& trend = page.find("trend")->items();
    ASSERT_EQ(trend.size(), 7u);
    EXPECT_EQ(trend.back().find("priorities")->find("Error")->integer(), 50);
    EXPECT_EQ(trend.front().find("count")->integer(), 0);
    EXPECT_EQ(page.find("projects")->items()[0].text_at({"project"}), "b");
    EXPECT_FALSE(page.text_at({"counted"}).empty());
    ASSERT_EQ(counts.asked.size(), 1u);
    const auto& asked = counts.asked.front();
    EXPECT_EQ(asked.search.when.since, utc_time{today() - std::chrono::days(6)});
    EXPECT_EQ(asked.search.triage.hidden, hidden_events::without);
    EXPECT_EQ(asked.search.what, nullptr);
}

TEST_F(LandscapePageTest, NoRuleIsCalledNewWhereNothingIsKnownOfBefore) {
    tell_some();
    counts.is.oldest = today();
    EXPECT_EQ(seen_by("admin").find("newRulesKnown")->boolean(), false);
    counts.is.oldest       = today() - std::chrono::days(20);
    counts.is.days_missing = 1;
    EXPECT_EQ(seen_by("admin", "?days=8").find("newRulesKnown")->boolean(), false);
}

TEST_F(LandscapePageTest, EveryoneIsCountedWhatTheyMayRead) {
    seen_by("member");
    seen_by("outsider");
    ASSERT_EQ(counts.asked.size(), 2u);
    EXPECT_FALSE(counts.asked[0].search.who.everything);
    EXPECT_EQ(counts.asked[0].search.who.projects, std::vector<std::string>{"a"});
    EXPECT_TRUE(is_nobodys(counts.asked[1].search.who));
}

TEST_F(LandscapePageTest, WhoMaySeeTheSameSharesAnAnswerForAMoment) {
    seen_by("operator");
    seen_by("admin");
    EXPECT_EQ(counts.asked.size(), 1u);
    seen_by("admin", "?days=30");
    seen_by("admin", "?project=a");
    seen_by("admin", "?hidden=only");
    EXPECT_EQ(counts.asked.size(), 4u);
    seen_by("member");
    EXPECT_EQ(counts.asked.size(), 5u);
    time.advance(11s);
    seen_by("admin");
    EXPECT_EQ(counts.asked.size(), 6u);
}

TEST_F(LandscapePageTest, AProjectIsFoundByItsNameOrByItsNamespaceInTheGarden) {
    for (const auto* asked : {"?project=a&shoot=web", "?namespace=garden-a&shoot=web"}) {
        counts.asked.clear();
        time.advance(11s);
        seen_by("admin", asked);
        ASSERT_EQ(counts.asked.size(), 1u);
        ASSERT_TRUE(counts.asked[0].search.what);
        const auto           e = test::event("r", time.utc(), "a");
        const event_contents it(e);
        EXPECT_TRUE(filter::matches(*counts.asked[0].search.what, it.subject()));
        const auto           other = test::event("r", time.utc(), "b");
        const event_contents that(other);
        EXPECT_FALSE(filter::matches(*counts.asked[0].search.what, that.subject()));
    }
}

TEST_F(LandscapePageTest, WhatIsNoNumberOfDaysIsRefused) {
    for (const auto* wrong : {"?days=0", "?days=32", "?days=x", "?limit=101", "?hidden=perhaps"})
        EXPECT_EQ(get_as("admin", std::string("/api/v1/landscape") + wrong).status, 400u) << wrong;
    counts.fails = failure{errc::timed_out, "slow"};
    EXPECT_EQ(get_as("admin", "/api/v1/landscape").status, 504u);
    EXPECT_EQ(get_as("", "/api/v1/landscape").status, 401u);
}

TEST_F(LandscapePageTest, SeveralStoresAreOneLandscape) {
    tell_some();
    test::told_counts other;
    other.is.total                = {5, 1};
    other.is.clusters_with_events = 1;
    other.is.clusters["two"]      = {{"two", "live", "b", "db", {}}, {5, 1}, {{"old", {5, 1}}}};
    other.is.rules["old"]         = {{5, 1}, priority::alert, today() - std::chrono::days(40)};
    other.is.projects["b"]        = {1, {5, 1}};
    other.is.days[today()][3]     = {5, 1};
    other.is.counted              = time.utc() - 40s;
    other.is.hidden_exact         = false;
    other.is.reached              = time.utc() - 1h;
    merged_landscape both({&counts, &other});
    auto             made = start(both.landscape({}));
    time.settle();
    ASSERT_TRUE(*made && **made);
    const auto& got = ***made;
    EXPECT_EQ(got.total.all, 105u);
    EXPECT_EQ(got.clusters.at("two").by_rule.at("old").hidden, 11u);
    EXPECT_EQ(got.rules.at("old").level, priority::alert);
    EXPECT_EQ(got.rules.at("old").first, today() - std::chrono::days(40));
    EXPECT_EQ(got.projects.at("b").count.all, 75u);
    EXPECT_EQ(got.days.at(today())[3].all, 65u);
    EXPECT_EQ(got.counted, other.is.counted);
    EXPECT_FALSE(got.hidden_exact);
}

TEST_F(LandscapePageTest, AnswersAreKeptForAMomentAndHaveSoMuchRoom) {
    kept_answers kept(time, {.keep = 10s, .most = 3, .bytes = 100});
    kept.keep("a", std::string(40, 'a'));
    kept.keep("b", std::string(40, 'b'));
    EXPECT_TRUE(kept.find("a") && kept.find("b"));
    kept.keep("c", std::string(40, 'c'));
    EXPECT_TRUE(kept.find("c"));
    EXPECT_FALSE(kept.find("a") && kept.find("b")) << "large ones have less";
    kept.keep("d", std::string(101, 'd'));
    EXPECT_FALSE(kept.find("d"));
    EXPECT_TRUE(kept.find("c"));
}

}  // namespace
}  // namespace falconer::console
