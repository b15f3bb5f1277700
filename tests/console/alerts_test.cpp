// Alert rules and silences through the console: whose they are.
#include "console_fixture.hpp"
#include "told_alerts.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class AlertsTest : public test::console_fixture {
protected:
    test::told_alerts desk;

    void SetUp() override {
        for (auto& each : opt.sign_in.users) each.may_triage = true;
        opt.sign_in.users.push_back(
            {.name     = "viewer",
             .title    = "reads",
             .password = secret("look"),
             .sees     = {.everything = true}}
        );
        make();
        console->use(desk, desk);
        sign_in();
        for (const auto* project : {"a", "b"}) {
            alerts::kept_rule one;
            one.rule.id      = uuid::random();
            one.rule.project = project;
            one.rule.name    = std::string("of ") + project;
            one.rule.what    = "rule:x";
            one.rule.version = 3;
            desk.all.push_back(std::move(one));
        }
    }
    net::http_response post(const std::string& target, const std::string& body) {
        return ask(request(target, "POST", body));
    }
    static std::string body(const std::string& project, const std::string& rest = "") {
        return R"({"project": ")" + project +
               R"(", "rule": {"name": "n", "filter": "rule:x", "receivers": ["r"]})" + rest + "}";
    }
    std::string path(std::size_t which) const {
        return "/api/v1/alert-rules/" + desk.all.at(which).rule.id.text();
    }
};

TEST_F(AlertsTest, EverybodySeesTheRulesOfTheirProjects) {
    EXPECT_EQ(json("/api/v1/alert-rules").find("rules")->items().size(), 2u);
    sign_in("member", "word");
    const auto mine = json("/api/v1/alert-rules");
    ASSERT_EQ(mine.find("rules")->items().size(), 1u);
    EXPECT_EQ(mine.find("rules")->items()[0].text_at({"rule", "name"}), "of a");
    EXPECT_EQ(ask(request(path(0), "GET")).status, 200u);
    EXPECT_EQ(ask(request(path(1), "GET")).status, 404u);
}

TEST_F(AlertsTest, RulesComeAsAListForTheConfigurationFile) {
    const auto file = ask(request("/api/v1/alert-rules?format=yaml", "GET"));
    EXPECT_EQ(file.headers.find("Content-Type").value_or(""), "application/yaml");
    const auto read = parse_yaml(file.body);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->items().size(), 2u);
    EXPECT_EQ(read->items()[0].text_at({"name"}), "of a");
}

TEST_F(AlertsTest, ARuleIsMadeByWhoMayTriageInItsProject) {
    const auto id   = uuid::random().text();
    const auto made = of(post("/api/v1/alert-rules", body("a", R"(, "id": ")" + id + "\"")));
    EXPECT_EQ(made.text_at({"id"}), id);
    ASSERT_EQ(desk.written.size(), 1u);
    EXPECT_EQ(desk.written[0].who, "operator");
    EXPECT_EQ(desk.written[0].seen, 0);
    EXPECT_EQ(desk.written[0].rule.project, "a");
    sign_in("member", "word");
    EXPECT_EQ(post("/api/v1/alert-rules", body("b")).status, 403u);
    EXPECT_EQ(post("/api/v1/alert-rules", body("a")).status, 200u);
    sign_in("viewer", "look");
    EXPECT_EQ(post("/api/v1/alert-rules", body("a")).status, 403u);
    EXPECT_EQ(desk.written.size(), 2u);
}

TEST_F(AlertsTest, ARuleIsChangedOverTheVersionThatWasSeen) {
    EXPECT_EQ(post(path(0), body("a")).status, 400u) << "which version?";
    EXPECT_EQ(post(path(0), body("b", R"(, "version": 3)")).status, 400u) << "it stays with a";
    EXPECT_EQ(post(path(0), body("a", R"(, "version": 3)")).status, 200u);
    ASSERT_EQ(desk.written.size(), 1u);
    EXPECT_EQ(desk.written[0].rule.id, desk.all[0].rule.id);
    EXPECT_EQ(desk.written[0].seen, 3);
    desk.fails = failure{errc::conflict, "others have changed the rule"};
    EXPECT_EQ(post(path(0), body("a", R"(, "version": 3)")).status, 409u);
    desk.fails.reset();
    EXPECT_EQ(post(path(0) + "/delete", R"({"version": 3})").status, 200u);
    EXPECT_EQ(desk.dropped.at(0).rule.project, "a");
    sign_in("member", "word");
    EXPECT_EQ(post(path(1), body("b", R"(, "version": 3)")).status, 404u);
    EXPECT_EQ(post(path(1) + "/delete", R"({"version": 3})").status, 404u);
}

TEST_F(AlertsTest, AllThatIsWrongWithARuleIsSaidAtOnce) {
    const auto answer = post(
        "/api/v1/alert-rules",
        R"({"project": "a", "rule": {"filter": "priority:loud", "wait": "x", "receiver": []}})"
    );
    EXPECT_EQ(answer.status, 400u);
    for (const auto* each : {"rule.name", "rule.filter", "rule.wait", "did you mean"})
        EXPECT_THAT(answer.body, HasSubstr(each));
    for (const auto* text : {"", "[]", R"({"project": "a"})", R"({"rule": {"name": "n"}})"})
        EXPECT_EQ(post("/api/v1/alert-rules", text).status, 400u) << text;
}

TEST_F(AlertsTest, ARuleIsTriedOnEventsOfItsProjectThatTheAskerMaySee) {
    sign_in("member", "word");
    const auto found = of(post("/api/v1/alert-rules/preview", body("a", R"(, "days": 3)")));
    EXPECT_EQ(found.find("told")->integer(), 14);
    ASSERT_EQ(desk.tried.size(), 1u);
    EXPECT_EQ(desk.tried[0].what, "(rule:x) project:\"a\"");
    EXPECT_FALSE(desk.tried_for[0].everything);
    EXPECT_EQ(post("/api/v1/alert-rules/preview", body("b")).status, 404u);
    EXPECT_EQ(post("/api/v1/alert-rules/preview", body("a", R"(, "days": 32)")).status, 400u);
    sign_in("viewer", "look");
    EXPECT_EQ(post("/api/v1/alert-rules/preview", body("b")).status, 200u) << "to look is to read";
}

TEST_F(AlertsTest, ASilenceIsForAProjectOrByWhoSeesEverythingForAll) {
    const auto say = [&](const std::string& rest) {
        return post("/api/v1/silences", R"({"filter": "rule:x", "reason": "works")" + rest + "}");
    };
    EXPECT_EQ(say("").status, 400u) << "it needs an end";
    EXPECT_EQ(say(R"(, "until": "2020-01-01")").status, 400u);
    EXPECT_EQ(say(R"(, "until": "9999-01-01")").status, 400u);
    const auto end = text_of(event_time_of(time.utc() + 2h));
    EXPECT_EQ(say(R"(, "until": ")" + end + "\"").status, 200u);
    EXPECT_EQ(desk.quiet.at(0).project, "");
    EXPECT_EQ(desk.quiet.at(0).who, "operator");
    sign_in("member", "word");
    EXPECT_EQ(say(R"(, "until": ")" + end + "\"").status, 403u);
    EXPECT_EQ(say(R"(, "project": "a", "until": ")" + end + "\"").status, 200u);
    EXPECT_EQ(json("/api/v1/silences").find("silences")->items().size(), 1u) << "their own";
    const auto of_all = desk.quiet.at(0).id.text(), of_a = desk.quiet.at(1).id.text();
    EXPECT_EQ(post("/api/v1/silences/" + of_all + "/end", "").status, 404u);
    EXPECT_EQ(post("/api/v1/silences/" + of_a + "/end", "").status, 200u);
    EXPECT_EQ(desk.ended, std::vector{desk.quiet.at(1).id});
}

TEST_F(AlertsTest, AlertsAreSeenByThoseOfTheirRulesProject) {
    for (const auto* project : {"", "a", "b"}) {
        alerts::standing_alert one;
        one.alert.id      = uuid::random();
        one.alert.summary = "a shell";
        one.project       = project;
        desk.now.push_back(std::move(one));
    }
    EXPECT_EQ(json("/api/v1/alerts").find("alerts")->items().size(), 3u);
    sign_in("member", "word");
    EXPECT_EQ(json("/api/v1/alerts").find("alerts")->items().size(), 1u);
}

TEST_F(AlertsTest, WithoutADeskThereIsNothing) {
    make();
    sign_in();
    for (const auto* place : {"/api/v1/alerts", "/api/v1/alert-rules", "/api/v1/silences"})
        EXPECT_EQ(ask(request(place, "GET")).status, 404u) << place;
}

}  // namespace
}  // namespace falconer::console
