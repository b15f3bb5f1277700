// Whose clusters are a project's: by name, by when it began, and by landscape.
#include "event_queries_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using test::team_a;
using test::team_b;

class ReadableTest : public test::event_queries_fixture {
protected:
    std::string seen_by(readable_clusters who) {
        page_search what;
        what.search       = search("", who);
        const auto events = page(std::move(what));
        // What the store lets somebody see is what may_see() lets them.
        page_search all;
        all.search = search();
        std::string theirs;
        for (const auto& each : page(std::move(all)).events)
            if (may_see(who, each.cluster)) theirs += (theirs.empty() ? "" : " ") + each.rule;
        EXPECT_EQ(theirs, rules_of(events));
        return rules_of(events);
    }
};

TEST_F(ReadableTest, AProjectSeesWhatBeganWithItAndIsOfItsLandscape) {
    insert({event(team_a, "mine", noon), event(team_b, "theirs", noon - 1s)});
    readable_clusters who{.projects = {"a", "b"}};
    EXPECT_EQ(seen_by(who), "mine theirs");
    who.begun["a"] = time.utc() - 1h;
    EXPECT_EQ(seen_by(who), "mine theirs") << "by when the cluster was first seen, not the event";
    who.begun["b"] = time.utc() + 1h;
    EXPECT_EQ(seen_by(who), "mine");
    who.landscape = "live";
    EXPECT_EQ(seen_by(who), "mine");
    who.landscape = "canary";
    EXPECT_EQ(seen_by(who), "");
    EXPECT_EQ(seen_by({}), "");
    EXPECT_EQ(seen_by({.projects = {"c"}}), "");
    EXPECT_EQ(seen_by({.everything = true, .landscape = "canary"}), "mine theirs");
}

TEST_F(ReadableTest, WhateverIsAskedIsLimitedInTheSameWay) {
    insert({event(team_a, "mine", noon), event(team_b, "theirs", noon - 1s)});
    count_all();
    const auto        id = page("rule:theirs").events.at(0).at.id;
    readable_clusters who{.projects = {"a", "b"}};
    who.begun["b"] = time.utc() + 1h;
    EXPECT_EQ(await(queries->find(id, std::nullopt, who))->size(), 0u);
    const auto clusters = await(queries->clusters({.who = who}));
    ASSERT_EQ(clusters->size(), 1u);
    EXPECT_EQ(clusters->front().name.identity, team_a);
    EXPECT_EQ(clusters->front().name.first_seen, clusters->front().first_seen);
    facet_search facets{.search = search("", who), .fields = {"rule", "process"}};
    const auto   counted = await(queries->facets(facets));
    for (const auto& each : *counted) {
        ASSERT_EQ(each.values.size(), 1u) << each.field;
        EXPECT_EQ(each.values.front().second, 1u) << each.field;
    }
    who.begun["a"] = time.utc() + 1h;
    EXPECT_EQ(await(queries->field_names(who))->size(), 0u);
    EXPECT_EQ(await(queries->clusters({.who = who}))->size(), 0u);
}

}  // namespace
}  // namespace falconer::store
