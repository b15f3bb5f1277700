// Alerts' rules, progress and tellings in a real store.
#include "event_store_fixture.hpp"
#include "falconer/alerts/rule_text.hpp"
#include "store/pg_alert_desk.hpp"
#include "store/pg_alert_store.hpp"

#include <algorithm>
#include <set>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using namespace alerts;
using part = event_texts::part;
using test::noon;

class AlertStoreTest : public test::event_store_fixture {
protected:
    std::unique_ptr<pg_alert_store> desk;
    uuid                            me = uuid::random(), other = uuid::random();

    void SetUp() override {
        event_store_fixture::SetUp();
        desk = make_desk();
    }
    void TearDown() override {
        desk.reset();
        event_store_fixture::TearDown();
    }
    std::unique_ptr<pg_alert_store> make_desk(std::size_t events = 500) {
        return std::make_unique<pg_alert_store>(
            loop.get_executor(), clock, pg_alert_store::options{.postgres = there, .events = events}
        );
    }
    template <class T>
    T must(task<result<T>> work) {
        auto got = await(std::move(work));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    void put_events(std::vector<falco_event> events) {
        record_batch batch;
        batch.id = uuid::random();
        for (auto& each : events) batch.records.emplace_back(std::move(each));
        auto done = await(store->insert(batch));
        if (!done) throw std::runtime_error(done.error().detail);
    }
    falco_event critical(std::string_view rule, std::string_view fields = R"({"a": 1})") const {
        auto e  = event(rule, fields);
        e.level = priority::critical;
        return e;
    }
    std::vector<cell_event> all_events(pg_alert_store& from, const new_batches& in) {
        std::vector<cell_event>   all;
        std::optional<event_mark> after;
        do {
            auto portion = must(from.events(in, in.cells, after));
            for (auto& each : portion.events) all.push_back(std::move(each));
            after = portion.next;
        } while (after);
        return all;
    }
    static notification telling(std::string receiver) {
        notification one;
        one.key      = uuid::random();
        one.group    = uuid::random();
        one.receiver = std::move(receiver);
        one.title    = "it's \"quoted\" \\ and {braced}, NULL";
        return one;
    }
    std::string write_rule(const std::string& name, int seen, const std::string& id) {
        return ask(
            *admin,
            "SELECT falconer.write_alert_rule(gen_random_uuid(), 'alice', $1::uuid, 'team', $2, "
            "$3, $4::int8)",
            {id, name, R"({"name": ")" + name + R"(", "filter": "rule:Shell"})",
             std::to_string(seen)}
        );
    }
};

TEST_F(AlertStoreTest, OneHoldsAShardUntilItsLeaseEndsOrItLetsGo) {
    const auto first = must(desk->hold(0, me, 60s));
    EXPECT_TRUE(first.ours);
    EXPECT_FALSE(must(desk->hold(0, other, 60s)).ours);
    EXPECT_EQ(must(desk->hold(0, me, 60s)).progress, first.progress) << "it is still the same";
    ASSERT_TRUE(await(desk->release(0, me)));
    const auto second = must(desk->hold(0, other, 1ms));
    EXPECT_TRUE(second.ours);
    EXPECT_GT(second.progress.step, first.progress.step);
    EXPECT_EQ(ask(*admin, "SELECT pg_sleep(0.05)"), "");
    EXPECT_TRUE(must(desk->hold(0, me, 60s)).ours);
}

TEST_F(AlertStoreTest, ShowsWhatHasComeSinceByItsKindsAndThenTheEvents) {
    const auto from = must(desk->hold(0, me, 60s)).progress;
    put_events({critical("Shell", R"({"k8s.pod.name": "web-0"})"), event("Other")});
    put_events({critical("Shell")});
    until_countable(*admin);
    const auto found = must(desk->look(from, 1000));
    EXPECT_EQ(found.events, 3u);
    EXPECT_EQ(found.seqs.size(), 2u);
    EXPECT_FALSE(found.more);
    EXPECT_EQ(must(desk->pass_over(from)).till, found.till) << "as far, without looking";
    EXPECT_EQ(must(desk->pass_over(found.till)).till, found.till);
    ASSERT_EQ(found.cells.size(), 2u);
    auto names = must(desk->names(found.cells));
    ASSERT_EQ(names.size(), 2u);
    std::ranges::sort(names, {}, &cell_name::rule);
    EXPECT_EQ(names[0].rule, "Other");
    EXPECT_EQ(names[1].cell.level, priority::critical);
    EXPECT_EQ(names[1].cluster.project, "garden");

    const auto shells = must(desk->events(found, {names[1].cell}, std::nullopt));
    ASSERT_EQ(shells.events.size(), 2u);
    EXPECT_FALSE(shells.next);
    EXPECT_EQ(shells.events[0].event.rule, "Shell");
    EXPECT_EQ(shells.events[0].cell, names[1].cell);
    EXPECT_TRUE(must(desk->look(found.till, 1000)).seqs.empty());
}

TEST_F(AlertStoreTest, AStepIsOfAboutSoManyEventsAndTheNextGoesOn) {
    auto from = must(desk->hold(0, me, 60s)).progress;
    for (int i = 0; i < 5; ++i) put_events({critical("Shell"), critical("Shell")});
    until_countable(*admin);
    std::size_t events = 0, steps = 0;
    for (bool more = true; more; ++steps) {
        const auto found  = must(desk->look(from, 3));
        events           += all_events(*desk, found).size();
        from              = found.till;
        more              = found.more;
    }
    EXPECT_EQ(events, 10u);
    EXPECT_EQ(steps, 3u) << "of four, four and two";
}

TEST_F(AlertStoreTest, EventsComeInPortionsAndNoneTwice) {
    const auto               from = must(desk->hold(0, me, 60s)).progress;
    std::vector<falco_event> many;
    for (int i = 0; i < 25; ++i) many.push_back(critical("Shell"));
    many[3].received = noon - 1h;
    put_events(std::move(many));
    until_countable(*admin);
    auto       few    = make_desk(4);
    const auto found  = must(few->look(from, 1000));
    const auto events = all_events(*few, found);
    ASSERT_EQ(events.size(), 25u);
    EXPECT_EQ(events[0].event.at.received, noon - 1h);
    std::set<uuid> ids;
    for (const auto& each : events) ids.insert(each.event.at.id);
    EXPECT_EQ(ids.size(), 25u);
}

TEST_F(AlertStoreTest, WhatIsFoundAndHowFarOneHasGotArePutDownTogetherOrNotAtAll) {
    const auto from = must(desk->hold(0, me, 60s)).progress;
    put_events({critical("Shell")});
    until_countable(*admin);
    const auto      till = must(desk->look(from, 1000)).till;
    const alert_row row{
        alert_row::kind::bundle, uuid::random(), uuid::random(), R"({"a": "{\"b\\\\\"}"})"
    };
    const auto tell = telling("on-call");
    EXPECT_FALSE(must(desk->put(0, other, from, till, {row}, {tell})));
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.alert_notification"), "0");
    EXPECT_TRUE(must(desk->put(0, me, from, till, {row}, {tell})));
    EXPECT_FALSE(must(desk->put(0, me, from, till, {row}, {tell}))) << "it stands elsewhere now";
    const auto kept = must(desk->rows(0));
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_EQ(kept[0].id, row.id);
    EXPECT_EQ(kept[0].body, row.body);
    EXPECT_EQ(
        ask(*admin, "SELECT key || receiver FROM falconer.alert_notification"),
        tell.key.text() + "on-call"
    );
    EXPECT_EQ(ask(*admin, "SELECT body FROM falconer.alert_notification"), json_of(tell));

    const auto now = must(desk->hold(0, me, 60s)).progress;
    EXPECT_EQ(now.xid, till.xid);
    EXPECT_EQ(now.within, till.within);
    auto gone = row;
    gone.body.reset();
    EXPECT_TRUE(must(desk->put(0, me, now, now, {gone}, {tell}))) << "told again, it is there once";
    EXPECT_TRUE(must(desk->rows(0)).empty());
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.alert_notification"), "1");
}

TEST_F(AlertStoreTest, TellingsGoAfterThirtyDays) {
    const auto from = must(desk->hold(0, me, 60s)).progress;
    EXPECT_TRUE(must(desk->put(0, me, from, from, {}, {telling("old")})));
    ask(*admin, "UPDATE falconer.alert_notification SET made = now() - interval '31 days'");
    auto next = from;
    ++next.step;
    EXPECT_TRUE(must(desk->put(0, me, next, next, {}, {telling("new")})));
    EXPECT_EQ(
        ask(*admin, "SELECT string_agg(receiver, ',') FROM falconer.alert_notification"), "new"
    );
}

TEST_F(AlertStoreTest, RulesHaveVersionsAndATraceThatNobodyChanges) {
    const auto id = uuid::random().text();
    EXPECT_EQ(write_rule("a", 0, id), "1");
    EXPECT_EQ(write_rule("a", 0, uuid::random().text()), "0") << "the name is taken";
    EXPECT_EQ(write_rule("b", 2, id), "0") << "that version has not been there";
    EXPECT_EQ(write_rule("b", 1, id), "2");
    const auto rules = must(desk->rules());
    ASSERT_EQ(rules.size(), 1u);
    EXPECT_EQ(rules[0].name, "b");
    EXPECT_EQ(rules[0].version, 2);
    EXPECT_EQ(rules[0].project, "team");
    EXPECT_EQ(rules[0].id.text(), id);
    EXPECT_EQ(
        ask(*admin,
            "SELECT falconer.drop_alert_rule(gen_random_uuid(), 'bob', $1::uuid, 'team', 2)", {id}),
        "t"
    );
    EXPECT_EQ(
        ask(*admin,
            "SELECT string_agg(who || ' ' || what || ' ' || version, ', ' ORDER BY seq) FROM "
            "falconer.alert_change"),
        "alice create 1, alice change 2, bob delete 3"
    );
    EXPECT_NE(ask(*admin, "DELETE FROM falconer.alert_change"), "");
    EXPECT_EQ(write_rule("b", 0, id), "4") << "it goes on counting";
}

TEST_F(AlertStoreTest, PeopleKeepRulesAndSilencesAndSeeWhatStands) {
    pg_event_queries reads(
        loop.get_executor(), clock, pg_event_queries::options{.pool = {.postgres = there}}
    );
    pg_alert_desk people(loop.get_executor(), clock, reads, there);
    rule_order    order{.action = uuid::random(), .who = "alice", .rule = {}, .seen = 0};
    order.rule.id        = uuid::random();
    order.rule.project   = "team";
    order.rule.name      = "a";
    order.rule.what      = "rule:Shell";
    order.rule.receivers = {"on-call"};
    EXPECT_EQ(must(people.write(order)), 1);
    EXPECT_EQ(must(people.write(order)), 1) << "told twice, it is done once";
    auto twin    = order;
    twin.action  = uuid::random();
    twin.rule.id = uuid::random();
    EXPECT_EQ(await(people.write(twin)).error().code, errc::conflict);
    const auto rules = must(people.rules());
    ASSERT_EQ(rules.size(), 1u);
    EXPECT_EQ(rules[0].rule, order.rule);
    EXPECT_EQ(rules[0].changed_by, "alice");
    EXPECT_EQ(rules[0].problem, "");
    ask(*admin, "UPDATE falconer.alert_rule SET body = '{\"name\": \"a\", \"later\": 1}'");
    EXPECT_NE(must(people.rules()).at(0).problem, "");
    EXPECT_TRUE(must(desk->rules()).empty()) << "nobody is told by what is not understood";

    silence quiet;
    quiet.id      = uuid::random();
    quiet.project = "team";
    quiet.who     = "bob";
    quiet.reason  = "works";
    quiet.from    = time.utc();
    quiet.until   = time.utc() + 1h;
    ASSERT_TRUE(await(people.hush(uuid::random(), quiet)));
    EXPECT_EQ(must(people.silences()).size(), 1u);
    EXPECT_EQ(
        await(people.unhush(uuid::random(), "bob", quiet.id, "")).error().code, errc::not_found
    );
    EXPECT_TRUE(await(people.unhush(uuid::random(), "bob", quiet.id, "team")));
    EXPECT_EQ(must(people.silences()).size(), 1u) << "it is over, and still seen";

    auto away   = order;
    away.action = uuid::random();
    away.seen   = 7;
    EXPECT_EQ(await(people.drop(away)).error().code, errc::conflict);
    away.seen = 1;
    EXPECT_TRUE(await(people.drop(away)));
    const auto story = must(people.story(order.rule.id));
    ASSERT_EQ(story.size(), 2u);
    EXPECT_EQ(story[0].what, "delete");
    EXPECT_EQ(story[1].body, json_text(value_of(order.rule)));

    const auto from = must(desk->hold(0, me, 60s)).progress;
    told_alert alert;
    alert.id        = uuid::random();
    alert.summary   = "a shell";
    alert.count     = 3;
    value body      = value::map();
    body["project"] = "team";
    body["alert"]   = value_of(alert);
    const alert_row row{alert_row::kind::alert, alert.id, order.rule.id, json_text(body)};
    EXPECT_TRUE(must(desk->put(0, me, from, from, {row}, {})));
    const auto standing = must(people.standing());
    ASSERT_EQ(standing.size(), 1u);
    EXPECT_EQ(standing[0].alert.summary, "a shell");
    EXPECT_EQ(standing[0].alert.rule_id, order.rule.id);
    EXPECT_EQ(standing[0].project, "team");
}

TEST_F(AlertStoreTest, AChangeIsHeardOfByItsNumberAndAtOnce) {
    const auto before = must(desk->hold(0, me, 60s)).edition;
    (void)write_rule("a", 0, uuid::random().text());
    EXPECT_TRUE(await(desk->wait(60s))) << "it does not wait as long as that";
    EXPECT_GT(must(desk->hold(0, me, 60s)).edition, before);
}

TEST_F(AlertStoreTest, SilencesAreThereUntilTheyEnd) {
    const auto id = uuid::random().text();
    ask(*admin,
        "SELECT falconer.silence_alerts(gen_random_uuid(), 'alice', $1::uuid, 'team', 'rule:x', "
        "'why', now(), now() + interval '1 hour')",
        {id});
    const auto there_now = must(desk->silences());
    ASSERT_EQ(there_now.size(), 1u);
    EXPECT_EQ(there_now[0].what, "rule:x");
    EXPECT_EQ(there_now[0].who, "alice");
    EXPECT_LT(there_now[0].from, there_now[0].until);
    const auto end = "SELECT falconer.unsilence_alerts(gen_random_uuid(), 'bob', $1::uuid, $2)";
    EXPECT_EQ(ask(*admin, end, {id, "other"}), "f") << "not theirs";
    EXPECT_EQ(ask(*admin, end, {id, "team"}), "t");
    EXPECT_EQ(ask(*admin, end, {id, "team"}), "f");
    EXPECT_TRUE(must(desk->silences()).empty());
}

TEST_F(AlertStoreTest, APlaceOfAnotherServerIsLeftForTheNewestHere) {
    ASSERT_EQ(ask(*admin, "UPDATE falconer.alert_shard SET xid = '9000000000000000000'"), "");
    put_events({critical("Shell")});
    until_countable(*admin);
    const auto held = must(desk->hold(0, me, 60s));
    EXPECT_TRUE(held.ours);
    EXPECT_TRUE(held.lost);
    EXPECT_TRUE(must(desk->look(held.progress, 1000)).seqs.empty());
    put_events({critical("Shell")});
    until_countable(*admin);
    EXPECT_EQ(must(desk->look(held.progress, 1000)).events, 1u);
    EXPECT_FALSE(must(desk->hold(0, me, 60s)).lost);
}

}  // namespace
}  // namespace falconer::store
