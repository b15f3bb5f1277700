// Incidents in a real PostgreSQL: what is one, what is counted, how it stands, and when it goes.
#include "event_queries_fixture.hpp"
#include "store/incident_follower.hpp"
#include "store/pg_incidents.hpp"
#include "store/pg_triage.hpp"
#include "store/retention.hpp"

#include <map>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using test::part;
using kind = incident_place::kind;

constexpr auto web  = "web-7d9fc8b5d4-x2x7z";
constexpr auto also = "web-7d9fc8b5d4-bbbbb";
constexpr auto shop = "registry.example.net/shop";

class IncidentsTest : public test::event_queries_fixture {
protected:
    std::unique_ptr<pg_incidents> desk;

    void SetUp() override {
        event_queries_fixture::SetUp();
        desk = std::make_unique<pg_incidents>(loop.get_executor(), time, *queries, there);
    }
    void TearDown() override {
        desk.reset();
        event_queries_fixture::TearDown();
    }
    template <class T>
    T must(task<result<T>> work) {
        auto got = await(std::move(work));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    falco_event with(falco_event e, const std::string& fields) const {
        e.texts.put(part::output_fields, fields);
        return e;
    }
    falco_event of_pod(
        std::string cluster, std::string_view rule, utc_time received, const std::string& pod,
        const std::string& image = shop
    ) const {
        return with(
            event(std::move(cluster), rule, received),
            R"({"container.id": "9245df90fcc3", "container.name": "c", "k8s.ns.name": "shop", )"
            R"("k8s.pod.name": ")" +
                pod + R"(", "container.image.repository": ")" + image + "\"}"
        );
    }
    incident_follower::round gather(std::int64_t events = 50'000) {
        metrics_registry  metrics;
        incident_follower follower(
            loop.get_executor(), time, metrics,
            incident_options{.postgres = there, .events = events}
        );
        until_countable(*admin);
        return must(follower.once());
    }
    std::vector<incident> found(
        std::string_view filter = "", readable_clusters who = {.everything = true},
        std::uint8_t states = 0
    ) {
        incident_search what{.who = std::move(who), .states = states};
        what.what = std::get<filter::node_ptr>(filter::parse(filter, time.utc()));
        return must(desk->incidents(std::move(what)));
    }
    /// "rule shop/web 3, …", the last one first.
    static std::string text_of(const std::vector<incident>& all) {
        std::string text;
        for (const auto& each : all) {
            constexpr std::array<const char*, 4> kinds{"node", "", "container ", "others"};
            text += (text.empty() ? "" : ", ") + each.rule + ' ' +
                    kinds.at(static_cast<std::size_t>(each.place.is)) + each.place.space +
                    (each.place.space.empty() ? "" : "/") + each.place.name + ' ' +
                    std::to_string(each.count);
        }
        return text;
    }
    incident only(std::string_view filter = "") {
        auto all = found(filter);
        if (all.size() != 1) throw std::runtime_error("not one: " + text_of(all));
        return all.front();
    }
    incident_order order(const incident& of, std::optional<incident_state> to) {
        incident_order it{.id = uuid::random(), .who = "alice", .state = to};
        it.incidents.push_back({.id = of.id, .seen = of.action});
        it.reason = "because";
        return it;
    }
};

TEST_F(IncidentsTest, WhatARuleFindsInAWorkloadOfAClusterIsOne) {
    auto beat = event(test::team_a, "heartbeat", noon);
    beat.set(event_flag::test);
    auto urgent  = of_pod(test::team_a, "shell", noon + 61s, also);
    urgent.level = priority::alert;
    insert(
        {of_pod(test::team_a, "shell", noon, web), urgent,
         of_pod(test::team_b, "shell", noon + 1s, web),
         of_pod(test::team_a, "curl", noon + 2s, web), std::move(beat),
         with(
             event(test::team_a, "shell", noon + 3s),
             R"({"k8s.pod.name": null, "container.id": "host", "container.name": "host"})"
         ),
         with(
             event(test::team_a, "shell", noon + 4s),
             R"({"container.id": "9245df90fcc3", "container.name": "etcd"})"
         ),
         with(
             event(test::team_a, "shell", noon + 5s),
             R"({"container.id": "9245df90fcc3", "container.name": null})"
         )}
    );
    EXPECT_EQ(gather().events, 7u);
    EXPECT_EQ(
        text_of(found()),
        "shell shop/web 2, shell container  1, shell container etcd 1, shell node "
        "1, curl shop/web 1, shell shop/web 1"
    );
    const auto first = found().front();
    EXPECT_EQ(first.first, noon);
    EXPECT_EQ(first.last, noon + 61s);
    EXPECT_EQ(first.level, priority::alert);
    EXPECT_EQ(first.cluster.project, "a");
    EXPECT_EQ(first.state, incident_state::open);
    ASSERT_EQ(first.hours.size(), 1u);
    const auto hour = std::chrono::floor<std::chrono::hours>(noon.time_since_epoch()).count();
    EXPECT_EQ(first.hours.front(), (std::pair<std::int64_t, std::uint64_t>{hour, 2u}));
}

TEST_F(IncidentsTest, AnEventTellsItsIncident) {
    const std::vector<std::string> fields{
        R"({"k8s.pod.name": "db-0", "k8s.ns.name": "größe", "container.name": "x"})",
        R"({"k8s.pod.name": "", "container.name": "kubelet:1"})",
        R"({"container.id": "9245df90fcc3"})",
        R"({"container.id": "host", "container.name": "host"})",
        R"({"k8s.pod.name": "lone", "k8s.ns.name": null})",
        R"({"k8s.pod.name": "<NA>", "k8s.ns.name": "<NA>", "container.name": "<NA>"})",
        R"({"k8s.pod.name": "<NA>", "container.id": "9245df90fcc3", "container.name": "etcd"})",
        R"({"container.id": "<NA>", "container.name": "<NA>"})",
        "{}",
    };
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto rule = "rule: " + std::to_string(i) + " ü";
        insert({with(event(test::team_a, rule, noon), fields[i])});
    }
    gather();
    std::map<std::string, uuid> ids;
    for (const auto& each : found()) ids[each.rule] = each.id;
    ASSERT_EQ(ids.size(), fields.size());
    EXPECT_EQ(text_of(found("rule:\"rule: 5 ü\"")), "rule: 5 ü node 1") << "nothing is no name";
    EXPECT_EQ(text_of(found("rule:\"rule: 6 ü\"")), "rule: 6 ü container etcd 1");
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto rule   = "rule: " + std::to_string(i) + " ü";
        const auto parsed = parse_json(fields[i]);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(incident_id(test::team_a, rule, incident_place_of(*parsed)), ids[rule]) << rule;
    }
}

TEST_F(IncidentsTest, EachEventCountsOnceWhoeverGathersAndHoweverOften) {
    for (int i = 0; i < 5; ++i)
        insert(
            {of_pod(test::team_a, "shell", noon + i * 1s, web),
             of_pod(test::team_a, "shell", noon - i * 1h, also)}
        );
    EXPECT_EQ(gather(1).events, 10u) << "a batch at a time";
    EXPECT_EQ(gather().batches, 0u);
    insert({of_pod(test::team_a, "shell", noon - 30h, web)});
    EXPECT_EQ(gather().events, 1u);
    const auto is = only();
    EXPECT_EQ(is.count, 11u);
    EXPECT_EQ(is.first, noon - 30h);
    std::uint64_t sum = 0;
    for (const auto& [hour, count] : is.hours) sum += count;
    EXPECT_EQ(sum, 11u);
}

TEST_F(IncidentsTest, OneIsAtIt) {
    insert({of_pod(test::team_a, "shell", noon, web)});
    until_countable(*admin);
    auto other = open();
    ask(*other, "BEGIN");
    ask(*other, "SELECT pg_advisory_xact_lock(7205759403792798)");
    metrics_registry  metrics;
    incident_follower follower(
        loop.get_executor(), time, metrics, incident_options{.postgres = there}
    );
    EXPECT_TRUE(must(follower.once()).elsewhere);
    ask(*other, "ROLLBACK");
    EXPECT_EQ(gather().events, 1u);
}

TEST_F(IncidentsTest, InAnotherServerItGoesOnWhereItWas) {
    insert({of_pod(test::team_a, "shell", noon, web)});
    EXPECT_EQ(gather().events, 1u);
    insert({of_pod(test::team_a, "shell", noon, web)});
    // The other server was further on.
    ask(*admin, "UPDATE falconer.follower SET xid = '90000000000', within = 0");
    ask(*admin, "UPDATE falconer.batch SET xid = '89999999999'");
    ask(*admin,
        "UPDATE falconer.batch SET xid = '90000000001' WHERE seq = (SELECT max(seq) FROM "
        "falconer.batch)");
    insert({of_pod(test::team_a, "shell", noon, web)});
    EXPECT_EQ(gather().events, 2u);
    EXPECT_EQ(only().count, 3u);
    count_all();
    EXPECT_EQ(ask(*admin, "SELECT sum(count) FROM falconer.rollup"), "3");
    insert({of_pod(test::team_a, "shell", noon, web)});
    EXPECT_EQ(gather().events, 1u);
    EXPECT_EQ(only().count, 4u);
}

TEST_F(IncidentsTest, TheyAreSeenByWhoMaySeeTheirEvents) {
    insert({of_pod(test::team_a, "shell", noon + 1s, web), of_pod(test::team_b, "curl", noon, web)}
    );
    gather();
    readable_clusters who{.projects = {"a"}};
    EXPECT_EQ(text_of(found("", who)), "shell shop/web 1");
    const auto theirs = only("project:b");
    EXPECT_EQ(must(desk->find({theirs.id}, who, noon)).size(), 0u);
    who.landscape = "other";
    EXPECT_EQ(text_of(found("", who)), "");
    who.landscape = "live";
    EXPECT_EQ(text_of(found("", who)), "shell shop/web 1");
    who.begun["a"] = time.utc() + 1h;  // a later project of that name
    EXPECT_EQ(text_of(found("", who)), "");
    EXPECT_EQ(text_of(found("", {})), "");
}

TEST_F(IncidentsTest, TheyAreFoundByWhatTheyHave) {
    insert(
        {of_pod(test::team_a, "Shell in container", noon + 4s, web),
         of_pod(test::team_b, "curl", noon + 3s, "web-7-7d9fc8b5d4-x2x7z"),
         with(
             event(test::team_a, "curl", noon + 2s),
             R"({"container.id": "9245df90fcc3", "container.name": "etcd"})"
         )}
    );
    gather();
    const auto rules = [&](std::string_view filter) {
        std::string all;
        for (const auto& each : found(filter)) all += each.rule.substr(0, 1);
        return all;
    };
    EXPECT_EQ(rules("shell"), "S");
    EXPECT_EQ(rules("workload:web-7"), "c");
    EXPECT_EQ(rules("workload:web"), "S");
    EXPECT_EQ(rules("namespace:shop"), "Sc");
    EXPECT_EQ(rules("rule:curl -namespace:shop"), "c");
    EXPECT_EQ(rules("container:etcd OR project:b"), "cc");
    EXPECT_EQ(rules("priority>=error"), "Scc");
    EXPECT_EQ(rules("priority>=alert"), "");
    EXPECT_EQ(rules("etcd"), "c");
    incident_search page{.who = {.everything = true}, .limit = 2};
    const auto      first = must(desk->incidents(page));
    ASSERT_EQ(first.size(), 2u);
    page.before =
        incident_position::parse(incident_position{first.back().last, first.back().id}.text());
    ASSERT_TRUE(page.before);
    EXPECT_EQ(text_of(must(desk->incidents(page))), "curl container etcd 1");
    incident_search late{.who = {.everything = true}, .since = noon + 3s};
    EXPECT_EQ(must(desk->incidents(late)).size(), 2u);
}

TEST_F(IncidentsTest, WhatIsResolvedIsOpenAgainWhenItHappensAgainAndWhatIsIgnoredIsNot) {
    insert(
        {of_pod(test::team_a, "shell", noon, web), of_pod(test::team_b, "curl", noon, web),
         of_pod(test::team_b, "quiet", noon, web)}
    );
    gather();
    for (const auto* rule : {"shell", "quiet"})
        must(desk->act(order(only("rule:" + std::string(rule)), incident_state::resolved)));
    must(desk->act(order(only("rule:curl"), incident_state::ignored)));
    EXPECT_EQ(text_of(found("", {.everything = true}, 1)), "");
    insert({of_pod(test::team_a, "shell", noon + 1h, web)});  // late, and from before
    EXPECT_EQ(gather().reopened, 0u);
    EXPECT_EQ(only("rule:shell").state, incident_state::resolved);
    const auto now = time.utc() + 1min;
    insert({of_pod(test::team_a, "shell", now, web), of_pod(test::team_b, "curl", now, web)});
    EXPECT_EQ(gather().reopened, 1u);
    const auto again = only("rule:shell");
    EXPECT_EQ(again.state, incident_state::open);
    EXPECT_TRUE(again.reopened);
    EXPECT_EQ(again.count, 3u);
    EXPECT_EQ(only("rule:curl").state, incident_state::ignored);
    EXPECT_EQ(only("rule:quiet").state, incident_state::resolved);
    const auto story = must(desk->story(again.id));
    ASSERT_EQ(story.size(), 2u);
    EXPECT_EQ(story[0].who, "alice");
    EXPECT_EQ(story[0].incidents, incident_state::resolved);
    EXPECT_EQ(story[0].reason, "because");
    EXPECT_EQ(story[1].what, triage_action::kind::reopen);
    EXPECT_EQ(story[1].incidents, incident_state::open);
    EXPECT_EQ(gather().reopened, 0u);
    pg_triage  triage(loop.get_executor(), time, *queries, there);
    const auto seen_by = [&](readable_clusters who) {
        return must(triage.actions({.who = std::move(who)})).size();
    };
    EXPECT_EQ(seen_by({.everything = true}), 4u);
    EXPECT_EQ(seen_by({.projects = {"a"}}), 2u);
    EXPECT_EQ(seen_by({.projects = {"a"}, .landscape = "other"}), 0u);
    EXPECT_EQ(seen_by({}), 0u);
}

TEST_F(IncidentsTest, WhoChangesWhatOthersHaveChangedIsTold) {
    insert({of_pod(test::team_a, "shell", noon, web)});
    gather();
    const auto before = only();
    auto       mine   = order(before, incident_state::in_progress);
    mine.assignee     = "bob";
    EXPECT_EQ(must(desk->act(mine)), 1u);
    EXPECT_EQ(must(desk->act(mine)), 1u) << "told twice, it is done once";
    auto late = await(desk->act(order(before, incident_state::resolved)));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, make_error_code(errc::conflict));
    EXPECT_NE(late.error().detail.find("alice has changed 1"), std::string::npos);
    const auto now = only();
    EXPECT_EQ(now.state, incident_state::in_progress);
    EXPECT_EQ(now.assignee, "bob");
    auto comment    = order(now, {});
    comment.comment = "looked at it";
    must(desk->act(comment));
    EXPECT_EQ(only().state, incident_state::in_progress);
    EXPECT_EQ(only().assignee, "bob");
    EXPECT_EQ(must(desk->story(now.id)).size(), 2u);
    for (const auto* sql :
         {"UPDATE falconer.incident_step SET state = 0", "DELETE FROM falconer.incident_step",
          "TRUNCATE falconer.incident_step"})
        EXPECT_NE(ask(*admin, sql).find("append-only"), std::string::npos) << sql;
}

TEST_F(IncidentsTest, AnImageThatNeverDidThatBeforeIsKnown) {
    insert(
        {of_pod(test::team_a, "shell", noon + 2s, web),
         of_pod(test::team_a, "shell", noon + 3s, also), of_pod(test::team_b, "shell", noon, web),
         of_pod(test::team_b, "shell", noon, web, "other"), of_pod(test::team_b, "curl", noon, web)}
    );
    gather();
    const readable_clusters all{.everything = true}, a{.projects = {"a"}};
    auto                    of_all = must(desk->first_seen("shell", shop, test::team_a, all));
    ASSERT_TRUE(of_all.here);
    EXPECT_EQ(of_all.here->first, noon + 2s);
    EXPECT_EQ(of_all.here->count, 2u);
    ASSERT_TRUE(of_all.earliest);
    EXPECT_EQ(of_all.earliest->first, noon);
    EXPECT_EQ(of_all.earliest->cluster.identity, test::team_b);
    EXPECT_EQ(of_all.clusters, 2u);
    auto of_a = must(desk->first_seen("shell", shop, test::team_a, a));
    ASSERT_TRUE(of_a.earliest);
    EXPECT_EQ(of_a.earliest->first, noon + 2s) << "of others' clusters nothing is told";
    EXPECT_EQ(of_a.clusters, 1u);
    EXPECT_FALSE(must(desk->first_seen("curl", shop, test::team_a, a)).earliest);
    EXPECT_FALSE(must(desk->first_seen("curl", shop, test::team_a, all)).here);
    insert({of_pod(test::team_a, "mount", noon, web, "<NA>")});
    gather();
    EXPECT_TRUE(must(desk->first_seen("mount", "", test::team_a, all)).here) << "no image";
}

TEST_F(IncidentsTest, AClusterHasRoomForSoMany) {
    insert({of_pod(test::team_a, "shell", noon, web)});
    gather();
    ask(*admin,
        "INSERT INTO falconer.incident SELECT gen_random_uuid(), i.first, i.last, 1, i.cluster, "
        "i.rule, i.hour, 1, 3, 'x', n::text FROM falconer.incident i, generate_series(1, 1998) n");
    insert(
        {of_pod(test::team_a, "shell", noon, web), of_pod(test::team_a, "shell", noon + 1s, "one"),
         of_pod(test::team_a, "shell", noon + 2s, "two"),
         of_pod(test::team_a, "shell", noon + 3s, "three"),
         of_pod(test::team_b, "shell", noon, "one")}
    );
    EXPECT_EQ(gather().events, 5u);
    EXPECT_EQ(
        text_of(found("shop project:a")) + ", " + text_of(found("project:b")),
        "shell shop/one 1, shell shop/web 2, shell shop/one 1"
    );
    EXPECT_EQ(ask(*admin, "SELECT count FROM falconer.incident WHERE kind = 3"), "2");
    insert({of_pod(test::team_a, "shell", noon + 3s, "two")});
    gather();
    EXPECT_EQ(ask(*admin, "SELECT count FROM falconer.incident WHERE kind = 3"), "3");
}

TEST_F(IncidentsTest, TheyGoWithTheirEvents) {
    for (const auto* cluster : {test::team_a, test::team_b})
        insert(
            {of_pod(cluster, "old", noon - 10 * 24h, web),
             of_pod(cluster, "both", noon - 10 * 24h, web), of_pod(cluster, "both", noon, web)}
        );
    gather();
    must(desk->act(order(only("rule:old project:a"), incident_state::resolved)));
    must(desk->act(order(only("rule:old project:b"), incident_state::resolved)));
    ask(*admin, "INSERT INTO falconer.retention VALUES ('', 'b', 30)");
    ASSERT_TRUE(await(retain(*admin, time, time.utc(), {.keep = std::chrono::days{5}})));
    EXPECT_EQ(text_of(found("project:a")), "both shop/web 2") << "its count stays what it was";
    EXPECT_EQ(text_of(found("project:b")), "both shop/web 2, old shop/web 1");
    for (const auto* table : {"incident_standing", "incident_step"})
        EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer." + std::string(table)), "1");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.sighting"), "3");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.triage_action"), "2")
        << "what was done stays";
}

TEST_F(IncidentsTest, AHoldKeepsThem) {
    for (const auto* cluster : {test::team_a, test::team_b})
        insert({of_pod(cluster, "old", noon - 10 * 24h, web)});
    gather();
    ask(*admin,
        "INSERT INTO falconer.legal_hold (project, reason, placed_by) VALUES ('a', 'x', 'y')");
    ASSERT_TRUE(await(retain(*admin, time, time.utc(), {.keep = std::chrono::days{5}})));
    EXPECT_EQ(text_of(found()), "old shop/web 1");
    EXPECT_EQ(found().front().cluster.project, "a");
}

}  // namespace
}  // namespace falconer::store
