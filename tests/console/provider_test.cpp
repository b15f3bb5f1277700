// The read API of falco-event-provider, as its clients know it.
#include "console/merged_provider.hpp"
#include "console/provider_filter.hpp"
#include "garden_fixture.hpp"
#include "told_counts.hpp"

#include <cstdio>
#include <tuple>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

class ProviderTest : public test::garden_fixture {
protected:
    test::told_counts told;

    void SetUp() override {
        garden_fixture::SetUp();
        console->use(static_cast<provider_queries&>(told));
    }
    provider_event one(std::int64_t number, utc_time at = utc_time{1794788426s}) {
        auto event              = test::event("rule", at);
        event.time              = event_time_of(at + 123456us + 789ns);
        event.hostname          = "node";
        event.output            = "it \"happened\"";
        event.tags              = R"(["a", "b"])";
        event.cluster.landscape = "live";
        return {number, std::move(event)};
    }
    value json_as(const std::string& token, std::string target) {
        return of(get_as(token, std::move(target)));
    }
    static std::string escaped(std::string_view text) {
        std::string out;
        for (const unsigned char c : text) {
            char piece[4];
            std::snprintf(piece, sizeof piece, "%%%02X", c);
            out += piece;
        }
        return out;
    }
    std::string pulled_with(const std::string& filter) {
        return "/api/events/v1alpha1/live/a?filter=" + escaped(filter);
    }
};

TEST_F(ProviderTest, AnEventHasTheMembersThatItHasThere) {
    told.page.events.push_back(one(7));
    const auto answer = get_as("member", "/api/events/v1alpha1/live/a/web");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.headers.find("Content-Type").value_or(""), "application/json");
    const auto  page = of(answer);
    const auto& rows = page.find("response")->items();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].find("id")->integer(), 7);
    for (const auto& [name, is] : std::initializer_list<std::pair<const char*, std::string>>{
             {"landscape", "live"},
             {"project", "a"},
             {"cluster", "web"},
             {"uuid", told.page.events[0].event.at.id.text()},
             {"hostname", "node"},
             {"time", provider_time(utc_time{1794788426s} + 123456us)},
             {"rule", "rule"},
             {"priority", "Debug"},
             {"tags", R"(["a", "b"])"},
             {"source", ""},
             {"message", "it \"happened\""}
         })
        EXPECT_EQ(rows[0].text_at({name}), is) << name;
    EXPECT_EQ(
        *rows[0].find("output_fields")->find("evt.time")->numeral_text(), "1794788426779200001"
    );
    EXPECT_EQ(page.find("continueFilter"), nullptr);
    ASSERT_EQ(told.pulled.size(), 1u);
    EXPECT_FALSE(told.pulled[0].oldest_first);
    EXPECT_EQ(told.pulled[0].limit, 1001u);
    EXPECT_FALSE(told.pulled[0].from);
    EXPECT_EQ(told.pulled[0].search.who.projects, std::vector<std::string>{"a"});
}

TEST_F(ProviderTest, WhereThereIsMoreTheAnswerSaysHowToGoOn) {
    for (int i = 0; i < 1001; ++i) told.page.events.push_back(one(2000 - i));
    const auto first = json_as("member", pulled_with(R"({"limit": 1500, "rules": ["r"]})"));
    EXPECT_EQ(first.find("response")->items().size(), 1000u);
    const auto* next = first.find("continueFilter");
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(next->find("offsetId")->integer(), 1000);
    EXPECT_EQ(next->find("limit")->integer(), 500);
    EXPECT_EQ(next->find("rules")->items().size(), 1u);
    told.pulled.clear();
    told.page.events.clear();
    json_as("member", pulled_with(json_text(*next)));
    ASSERT_EQ(told.pulled.size(), 1u);
    EXPECT_EQ(told.pulled[0].number, 1000);
    EXPECT_EQ(told.pulled[0].limit, 500u);
    EXPECT_EQ(
        told.pulled[0].to,
        std::chrono::floor<std::chrono::microseconds>(utc_time{1794788426s} + 123456us)
    );
    EXPECT_FALSE(told.pulled[0].from);
}

TEST_F(ProviderTest, APageThatWouldBeTooMuchIsCutAndGoesOnBehindItsLastEvent) {
    told.page = {.events = {}, .cut = true};
    told.page.events.push_back(one(9));
    const auto page = json_as("member", pulled_with(R"({"limit": 5})"));
    EXPECT_EQ(page.find("continueFilter")->find("offsetId")->integer(), 8);
    EXPECT_EQ(page.find("continueFilter")->find("limit")->integer(), 4);
    const auto last = json_as("member", pulled_with(R"({"limit": 1})"));
    EXPECT_EQ(last.find("response")->items().size(), 1u);
    EXPECT_EQ(last.find("continueFilter"), nullptr) << "no more is wanted";
}

TEST_F(ProviderTest, FiltersAreReadAsTheyAreThere) {
    const auto now = utc_time{1794788426s};
    const auto up  = provider_filter_of(
        R"({"START": "2026-01-01T00:00:00Z", "end": "2026-01-02T01:00:00.5+01:00", "limit": 0, "other": {}, "ids": ["5"]})",
        now
    );
    ASSERT_TRUE(up);
    EXPECT_TRUE(up->oldest_first());
    EXPECT_EQ(provider_time(*up->end), "2026-01-02T00:00:00.5Z");
    const auto ask = search_of(*up, {}, 1000);
    EXPECT_EQ(ask.from, up->start);
    EXPECT_EQ(ask.to, up->end);
    EXPECT_EQ(ask.limit, 1001u);
    EXPECT_EQ(ask.numbers, std::vector<std::int64_t>{5});
    // Back in time by default, also with the end that a program in Go writes for none.
    const auto down = provider_filter_of(R"({"end": "0001-01-01T00:00:00Z", "rules": null})", now);
    ASSERT_TRUE(down);
    EXPECT_FALSE(down->oldest_first());
    EXPECT_EQ(search_of(*down, {}, 1000).to, now);
    EXPECT_FALSE(search_of(*down, {}, 1000).more);
    EXPECT_TRUE(provider_filter_of("null", now));
    for (const auto* wrong :
         {"{", "[]", "7", R"({"limit": "5"})", R"({"limit": 1.5})", R"({"start": "yesterday"})",
          R"({"rules": "r"})", R"({"rules": [1]})", R"({"ids": ["x"]})", R"({"offsetTime": 1})"})
        EXPECT_FALSE(provider_filter_of(wrong, now)) << wrong;
}

TEST_F(ProviderTest, RefusalsAreTextAndHideWhatIsThere) {
    const std::vector<std::tuple<const char*, const char*, unsigned, const char*>> all{
        {"", "/api/events/v1alpha1/live/a", 401, "valid token required\n"},
        {"nobody's", "/api/group/v1alpha1/live/a", 401, "valid token required\n"},
        {"member", "/api/events/v1alpha1/live/b", 401, "valid token required\n"},
        {"member", "/api/events/v1alpha1/live/none/web", 401, "valid token required\n"},
        {"admin", "/api/events/v1alpha1/live/none", 401, "valid token required\n"},
        {"member", "/api/group/v1alpha1/live/b/web", 401, "valid token required\n"},
        {"member", "/api/count/v1alpha1/live", 401, "valid token required\n"},
        {"member", "/api/events/v1alpha1/live", 404, "404 page not found\n"},
        {"member", "/api/events/v1/live/a", 404, "404 page not found\n"},
        {"admin", "/api/count/v1alpha1/live/a", 404, "404 page not found\n"},
        {"admin", "/api/events/v1alpha1/live/a/web/x", 404, "404 page not found\n"},
        {"member", "/api/events/v1alpha1/live/a?filter=%7B", 400, "error parsing filter\n"},
    };
    for (const auto& [token, target, status, text] : all) {
        const auto answer = get_as(token, target);
        EXPECT_EQ(answer.status, status) << target;
        EXPECT_EQ(answer.body, text) << target;
        EXPECT_TRUE(answer.headers.find("Content-Type").value_or("").starts_with("text/plain"));
    }
    EXPECT_EQ(ask(with_token("member", "/api/events/v1alpha1/live/a", "POST")).status, 405u);
    EXPECT_TRUE(told.pulled.empty() && told.grouped.empty() && told.counted.empty());
    told.fails      = failure{errc::timed_out, "slow"};
    const auto slow = get_as("member", "/api/events/v1alpha1/live/a");
    EXPECT_EQ(slow.status, 500u);
    EXPECT_EQ(slow.body, "error pulling events\n");
    is_away = true;
    EXPECT_EQ(get_as("stranger", "/api/events/v1alpha1/live/a").status, 503u);
}

TEST_F(ProviderTest, GroupsAndCountsAreAsTheyAreThere) {
    EXPECT_EQ(get_as("member", "/api/group/v1alpha1/live/a").body, "{\"response\":null}\n");
    told.groups.groups.push_back(
        {.of = {"web", "rule", "execve", "cat", std::nullopt, "main"}, .count = 3, .numbers = {5, 6}
        }
    );
    told.groups.complete = false;
    const auto answer    = get_as("member", "/api/group/v1alpha1/live/a/web");
    EXPECT_EQ(
        answer.body, R"({"response":[{"landscape":"live","project":"a","cluster":"web","count":3,)"
                     R"("rule":"rule","ids":["5","6"],"evttype":"execve","procname":"cat",)"
                     R"("containername":"main"}]})"
                     "\n"
    );
    EXPECT_EQ(answer.headers.find("Falconer-Complete").value_or(""), "false");
    told.counts.push_back({"a", "web", priority::error, 12});
    EXPECT_EQ(
        get_as("admin", "/api/count/v1alpha1/live").body,
        R"({"response":[{"landscape":"live","project":"a","cluster":"web","priority":"Error","count":12}]})"
        "\n"
    );
    EXPECT_EQ(told.counted, std::vector<std::string>{"live"});
}

TEST_F(ProviderTest, SeveralStoresAreOneAndNothingIsToldBehindWhereOneWasCut) {
    test::told_counts other;
    const auto        at = utc_time{1794788426s};
    told.page.events     = {one(5, at), one(4, at - 1s)};
    told.page.cut        = true;
    other.page.events    = {one(7, at), one(3, at - 2s)};
    merged_provider both({&told, &other});
    auto            made = start(both.provider_events({.limit = 10}));
    time.settle();
    ASSERT_TRUE(*made && **made);
    const auto& page = ***made;
    ASSERT_EQ(page.events.size(), 3u);
    EXPECT_EQ(page.events[0].number, 7);
    EXPECT_EQ(page.events[2].number, 4);
    EXPECT_TRUE(page.cut);
}

}  // namespace
}  // namespace falconer::console
