// The questions of falco-event-provider's read API, in a real PostgreSQL.
#include "event_queries_fixture.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

class ProviderQueriesTest : public test::event_queries_fixture {
protected:
    void SetUp() override {
        event_queries_fixture::SetUp();
        std::vector<falco_event> all;
        // Received in an order of their own.
        for (int i = 0; i < 6; ++i) {
            auto one = event(i % 2 == 0 ? test::team_a : test::team_b, "rule", noon - i * 1min);
            one.time = event_time_of(noon + i * 1s + 5ns);
            all.push_back(std::move(one));
        }
        insert(std::move(all));
    }
    template <class T>
    T must(task<result<T>> work) {
        auto got = await(std::move(work));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    provider_search question(
        std::string_view filter = "project:a", readable_clusters who = {.everything = true}
    ) const {
        provider_search it{.search = search(filter, std::move(who))};
        it.to = noon + 1h;
        return it;
    }
    /// Seconds behind noon, in the order in which they come.
    std::string seconds(const provider_page& page) const {
        std::string all;
        for (const auto& each : page.events) {
            EXPECT_EQ(each.number, provider_number_of(each.event.at.id));
            all += std::to_string(each.event.time.seconds - event_time_of(noon).seconds) + ' ';
        }
        return all;
    }
    std::string pulled(provider_search what) {
        return seconds(must(queries->provider_events(std::move(what))));
    }
};

TEST_F(ProviderQueriesTest, EventsComeByTheSendersClockEitherWay) {
    EXPECT_EQ(pulled(question()), "4 2 0 ");
    auto what         = question();
    what.oldest_first = true;
    what.from         = noon + 2s;
    EXPECT_EQ(pulled(what), "2 4 ");
    what.to = noon + 3s;
    EXPECT_EQ(pulled(what), "2 ");
    EXPECT_EQ(pulled(question("project:(a OR b)")), "5 4 3 2 1 0 ");
    EXPECT_EQ(pulled(question("project:(a OR b)", {.projects = {"b"}})), "5 3 1 ");
    EXPECT_EQ(pulled(question("project:a shoot:db")), "");
}

TEST_F(ProviderQueriesTest, OneGoesOnFromAnEventItselfIncluded) {
    auto what  = question("project:(a OR b)");
    what.limit = 3;
    auto page  = must(queries->provider_events(what));
    EXPECT_EQ(seconds(page), "5 4 3 ");
    what.number = page.events.back().number;
    what.to     = noon + 3s;
    EXPECT_EQ(pulled(what), "3 2 1 ");
    --*what.number;  // what stands behind it
    EXPECT_EQ(pulled(what), "2 1 0 ");
    what.oldest_first = true;
    what.from         = noon + 3s;
    what.to.reset();
    what.number = page.events.back().number;
    EXPECT_EQ(pulled(what), "3 4 5 ");
    ++*what.number;
    EXPECT_EQ(pulled(what), "4 5 ");
}

TEST_F(ProviderQueriesTest, EventsAreFoundByTheirNumbersAndByWhatTheyAre) {
    const auto page = must(queries->provider_events(question("project:(a OR b)")));
    auto       what = question("project:(a OR b)");
    what.numbers    = {page.events[1].number, page.events[4].number, 1};
    EXPECT_EQ(pulled(what), "4 1 ");
    what.search = search("project:a");
    EXPECT_EQ(pulled(what), "4 ");
    what      = question();
    what.more = search("rule:other").what;
    EXPECT_EQ(pulled(what), "");
    what.more = search("rule:RULE priority:error").what;
    EXPECT_EQ(pulled(what), "4 2 0 ");
}

TEST_F(ProviderQueriesTest, APageThatWouldBeTooMuchIsCut) {
    auto what  = question();
    what.bytes = 1;
    auto page  = must(queries->provider_events(what));
    EXPECT_EQ(seconds(page), "4 ");
    EXPECT_TRUE(page.cut);
    what.bytes = 1024 * 1024;
    EXPECT_FALSE(must(queries->provider_events(what)).cut);
}

TEST_F(ProviderQueriesTest, EventsAreGroupedByWhatHappens) {
    auto other = event(test::team_a, "rule", noon);
    other.texts.put(test::part::output_fields, R"({"proc.name": "dog", "container.name": null})");
    insert({std::move(other)});
    const auto found = must(queries->provider_groups_of(search("project:a")));
    EXPECT_TRUE(found.complete);
    ASSERT_EQ(found.groups.size(), 2u);
    EXPECT_EQ(std::get<0>(found.groups[0].of), "web");
    EXPECT_EQ(std::get<3>(found.groups[0].of), "cat");
    EXPECT_EQ(std::get<2>(found.groups[0].of), std::nullopt);
    EXPECT_EQ(found.groups[0].count, 3u);
    EXPECT_EQ(found.groups[0].numbers.size(), 3u);
    EXPECT_EQ(std::get<3>(found.groups[1].of), "dog");
    EXPECT_EQ(found.groups[1].count, 1u);
}

TEST_F(ProviderQueriesTest, ClustersAreCountedByPriority) {
    count_all();
    const auto all = must(queries->provider_counts("live"));
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].project, "b");
    EXPECT_EQ(all[0].cluster, "db");
    EXPECT_EQ(all[0].level, priority::error);
    EXPECT_EQ(all[0].count, 3u);
    EXPECT_TRUE(must(queries->provider_counts("other")).empty());
}

}  // namespace
}  // namespace falconer::store
