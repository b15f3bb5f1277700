// Role × endpoint: who may ask what, for every place that the API's document has.
#include "garden_fixture.hpp"
#include "told_alerts.hpp"
#include "told_counts.hpp"
#include "told_desk.hpp"
#include "told_incidents.hpp"

namespace falconer::console {
namespace {

class MatrixTest : public test::garden_fixture {
protected:
    struct place {
        std::string method{}, target{};
    };
    /// Those that need somebody; the others are for signing in.
    std::vector<place> places() {
        std::vector<place> all;
        const auto         document = json("/api/v1/openapi.json");
        for (const auto& [path, methods, line] : document.find("paths")->entries()) {
            auto target = path;
            if (const auto at = target.find("incidents/{id}"); at != target.npos)
                target.replace(at + 10, 4, of_incident);
            for (const auto* name : {"{key}", "{id}"})
                if (const auto at = target.find(name); at != target.npos)
                    target.replace(at, std::string(name).size(), name[1] == 'k' ? key : "7");
            for (const auto& [name, is] :
                 {std::pair{"{landscape}", "live"}, std::pair{"{project}", "a"},
                  std::pair{"{cluster}", "web"}})
                if (const auto at = target.find(name); at != target.npos)
                    target.replace(at, std::string(name).size(), is);
            if (target == "/api/v1/export") target += "?format=ndjson";
            for (const auto& [method, what, at] : methods.entries()) {
                if (what.find("security") != nullptr || target == "/api/v1/session") continue;
                std::string upper = method;
                for (auto& c : upper) c = static_cast<char>(c - 'a' + 'A');
                all.push_back({upper, target});
            }
        }
        return all;
    }
    std::string          key, of_incident;
    test::told_desk      desk;
    test::told_incidents incidents;
    test::told_alerts    alert_rules;
    test::told_counts    counts;

    /// Whatever was asked of the store's counts and of its events for others, for whom.
    std::vector<readable_clusters> asked_of_counts() {
        std::vector<readable_clusters> all;
        for (const auto& each : counts.asked) all.push_back(each.search.who);
        for (const auto& each : counts.pulled) all.push_back(each.search.who);
        for (const auto& each : counts.grouped) all.push_back(each.who);
        counts.asked.clear();
        counts.pulled.clear();
        counts.grouped.clear();
        return all;
    }
};

/// What each role may read, and whether it may say what is thought of it, and put something back.
struct role {
    const char*              token;
    bool                     everything;
    std::vector<std::string> projects;
    bool                     changes, operates;
};

/// Whether a role is sent away from where something is done. To look what would be done is to read.
bool is_forbidden(const role& who, const std::string& target) {
    if (target.ends_with("/replay")) return !who.operates;
    if (target.ends_with("/preview") || target.ends_with("/exception")) return false;
    return !who.changes;
}

/// The read API of falco-event-provider: there whoever may not read is told that they need a token.
bool is_sent_away(const role& who, const std::string& target) {
    if (target.starts_with("/api/count/")) return !who.everything;
    if (!target.starts_with("/api/events/") && !target.starts_with("/api/group/")) return false;
    return !who.everything && std::ranges::find(who.projects, "a") == who.projects.end();
}

TEST_F(MatrixTest, EveryPlaceIsLimitedToWhatARoleMayRead) {
    const std::vector<role> all{
        {"outsider", false, {}, false, false},
        {"member", false, {"a"}, true, false},
        {"viewer", false, {"a", "b"}, false, false},
        {"operator", true, {}, true, false},
        {"admin", true, {}, true, true},
    };
    store.events  = {test::event("theirs", time.utc() + std::chrono::hours(1), "b")};
    store.bodies  = {{.id = 7, .body = "{"}};
    key           = store.events.front().at.text();
    replay.is.why = "still no event";
    console->use(desk);
    incidents.all.push_back({.id = uuid::random(), .cluster = store.events.front().cluster});
    incidents.all.front().rule = "theirs";
    of_incident                = incidents.all.front().id.text();
    console->use(incidents);
    // Of a project that is the viewer's and not the member's.
    alert_rules.all.push_back({.rule = {.id = uuid::random(), .project = "b", .name = "theirs"}});
    alert_rules.all.front().changed_at = time.utc() + std::chrono::hours(1);
    alert_rules.quiet.push_back({.id = uuid::random(), .project = "b", .reason = "theirs"});
    alert_rules.quiet.front().from  = time.utc() + std::chrono::hours(1);
    alert_rules.quiet.front().until = time.utc() + std::chrono::hours(2);
    alert_rules.now.push_back({.alert = {.summary = "theirs"}, .project = "b"});
    alert_rules.now.front().alert.last = time.utc() + std::chrono::hours(1);
    console->use(alert_rules, alert_rules);
    console->use(static_cast<landscape_queries&>(counts));
    console->use(static_cast<provider_queries&>(counts));
    const auto everywhere = places();
    ASSERT_GT(everywhere.size(), 10u);
    for (const auto& [method, target] : everywhere) {
        for (const auto* token : {"", "nobody's"}) {
            SCOPED_TRACE(method + " " + target + " with the token '" + token + "'");
            store.asked_for.clear();
            incidents.asked_for.clear();
            auto what = request(target, method);
            if (*token != '\0') what = with_token(token, target, method);
            EXPECT_EQ(ask(std::move(what)).status, 401u);
            EXPECT_TRUE(store.asked_for.empty() && asked_of_counts().empty());
            EXPECT_TRUE(incidents.asked_for.empty());
        }
        for (const auto& who : all) {
            SCOPED_TRACE(method + " " + target + " as " + who.token);
            store.asked_for.clear();
            incidents.asked_for.clear();
            auto answer = ask(with_token(who.token, target, method));
            EXPECT_EQ(answer.status == 401u, is_sent_away(who, target));
            for (const auto& each : asked_of_counts()) store.asked_for.push_back(each);
            if (answer.stream) {
                auto first = start(answer.stream->next());
                time.settle();
                if (!*first) time.advance(std::chrono::seconds(20));
            }
            auto all_asked = store.asked_for;
            all_asked.insert(
                all_asked.end(), incidents.asked_for.begin(), incidents.asked_for.end()
            );
            for (const auto& asked : all_asked) {
                EXPECT_EQ(asked.everything, who.everything);
                EXPECT_EQ(asked.projects, who.projects);
                EXPECT_EQ(asked.begun.size(), who.projects.size());
            }
            if (method != "GET") {
                const bool forbidden = answer.status == 403u;
                EXPECT_EQ(forbidden, is_forbidden(who, target));
            }
            const bool sees = who.everything || who.projects.size() == 2;
            if (target.find(key) != target.npos || target.ends_with(of_incident)) {
                EXPECT_EQ(answer.status, sees ? 200u : 404u);
            }
            EXPECT_TRUE(sees || answer.body.find("theirs") == answer.body.npos);
        }
    }
}

}  // namespace
}  // namespace falconer::console
