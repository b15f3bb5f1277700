// Incidents through the API: who sees them, who changes them, and what there was before an event.
#include "garden_fixture.hpp"
#include "told_desk.hpp"
#include "told_incidents.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

class IncidentsApiTest : public test::garden_fixture {
protected:
    test::told_desk      desk;
    test::told_incidents incidents;

    void SetUp() override {
        garden_fixture::SetUp();
        const auto now = time.utc() + 1h;
        for (const auto* project : {"a", "b"}) {
            store.events.push_back(test::event("shell", now, project));
            incident one{.id = uuid::random(), .cluster = store.events.back().cluster};
            one.rule  = "shell";
            one.place = {incident_place::kind::pod, "shop", "web"};
            one.count = 3;
            one.first = one.last = now;
            incidents.all.push_back(std::move(one));
        }
        console->use(desk);
        console->use(incidents);
    }
    unsigned post(const std::string& token, const std::string& body) {
        auto what = with_token(token, "/api/v1/incidents/triage", "POST");
        what.body = body;
        answer    = ask(std::move(what));
        return answer.status;
    }
    std::string named(std::size_t which, const std::string& more = R"("state": "resolved")") const {
        return R"({"incidents": [{"id": ")" + incidents.all[which].id.text() +
               R"(", "seen": "0"}], )" + more + "}";
    }
    value seen_by(const std::string& token, const std::string& query = "") {
        return of(get_as(token, "/api/v1/incidents" + query));
    }
    net::http_response answer;
};

TEST_F(IncidentsApiTest, OneSeesThoseOfTheClustersThatOneMayRead) {
    EXPECT_EQ(seen_by("member").find("incidents")->items().size(), 1u);
    EXPECT_EQ(seen_by("operator").find("incidents")->items().size(), 2u);
    EXPECT_EQ(seen_by("outsider").find("incidents")->items().size(), 0u);
    const auto path = "/api/v1/incidents/" + incidents.all[1].id.text();
    EXPECT_EQ(get_as("member", path).status, 404u);
    const auto whole = of(get_as("viewer", path));
    EXPECT_EQ(whole.text_at({"incident", "workload", "name"}), "web");
    EXPECT_EQ(whole.find("sameRule")->items().size(), 1u);
    EXPECT_EQ(get_as("viewer", "/api/v1/incidents/7").status, 404u);
}

TEST_F(IncidentsApiTest, ASearchIsUnderstoodOrRefused) {
    (void)seen_by("operator", "?state=open&state=in%20progress&assignee=me&limit=7&since=-2h");
    const auto& asked = incidents.searches.back();
    EXPECT_EQ(asked.states, 0b101);
    EXPECT_EQ(asked.assignee, "me");
    EXPECT_EQ(asked.limit, 7u);
    EXPECT_EQ(asked.since, time.utc() - 2h);
    for (const auto* wrong :
         {"?state=new", "?limit=0", "?cursor=x", "?q=output:x", "?q=proc.pid%3E3", "?q=flag:test",
          "?q=received%3E-1h", "?q=user:*"}) {
        const auto refused = get_as("operator", std::string("/api/v1/incidents") + wrong);
        EXPECT_EQ(refused.status, 400u) << wrong;
    }
    EXPECT_EQ(
        get_as("operator", "/api/v1/incidents?q=workload:web%20-rule:x%20priority%3E=error").status,
        200u
    );
    const auto page = seen_by("operator", "?limit=1");
    const auto next = page.text_at({"next"});
    EXPECT_EQ(get_as("operator", "/api/v1/incidents?cursor=" + std::string(next)).status, 200u);
    EXPECT_EQ(incidents.searches.back().before->id, incidents.all[0].id);
}

TEST_F(IncidentsApiTest, CountsComeInSteps) {
    const auto hour = std::chrono::floor<std::chrono::hours>(time.utc()).time_since_epoch().count();
    incidents.all.front().hours = {{hour - 24 * 40, 9}, {hour - 6, 2}, {hour, 1}};
    const auto  list            = seen_by("operator");
    const auto& first           = list.find("incidents")->items().front();
    const auto& steps           = first.find_path({"series", "counts"})->items();
    ASSERT_EQ(steps.size(), 28u);
    EXPECT_EQ(steps[27].integer(), 1);
    EXPECT_EQ(steps[26].integer(), 2);
    std::int64_t sum = 0;
    for (const auto& each : steps) sum += each.integer().value_or(0);
    EXPECT_EQ(sum, 3);
}

TEST_F(IncidentsApiTest, WhoMayChangeShootsSaysHowTheyStand) {
    EXPECT_EQ(post("viewer", named(0)), 403u);
    EXPECT_EQ(post("outsider", named(0)), 403u);
    EXPECT_EQ(post("member", named(1)), 404u);
    EXPECT_TRUE(incidents.orders.empty());
    EXPECT_EQ(post("member", named(0)), 200u);
    ASSERT_EQ(incidents.orders.size(), 1u);
    EXPECT_EQ(incidents.orders.front().who, "member");
    EXPECT_EQ(incidents.orders.front().state, incident_state::resolved);
    EXPECT_EQ(incidents.orders.front().incidents.front().seen, 0);
    EXPECT_EQ(post("operator", named(1, R"("assignee": "me", "comment": "mine")")), 200u);
    incidents.fails = failure{errc::conflict, "bob has changed 1 of them meanwhile"};
    EXPECT_EQ(post("operator", named(1)), 409u);
    EXPECT_EQ(of(answer).text_at({"type"}), "/problems/changed-meanwhile");
}

TEST_F(IncidentsApiTest, WhatCannotBeDoneIsSaid) {
    const auto id = incidents.all[0].id.text();
    for (const std::string& wrong :
         {std::string("["), std::string("{}"), named(0, R"("state": "new")"),
          named(0, R"("id": 7)"), named(0, R"("state": "ignored")"),
          named(0, R"("reason": "nothing else")"),
          std::string(R"({"incidents": [{"id": "x"}], "state": "open"})"),
          R"({"incidents": [{"id": ")" + id + R"(", "seen": "-1"}], "state": "open"})"}) {
        EXPECT_EQ(post("operator", wrong), 400u) << wrong;
    }
    EXPECT_EQ(post("operator", named(0, R"("state": "ignored", "reason": "a drill")")), 200u);
}

TEST_F(IncidentsApiTest, AnEventTellsWhetherItsImageDidThatBefore) {
    auto& event = store.events.front();
    event.output_fields =
        R"({"container.image.repository": "registry/x", "k8s.pod.name": "web-0", "k8s.ns.name": "s"})";
    incidents.all.front().id =
        incident_id(event.cluster.identity, event.rule, {incident_place::kind::pod, "s", "web"});
    incidents.images.here = incidents.images.earliest =
        image_history::sighting{event.cluster, event.at.received, event.at.received, 1};
    const auto path = "/api/v1/events/" + event.at.text() + "/first-seen";
    auto       said = of(get_as("member", path));
    EXPECT_EQ(incidents.image, "registry/x");
    EXPECT_EQ(said.find("isFirst")->boolean(), true);
    EXPECT_EQ(said.text_at({"incident", "id"}), incidents.all.front().id.text());
    incidents.images.earliest->first -= 1s;
    said                              = of(get_as("member", path));
    EXPECT_EQ(said.find("isFirst")->boolean(), false);
    EXPECT_EQ(said.find("isFirstHere")->boolean(), true);
    incidents.images = {};
    incidents.all.clear();
    said = of(get_as("member", path));
    EXPECT_EQ(said.find("isFirstHere")->boolean(), false) << "it has not been counted yet";
    EXPECT_TRUE(said.find("incident")->is_null());
    EXPECT_EQ(get_as("outsider", path).status, 404u);
}

TEST_F(IncidentsApiTest, WhatIsMostLikeItComesFirst) {
    auto like = [&](const std::string& fields) {
        auto it          = test::event("shell", time.utc() + 1h);
        it.output_fields = fields;
        store.events.push_back(std::move(it));
    };
    store.events.front().output_fields =
        R"({"proc.name": "cat", "proc.cmdline": "cat /etc/shadow", "user.name": "root"})";
    like(R"({"proc.name": "cat", "user.name": "nobody"})");
    like(R"({"proc.name": "cat", "proc.cmdline": "cat /etc/shadow"})");
    like(R"({"proc.name": "vi", "user.name": 7})");
    const auto said =
        of(get_as("member", "/api/v1/events/" + store.events.front().at.text() + "/similar?limit=2")
        );
    const auto& all = said.find("similar")->items();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].text_at({"event", "key"}), store.events[3].at.text());
    EXPECT_EQ(all[0].find("same")->items().size(), 2u);
    EXPECT_EQ(all[1].text_at({"event", "key"}), store.events[2].at.text());
    const auto& asked = store.asked.back().search;
    EXPECT_EQ(asked.who.projects, std::vector<std::string>{"a"});
    EXPECT_TRUE(filter::matches(*asked.what, event_contents(store.events[3]).subject()));
    EXPECT_FALSE(filter::matches(*asked.what, event_contents(store.events[4]).subject()));
}

TEST_F(IncidentsApiTest, AConsoleThatKeepsNoneSaysSo) {
    make();
    EXPECT_EQ(get_as("operator", "/api/v1/incidents").status, 404u);
    EXPECT_EQ(post("operator", named(0)), 404u);
}

}  // namespace
}  // namespace falconer::console
