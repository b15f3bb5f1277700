// Who may assess events through the console, and what becomes of what they send.
#include "console/merged_triage.hpp"
#include "console/suppression_filter.hpp"
#include "console_fixture.hpp"
#include "told_desk.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using hidden_events = triage_view::hidden_events;

class TriageTest : public test::console_fixture {
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
        for (int i = 0; i < 3; ++i) {
            store.events.push_back(test::event("r", utc_time{} + 100h - i * 1s));
            desk.known.push_back(store.events.back().at);
        }
    }
    net::http_response post(const std::string& target, std::string body) {
        return ask(request(target, "POST", std::move(body)));
    }
    std::string key(std::size_t which = 0) const { return store.events.at(which).at.text(); }
    std::string one(const std::string& rest, const std::string& seen = "null") const {
        return R"({"events": [{"key": ")" + key() + R"(", "seen": )" + seen + "}], " + rest + "}";
    }
};

TEST_F(TriageTest, EventsAreAssessedByWhoeverMayAndSeesThem) {
    EXPECT_EQ(post("/api/v1/triage", one(R"("state": "acknowledged")")).status, 401u);
    sign_in("viewer", "look");
    EXPECT_EQ(post("/api/v1/triage", one(R"("state": "acknowledged")")).status, 403u);
    EXPECT_FALSE(*json("/api/v1/me").find("mayTriage")->boolean());
    sign_in("member", "word");  // who sees none of these
    EXPECT_EQ(post("/api/v1/triage", one(R"("state": "acknowledged")")).status, 404u);
    sign_in();
    EXPECT_TRUE(*json("/api/v1/me").find("mayTriage")->boolean());
    const auto answer = post(
        "/api/v1/triage",
        one(R"("state": "false positive", "reason": "the cron job", "comment": "grün", )"
            R"("assignee": "bob", "expires": "2199-01-01T00:00:00Z")",
            R"("7")")
    );
    EXPECT_EQ(answer.status, 400u) << "too far ahead";
    const auto good = of(post(
        "/api/v1/triage",
        one(R"("state": "false positive", "reason": "the cron job", "comment": "grün", )"
            R"("assignee": "bob", "expires": "2026-03-01T00:00:00Z")",
            R"("7")")
    ));
    EXPECT_EQ(good.find("events")->integer(), 1);
    ASSERT_EQ(desk.orders.size(), 1u);
    const auto& order = desk.orders.front();
    EXPECT_EQ(order.who, "operator");
    EXPECT_EQ(order.state, triage_state::false_positive);
    EXPECT_EQ(order.reason, "the cron job");
    EXPECT_EQ(order.comment, "grün");
    EXPECT_EQ(order.assignee, "bob");
    EXPECT_EQ(order.events.front().at, store.events.front().at);
    EXPECT_EQ(order.events.front().seen, 7);
    EXPECT_EQ(order.id.text(), good.text_at({"action"}));
    EXPECT_EQ(order.expires, utc_time{} + 24h * 20'513);
}

TEST_F(TriageTest, WhatCannotBeDoneIsRefusedAndChangesNothing) {
    sign_in();
    const std::string many = [&] {
        std::string list;
        for (int i = 0; i < 101; ++i)
            list += (i == 0 ? "" : ",") + (R"({"key": ")" + key() + "\"}");
        return R"({"state": "acknowledged", "events": [)" + list + "]}";
    }();
    for (const std::string& body :
         {std::string(""),
          std::string("[]"),
          std::string("{}"),
          std::string("{\"state\": \"new\"}"),
          one(R"("state": "lost")"),
          one(R"("state": 3)"),
          one(R"("nothing": 1)"),
          one(R"("state": "false positive")"),
          one(R"("state": "suppressed", "reason": "")"),
          one(R"("state": "acknowledged", "expires": "-3d")"),
          one(R"("state": "acknowledged", "expires": "1969-01-01")"),
          one(R"("state": "acknowledged", "expires": "soon")"),
          one(R"("state": "new", "expires": "2030-01-01")"),
          one(R"("assignee": "bob", "expires": "2030-01-01")"),
          one(R"("state": "acknowledged", "id": "x")"),
          one(R"("state": "acknowledged", "reason": 5)"),
          one("\"state\": \"acknowledged\", \"comment\": \"a\\u0000b\""),
          one(R"("state": "acknowledged", "comment": ")" + std::string(2001, 'x') + "\""),
          one(R"("state": "acknowledged", "filter": {})"),
          one(R"("state": "acknowledged")", R"("-1")"),
          one(R"("state": "acknowledged")", "7"),
          std::string(R"({"events": [{"key": "x"}], "state": "acknowledged"})"),
          std::string(R"({"events": [], "state": "acknowledged"})"),
          std::string(R"({"filter": {"q": "("}, "state": "acknowledged"})"),
          std::string(R"({"filter": {"q": 3}, "state": "acknowledged"})"),
          std::string(R"({"filter": {"hidden": "maybe"}, "state": "acknowledged"})"),
          std::string(R"({"filter": {"limit": "3"}, "state": "acknowledged"})"),
          many}) {
        const auto answer = post("/api/v1/triage", body);
        EXPECT_EQ(answer.status, 400u) << body.substr(0, 200) << ' ' << answer.body;
        EXPECT_EQ(answer.headers.find("Content-Type"), "application/problem+json");
    }
    EXPECT_TRUE(desk.orders.empty());
    const auto gone = test::event("gone", utc_time{} + 5h).at.text();
    EXPECT_EQ(
        post("/api/v1/triage", R"({"events": [{"key": ")" + gone + R"("}], "state": "new"})")
            .status,
        404u
    );
    for (const auto* path :
         {"/api/v1/events?hidden=yes", "/api/v1/events?state=lost",
          "/api/v1/triage/actions?limit=0", "/api/v1/triage/actions?cursor=x",
          "/api/v1/triage/actions?suppression=x"})
        EXPECT_EQ(get(path).status, 400u) << path;
}

TEST_F(TriageTest, AFilterAssessesTenThousandAndSaysIfThereAreMore) {
    sign_in();
    desk.known.resize(10'001, desk.known.front());
    const auto done = of(post(
        "/api/v1/triage",
        R"({"filter": {"q": "rule:r", "since": "-7d", "hidden": "without", "state": ["new"]}, )"
        R"("state": "suppressed", "reason": "noise"})"
    ));
    EXPECT_EQ(done.find("events")->integer(), 10'000);
    EXPECT_TRUE(*done.find("more")->boolean());
    EXPECT_EQ(desk.orders.front().filter, "q=rule:r since=-7d hidden=without state=new");
    EXPECT_EQ(desk.searches.front().triage.hidden, hidden_events::without);
    EXPECT_EQ(desk.searches.front().triage.states, 1u);
    EXPECT_TRUE(desk.searches.front().who.everything);
    desk.known.clear();
    const auto none =
        of(post("/api/v1/triage", R"({"filter": {"q": "rule:x"}, "state": "acknowledged"})"));
    EXPECT_EQ(none.find("events")->integer(), 0);
    EXPECT_EQ(desk.orders.size(), 1u);
}

TEST_F(TriageTest, WhoeverComesSecondIsToldWhoWasFirst) {
    sign_in();
    desk.fails.emplace(errc::conflict, "bob has assessed 1 of them meanwhile");
    const auto answer = post("/api/v1/triage", one(R"("state": "acknowledged")", R"("0")"));
    EXPECT_EQ(answer.status, 409u);
    EXPECT_EQ(of(answer).text_at({"type"}), "/problems/assessed-meanwhile");
    EXPECT_THAT(std::string(of(answer).text_at({"detail"})), HasSubstr("bob has assessed"));
}

TEST_F(TriageTest, AListSaysHowItsEventsStandAndWhatHasExpiredIsNewAgain) {
    sign_in();
    const auto now                 = time.utc();
    desk.stand[store.events[0].at] = {
        .action   = 4,
        .state    = triage_state::false_positive,
        .assignee = "bob",
        .expires  = now + 1h,
        .who      = "alice",
        .reason   = "noise",
        .at       = now
    };
    const auto first = [&] { return json("/api/v1/events").find("events")->items().at(0); };
    EXPECT_EQ(first().text_at({"assessment", "state"}), "false positive");
    EXPECT_EQ(first().text_at({"assessment", "by"}), "alice");
    EXPECT_EQ(first().text_at({"assessment", "action"}), "4");
    EXPECT_TRUE(json("/api/v1/events").find("events")->items().at(1).find("assessment")->is_null());
    EXPECT_EQ(json("/api/v1/events/" + key()).text_at({"assessment", "reason"}), "noise");
    time.advance(1h - 1us);
    EXPECT_EQ(first().text_at({"assessment", "state"}), "false positive");
    time.advance(1us);
    EXPECT_EQ(first().text_at({"assessment", "state"}), "new");
    EXPECT_TRUE(*first().find_path({"assessment", "expired"})->boolean());
}

TEST_F(TriageTest, TheStandardViewAsksWithoutWhatIsSuppressedUntilItExpires) {
    sign_in();
    const auto now = time.utc();
    desk.all.push_back(
        {.id      = uuid::random(),
         .filter  = "rule:noise",
         .project = "a",
         .reason  = "x",
         .owner   = "o",
         .made_by = "m",
         .expires = now + 1h}
    );
    json("/api/v1/events");
    EXPECT_TRUE(store.asked.back().search.triage.is_everything());
    json("/api/v1/events?hidden=without&state=new&state=in+progress&assignee=bob");
    auto view = store.asked.back().search.triage;
    EXPECT_EQ(view.hidden, hidden_events::without);
    EXPECT_EQ(view.states, 0b101u);
    EXPECT_EQ(view.assignee, "bob");
    EXPECT_EQ(view.now, now);
    EXPECT_NE(view.suppressions, nullptr);
    json("/api/v1/histogram?hidden=only");
    EXPECT_EQ(store.histogram_asked->search.triage.hidden, hidden_events::only);
    json("/api/v1/facets?hidden=only");
    EXPECT_EQ(store.facets_asked->search.triage.hidden, hidden_events::only);
    time.advance(1h);
    json("/api/v1/events?hidden=without");
    EXPECT_EQ(store.asked.back().search.triage.suppressions, nullptr);
}

TEST_F(TriageTest, WhatComesWhileOneLooksIsHiddenByTheSameSuppressions) {
    sign_in();
    const auto now = time.utc();
    desk.all.push_back(
        {.id = uuid::random(), .filter = "rule:noise", .project = "a", .expires = now + 60s}
    );
    store.coming =
        {{.position = "1.0",
          .events   = {
              test::event("noise", now), test::event("signal", now), test::event("noise", now, "b")
          }}};
    auto answer = get("/api/v1/tail?hidden=without");
    ASSERT_NE(answer.stream, nullptr);
    const auto next = [&] {
        auto got = start(answer.stream->next());
        for (int i = 0; i < 60 && !*got; ++i) {
            time.settle();
            if (!*got) time.advance(400ms);
        }
        return got->value_or("nothing");
    };
    auto said = next();
    EXPECT_THAT(said, HasSubstr("\"rule\":\"signal\""));
    const auto noise = said.find("\"rule\":\"noise\"");
    ASSERT_NE(noise, said.npos) << "of the other project";
    EXPECT_EQ(said.find("\"rule\":\"noise\"", noise + 1), said.npos);
    time.advance(60s);
    while (said.find("event: end") == said.npos && said != "nothing") said = next();
    EXPECT_THAT(said, HasSubstr(R"({"reason":"again"})"));
    EXPECT_EQ(next(), "");
}

TEST_F(TriageTest, AnActionIsUndoneByWhoeverSeesAllOfItsEvents) {
    sign_in();
    const auto id = uuid::random();
    desk.done.push_back(
        {.seq    = 1,
         .id     = id,
         .who    = "alice",
         .state  = triage_state::acknowledged,
         .filter = "q=rule:r",
         .events = 4}
    );
    const auto list = json("/api/v1/triage/actions");
    EXPECT_EQ(list.find("actions")->items().at(0).text_at({"filter"}), "q=rule:r");
    const auto story = json("/api/v1/events/" + key() + "/history");
    EXPECT_EQ(story.find("actions")->items().at(0).text_at({"by"}), "alice");
    EXPECT_EQ(story.find("actions")->items().at(0).find("filter"), nullptr);
    const auto path = "/api/v1/triage/actions/" + id.text() + "/undo";
    const auto done = of(post(path, R"({"reason": "a mistake"})"));
    EXPECT_EQ(done.find("events")->integer(), 3);
    EXPECT_EQ(done.find("passed")->integer(), 1);
    EXPECT_EQ(desk.undone, std::vector<std::string>{"operator"});
    EXPECT_EQ(post("/api/v1/triage/actions/x/undo", "").status, 404u);
    EXPECT_EQ(post("/api/v1/triage/actions/" + uuid::random().text() + "/undo", "").status, 404u);
    EXPECT_EQ(post(path, R"({"reason": 1})").status, 400u);
    sign_in("member", "word");
    EXPECT_EQ(post(path, "").status, 404u);
    sign_in("viewer", "look");
    EXPECT_EQ(post(path, "").status, 403u);
}

TEST_F(TriageTest, WithoutADeskThereIsNoTriage) {
    make();
    sign_in();
    EXPECT_EQ(post("/api/v1/triage", one(R"("state": "acknowledged")")).status, 404u);
    EXPECT_EQ(get("/api/v1/events?hidden=without").status, 404u);
    EXPECT_EQ(get("/api/v1/events").status, 200u);
    EXPECT_FALSE(*json("/api/v1/me").find("mayTriage")->boolean());
}

TEST_F(TriageTest, SeveralStoresAnswerAsOne) {
    test::told_desk other;
    merged_triage   both({&desk, &other});
    const auto      run = [&](auto work) {
        auto got = start(std::move(work));
        time.settle();
        return std::move(**got);
    };
    const auto here    = test::event("x", utc_time{} + 1h).at,
               there   = test::event("y", utc_time{} + 2h).at;
    desk.known         = {here};
    other.known        = {there};
    other.stand[there] = {.action = 5};
    auto stand         = run(both.standing({here, there}));
    EXPECT_EQ(stand->at(there).action, 5);
    auto places = run(both.places({}, 1));
    EXPECT_EQ(places->places, std::vector<event_position>{there});
    EXPECT_TRUE(places->more);
    assess_order order{.events = {{.at = here}, {.at = there, .seen = 4}}};
    auto         late = run(both.assess(order));
    EXPECT_FALSE(late);
    EXPECT_TRUE(desk.orders.empty());
    order.events[1].seen = 5;
    EXPECT_TRUE(run(both.assess(order)));
    EXPECT_EQ(other.orders.size(), 1u);
    const auto id = uuid::random();
    desk.done     = {{.id = id, .events = 2}};
    other.done    = {{.id = id, .events = 3}};
    auto actions  = run(both.actions({.who = {.everything = true}}));
    ASSERT_EQ(actions->size(), 1u);
    EXPECT_EQ(actions->front().events, 5u);
    // Who may see what it did here and not what it did there cannot undo it.
    desk.is_theirs = true;
    const action_search of_a{.who = {.projects = {"a"}}, .id = id};
    EXPECT_TRUE(run(both.actions(of_a))->empty());
    other.done.clear();
    EXPECT_EQ(run(both.actions(of_a))->size(), 1u);
}

}  // namespace
}  // namespace falconer::console
