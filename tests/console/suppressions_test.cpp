// Suppressions through the console: whose they are, what they would hide, and what Falco is told.
#include "console/suppression_filter.hpp"
#include "console_fixture.hpp"
#include "told_desk.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class SuppressionsTest : public test::console_fixture {
protected:
    test::told_desk desk;

    void SetUp() override {
        for (auto& each : opt.sign_in.users) each.may_triage = true;
        opt.sign_in.users.push_back(
            {.name     = "viewer",
             .title    = "reads",
             .password = secret("look"),
             .sees     = {.everything = true}}
        );
        make();
        console->use(desk);
        sign_in();
    }
    net::http_response post(const std::string& target, const std::string& body) {
        return ask(request(target, "POST", body));
    }
    net::http_response suppress(const std::string& rest) {
        return post(
            "/api/v1/suppressions",
            R"({"filter": "rule:r process:cat", "reason": "noise", "expires": "2026-03-01T00:00:00Z")" +
                rest + "}"
        );
    }
    std::string id() const { return desk.all.back().id.text(); }
};

TEST_F(SuppressionsTest, OneIsMadeForAProjectForClustersOrByWhoSeesEverythingForEverywhere) {
    const auto made = of(suppress(R"(, "project": "a", "owner": "team a")"));
    EXPECT_EQ(made.text_at({"owner"}), "team a");
    EXPECT_EQ(made.text_at({"by"}), "operator");
    EXPECT_TRUE(*made.find("holds")->boolean());
    EXPECT_EQ(
        suppress(R"(, "clusters": ["shoot--a--web-11111111-2222-4333-8444-555555555555-live"])")
            .status,
        200u
    );
    EXPECT_EQ(suppress("").status, 200u);
    EXPECT_EQ(desk.all.back().owner, "operator");
    EXPECT_EQ(json("/api/v1/suppressions").find("suppressions")->items().size(), 3u);
    sign_in("member", "word");
    EXPECT_EQ(suppress("").status, 403u);
    EXPECT_EQ(suppress(R"(, "project": "b")").status, 403u);
    EXPECT_EQ(suppress(R"(, "clusters": ["seed-1"])").status, 403u);
    EXPECT_EQ(suppress(R"(, "project": "a")").status, 200u);
    sign_in("viewer", "look");
    EXPECT_EQ(suppress("").status, 403u);
    EXPECT_EQ(desk.all.size(), 4u);
}

TEST_F(SuppressionsTest, OneThatIsToldTwiceIsMadeOnceAndAnotherOfItsIdIsNot) {
    const auto id_said = R"(, "id": ")" + uuid::random().text() + "\"";
    EXPECT_EQ(suppress(R"(, "project": "a")" + id_said).status, 200u);
    EXPECT_EQ(suppress(R"(, "project": "a")" + id_said).status, 200u);
    EXPECT_EQ(suppress(R"(, "project": "b")" + id_said).status, 409u);
    sign_in("member", "word");
    EXPECT_EQ(suppress(R"(, "project": "a")" + id_said).status, 409u) << "somebody else's";
    EXPECT_EQ(desk.all.size(), 1u);
}

TEST_F(SuppressionsTest, WhatIsMissingOrWrongIsSaid) {
    for (const std::string& body :
         {std::string(""), std::string("[]"), std::string("{}"),
          std::string(R"({"filter": "rule:r", "expires": "2026-03-01"})"),
          std::string(R"({"filter": "rule:r", "reason": " ", "expires": "2026-03-01"})"),
          std::string(R"({"filter": "rule:r", "reason": "x"})"),
          std::string(R"({"filter": "rule:r", "reason": "x", "expires": "2027-03-01"})"),
          std::string(R"({"filter": "rule:r", "reason": "x", "expires": "2025-03-01"})"),
          std::string(R"({"filter": " ", "reason": "x", "expires": "2026-03-01"})"),
          std::string(R"({"filter": "rule:", "reason": "x", "expires": "2026-03-01"})"),
          std::string(R"x({"filter": "()", "reason": "x", "expires": "2026-03-01"})x"),
          std::string(R"({"filter": "rule:r received>-2h", "reason": "x", "expires": "2026-03-01"})"
          ),
          std::string(
              R"x({"filter": "rule:r -(time:2026-01-01)", "reason": "x", "expires": "2026-03-01"})x"
          ),
          std::string(
              R"({"filter": "rule:r", "project": "a", "clusters": ["c"], "reason": "x", "expires": "2026-03-01"})"
          ),
          std::string(
              R"({"filter": "rule:r", "clusters": [1], "reason": "x", "expires": "2026-03-01"})"
          ),
          std::string(
              R"({"filter": "rule:r", "clusters": "c", "reason": "x", "expires": "2026-03-01"})"
          )})
        EXPECT_EQ(post("/api/v1/suppressions", body).status, 400u) << body;
    EXPECT_TRUE(desk.all.empty());
    for (const auto* path : {"/api/v1/suppressions/x", "/api/v1/suppressions/x/exception"})
        EXPECT_EQ(get(path).status, 404u) << path;
    EXPECT_EQ(
        post("/api/v1/suppressions/preview", R"({"filter": "rule:r", "days": 0})").status, 400u
    );
    EXPECT_EQ(post("/api/v1/suppressions/" + uuid::random().text() + "/lift", "").status, 404u);
}

TEST_F(SuppressionsTest, APreviewCountsWhatItWouldHaveHiddenAndWhere) {
    desk.counts.by_cluster = {{"c1", 4000}, {"c2", 100}, {"c3", 12}};
    const auto said        = of(
        post("/api/v1/suppressions/preview", R"({"filter": "rule:r", "project": "a", "days": 7})")
    );
    EXPECT_EQ(said.find("events")->integer(), 4112);
    EXPECT_EQ(said.find("clusters")->integer(), 3);
    EXPECT_EQ(said.find("most")->items().front().text_at({"cluster"}), "c1");
    EXPECT_TRUE(*said.find("exact")->boolean());
    const auto& asked = desk.searches.back();
    EXPECT_EQ(asked.when.since, std::chrono::floor<std::chrono::minutes>(time.utc() - 24h * 7));
    const auto matches = [&](const std::string& rule, const std::string& project) {
        const auto           it = test::event(rule, time.utc(), project);
        const event_contents contents(it);
        return filter::matches(*asked.what, contents.subject());
    };
    EXPECT_TRUE(matches("r", "a"));
    EXPECT_FALSE(matches("r", "b"));
    EXPECT_FALSE(matches("s", "a"));
}

TEST_F(SuppressionsTest, ItIsChangedLiftedAndSeenByThoseWhomItConcerns) {
    suppress(R"(, "project": "b")");
    const auto path = "/api/v1/suppressions/" + id();
    const auto made = of(post(path, R"({"expires": "2026-02-01T00:00:00Z", "why": "shorter"})"));
    EXPECT_THAT(std::string(made.text_at({"expires"})), HasSubstr("2026-02-01"));
    EXPECT_EQ(post(path, "{}").status, 400u);
    EXPECT_EQ(get(path).status, 200u);
    sign_in("member", "word");  // of project a
    EXPECT_EQ(get(path).status, 404u);
    EXPECT_EQ(post(path + "/lift", "").status, 404u);
    EXPECT_EQ(json("/api/v1/suppressions").find("suppressions")->items().size(), 0u);
    sign_in();
    suppress("");
    sign_in("member", "word");
    EXPECT_EQ(get("/api/v1/suppressions/" + id()).status, 200u) << "it hides theirs, too";
    EXPECT_EQ(post("/api/v1/suppressions/" + id() + "/lift", "").status, 403u);
    sign_in();
    EXPECT_EQ(post("/api/v1/suppressions/" + id() + "/lift", R"({"why": "mended"})").status, 200u);
    EXPECT_EQ(json("/api/v1/suppressions").find("suppressions")->items().size(), 1u);
    EXPECT_EQ(json("/api/v1/suppressions?past=true").find("suppressions")->items().size(), 2u);
    time.advance(24h * 32);
    sign_in();
    EXPECT_EQ(json("/api/v1/suppressions").find("suppressions")->items().size(), 0u)
        << "it has expired";
}

TEST_F(SuppressionsTest, FalcoIsToldAndItIsShownWhatThatSilences) {
    store.events = {test::event("Rule R", time.utc()), test::event("Rule R", time.utc() - 1s)};
    suppress(R"(, "project": "a")");
    desk.all.back().filter = "rule:\"rule r\" process:cat";
    const auto answer      = get("/api/v1/suppressions/" + id() + "/exception");
    EXPECT_EQ(answer.status, 200u) << answer.body;
    EXPECT_EQ(answer.headers.find("Content-Type"), "application/yaml");
    EXPECT_THAT(answer.body, HasSubstr("Rule R"));
    EXPECT_THAT(answer.body, HasSubstr("# Reason: noise"));
    const auto said = json("/api/v1/suppressions/" + id() + "/exception?format=json");
    EXPECT_EQ(said.find("found")->integer(), 2);
    EXPECT_EQ(said.find("silenced")->integer(), 2);
    const auto before = of(post(
        "/api/v1/suppressions/exception",
        R"({"filter": "rule:\"rule r\" -process:cat", "project": "a"})"
    ));
    EXPECT_TRUE(before.find("yaml")->is_null());
    EXPECT_GE(before.find("reasons")->items().size(), 1u);
    desk.all.back().filter = "cat";
    const auto refused     = get("/api/v1/suppressions/" + id() + "/exception");
    EXPECT_EQ(refused.status, 422u);
    EXPECT_THAT(std::string(of(refused).text_at({"detail"})), HasSubstr("name the field"));
}

TEST(SuppressionFilterTest, OneThatCanNoLongerBeReadHidesNothing) {
    const utc_time    now{};
    const suppression broken{.id = uuid::random(), .filter = "rule:", .expires = now + 1h},
        good{.id = uuid::random(), .filter = "rule:r", .expires = now + 2h};
    const readable_clusters everybody{.everything = true};
    const auto              holding = any_of({broken, good}, everybody, now);
    ASSERT_NE(holding.any, nullptr);
    EXPECT_EQ(holding.until, now + 2h);
    EXPECT_EQ(any_of({broken}, everybody, now).any, nullptr);
    EXPECT_EQ(any_of({good}, everybody, now + 2h).any, nullptr)
        << "the end is the first moment without it";
}

TEST(SuppressionFilterTest, WhatWasMadeForAnotherProjectOfTheSameNameIsNotTheirs) {
    const utc_time          now{std::chrono::hours(1000)};
    const readable_clusters them{.projects = {"a"}, .begun = {{"a", now}}, .landscape = "Live"};
    constexpr auto          cluster = "shoot--a--web-11111111-2222-4333-8444-555555555555-";
    const auto              made    = [&](std::string filter, std::string project, std::string in) {
        suppression it{.filter = std::move(filter), .project = std::move(project), .made = now};
        if (!in.empty()) it.clusters = {cluster + in};
        return it;
    };
    auto theirs = made("(rule:r) landscape:\"Live\"", "a", "");
    EXPECT_TRUE(in_reach(theirs, them));
    EXPECT_TRUE(concerns(theirs, them));
    theirs.made = now - 1us;
    EXPECT_FALSE(in_reach(theirs, them)) << "of the project before";
    EXPECT_FALSE(concerns(theirs, them));
    const auto canarys = made("(rule:r) landscape:\"canary\"", "a", "");
    EXPECT_FALSE(in_reach(canarys, them));
    EXPECT_FALSE(concerns(canarys, them));
    const auto anywhere = made("rule:r", "a", "");
    EXPECT_FALSE(in_reach(anywhere, them)) << "it hides others' as well";
    EXPECT_TRUE(concerns(anywhere, them));
    EXPECT_TRUE(in_reach(made("rule:r", "", "Live"), them));
    EXPECT_FALSE(in_reach(made("rule:r", "", "canary"), them));
    EXPECT_FALSE(concerns(made("rule:r", "", "canary"), them));
    EXPECT_TRUE(concerns(made("rule:r", "", ""), them)) << "everybody's";
    EXPECT_FALSE(concerns(made("rule:r", "", ""), {})) << "who sees nothing is not concerned";
}

}  // namespace
}  // namespace falconer::console
