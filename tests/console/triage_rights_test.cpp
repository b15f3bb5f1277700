// Who may say what is thought of events, by what the garden says of them.
#include "garden_fixture.hpp"
#include "told_desk.hpp"

#include <algorithm>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

class TriageRightsTest : public test::garden_fixture {
protected:
    test::told_desk desk;

    void SetUp() override {
        garden_fixture::SetUp();
        for (const auto* project : {"a", "b"}) {
            store.events.push_back(test::event("r", time.utc() + 1h, project));
            const auto& one = store.events.back();
            desk.known.push_back(one.at);
            desk.whose.emplace(one.at, one.cluster);
        }
        use_desk();
    }
    void use_desk() { console->use(desk); }

    unsigned post(const std::string& who, const std::string& target, std::string body = "") {
        auto it = with_token(who, target, "POST");
        it.body = std::move(body);
        return ask(std::move(it)).status;
    }
    bool may_triage(const std::string& who) {
        return *of(get_as(who, "/api/v1/me")).find("mayTriage")->boolean();
    }
    /// Of the event of project a or b.
    unsigned assess(const std::string& who, std::size_t which) {
        return post(
            who, "/api/v1/triage",
            R"({"state": "acknowledged", "events": [{"key": ")" + store.events.at(which).at.text() +
                R"("}]})"
        );
    }
    unsigned suppress(const std::string& who, const std::string& project) {
        const auto until = time.utc() + 24h;
        return post(
            who, "/api/v1/suppressions",
            json_text(value{
                {"filter", "rule:r"},
                {"reason", "noise"},
                {"project", project},
                {"expires", text_of(event_time_of(until))}
            })
        );
    }
    void add_suppression(const std::string& project) {
        suppression it{.id = uuid::random(), .filter = "rule:r", .project = project};
        it.made    = time.utc();
        it.expires = it.made + 24h;
        desk.all.push_back(std::move(it));
    }
    std::string path_of(std::size_t which) const {
        return "/api/v1/suppressions/" + desk.all.at(which).id.text();
    }
    std::size_t suppressions_seen_by(const std::string& who) {
        return of(get_as(who, "/api/v1/suppressions")).find("suppressions")->items().size();
    }
    /// Whether their standard view leaves out what is suppressed.
    bool is_hidden_from(const std::string& who) {
        EXPECT_EQ(get_as(who, "/api/v1/events?hidden=without").status, 200u);
        return store.asked.back().search.triage.suppressions != nullptr;
    }
    uuid add_action() {
        const auto id = uuid::random();
        desk.done.push_back({.seq = 1, .id = id, .who = "alice", .events = 1});
        desk.is_theirs = true;
        return id;
    }
};

TEST_F(TriageRightsTest, WhoOnlyReadsChangesNothing) {
    add_suppression("a");
    const auto undo = "/api/v1/triage/actions/" + add_action().text() + "/undo";
    for (const auto* who : {"viewer", "outsider"}) {
        SCOPED_TRACE(who);
        EXPECT_FALSE(may_triage(who));
        EXPECT_EQ(assess(who, 0), 403u);
        EXPECT_EQ(
            post(who, "/api/v1/triage", R"({"state": "acknowledged", "filter": {"q": ""}})"), 403u
        );
        EXPECT_EQ(post(who, undo), 403u);
        EXPECT_EQ(suppress(who, "a"), 403u);
        EXPECT_EQ(post(who, path_of(0), R"({"owner": "me"})"), 403u);
        EXPECT_EQ(post(who, path_of(0) + "/lift"), 403u);
    }
    EXPECT_TRUE(desk.orders.empty());
    EXPECT_TRUE(desk.undone.empty());
    ASSERT_EQ(desk.all.size(), 1u);
    EXPECT_TRUE(desk.all.front().owner.empty());
    EXPECT_FALSE(desk.all.front().lifted);
    EXPECT_EQ(suppressions_seen_by("viewer"), 1u) << "it hides what they may see";
    EXPECT_EQ(suppressions_seen_by("outsider"), 0u);
}

TEST_F(TriageRightsTest, TheRightForOneProjectIsNoneForAnother) {
    bind("viewer", "analyst", "garden-b");  // who reads both
    add_suppression("a");
    add_suppression("b");
    EXPECT_TRUE(may_triage("viewer"));
    EXPECT_EQ(get_as("viewer", "/api/v1/events/" + store.events[0].at.text()).status, 200u);
    EXPECT_EQ(assess("viewer", 0), 404u);
    EXPECT_TRUE(desk.orders.empty());
    EXPECT_EQ(assess("viewer", 1), 200u);
    EXPECT_EQ(
        post("viewer", "/api/v1/triage", R"({"state": "acknowledged", "filter": {"q": "rule:r"}})"),
        200u
    );
    ASSERT_EQ(desk.orders.size(), 2u);
    for (const auto& each : desk.orders) {
        ASSERT_EQ(each.events.size(), 1u);
        EXPECT_EQ(each.events.front().at, store.events[1].at);
    }
    EXPECT_EQ(desk.searches.back().who.projects, std::vector<std::string>{"b"});
    EXPECT_EQ(suppress("viewer", "a"), 403u);
    EXPECT_EQ(post("viewer", path_of(0), R"({"owner": "me"})"), 403u);
    EXPECT_EQ(post("viewer", path_of(0) + "/lift"), 403u);
    EXPECT_FALSE(desk.all.front().lifted);
    EXPECT_EQ(post("viewer", path_of(1), R"({"owner": "me"})"), 200u);
    EXPECT_EQ(post("viewer", path_of(1) + "/lift"), 200u);
    EXPECT_EQ(suppress("viewer", "b"), 200u);
    const auto undo = "/api/v1/triage/actions/" + add_action().text() + "/undo";
    EXPECT_EQ(post("viewer", undo), 200u);
    EXPECT_EQ(desk.asked.back().who.projects, std::vector<std::string>{"b"})
        << "what it did must concern those alone";
}

TEST_F(TriageRightsTest, ARightThatIsTakenAwayIsGoneWithinAMoment) {
    EXPECT_EQ(assess("member", 0), 200u);
    unbind("member", "member", "garden-a");
    bind("member", "viewer", "garden-a");
    time.advance(how.keep);
    EXPECT_EQ(assess("member", 0), 403u);
    EXPECT_FALSE(may_triage("member"));
    is_away = true;
    time.advance(how.keep);
    EXPECT_EQ(assess("member", 0), 503u) << "what the garden has not said is not allowed";
}

TEST_F(TriageRightsTest, WhatWasMadeForAProjectBeforeIsNoneOfItsSuccessors) {
    add_suppression("a");
    const auto was = desk.all.front().id;
    desk.done.push_back(
        {.seq = 1, .id = uuid::random(), .what = triage_action::kind::suppress, .suppression = was}
    );
    desk.is_theirs       = true;
    const auto done_seen = [&] {
        return of(get_as("member", "/api/v1/triage/actions")).find("actions")->items().size();
    };
    EXPECT_EQ(suppressions_seen_by("member"), 1u);
    EXPECT_EQ(done_seen(), 1u);
    EXPECT_TRUE(is_hidden_from("member"));
    time.advance(1h);
    ASSERT_TRUE(garden.remove(test::projects, {{}, "a"}, {}));
    add_project("a");
    time.advance(how.keep);
    EXPECT_EQ(suppressions_seen_by("member"), 0u);
    EXPECT_EQ(done_seen(), 0u);
    EXPECT_EQ(get_as("member", path_of(0)).status, 404u);
    EXPECT_EQ(get_as("member", path_of(0) + "/exception").status, 404u);
    EXPECT_EQ(post("member", path_of(0) + "/lift"), 404u);
    EXPECT_FALSE(is_hidden_from("member")) << "it was meant for others' events";
    EXPECT_TRUE(is_hidden_from("operator"));
    EXPECT_EQ(suppress("member", "a"), 200u);
    EXPECT_EQ(suppressions_seen_by("member"), 1u);
    EXPECT_TRUE(is_hidden_from("member"));
}

TEST_F(TriageRightsTest, OneOfALandscapeHidesNothingOfAnotherOnes) {
    auto of_live      = how;
    of_live.landscape = "live";
    auto ended        = start(stopped(*access));
    time.settle();
    access.emplace(loop.get_executor(), time, api, of_live);
    access->start();
    time.settle();
    make();
    use_desk();
    EXPECT_EQ(suppress("member", "a"), 200u);
    ASSERT_EQ(desk.all.size(), 1u);
    EXPECT_EQ(desk.all.front().filter, R"((rule:r) landscape:"live")");
    EXPECT_EQ(post("member", path_of(0) + "/lift"), 200u);
    add_suppression("a");  // by somebody who sees every landscape
    EXPECT_EQ(suppressions_seen_by("member"), 1u) << "the lifted one is past";
    EXPECT_EQ(post("member", path_of(1) + "/lift"), 403u);
}

}  // namespace
}  // namespace falconer::console
