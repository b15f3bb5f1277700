// Addresses, cells, several stores as one.
#include "console/event_view.hpp"
#include "console/merged_queries.hpp"

#include <set>
#include "console_fixture.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;

TEST(AddressTest, EscapesAreUndoneAndWhatIsNoTextIsNone) {
    const auto it = address_of("/a%20b?q=x+y%2B%26&q=second&empty=&flag&&%zz=1");
    ASSERT_TRUE(it);
    EXPECT_EQ(it->path, "/a b");
    EXPECT_EQ(it->find("q"), "x y+&");
    EXPECT_EQ(it->find("empty"), "");
    EXPECT_EQ(it->find("flag"), "");
    EXPECT_EQ(it->find("%zz"), "1");
    EXPECT_EQ(it->find("none"), std::nullopt);
    EXPECT_FALSE(address_of("/%ff"));
    EXPECT_FALSE(address_of("/?a=%00"));
    EXPECT_FALSE(address_of("/?%c0%80=a"));
}

TEST(CookieTest, TheOneOfThatNameIsFound) {
    net::http_request request;
    request.headers.add("Cookie", "xa=0; a=1;b=2;  c=3=4");
    EXPECT_EQ(cookie(request, "a"), "1");
    EXPECT_EQ(cookie(request, "b"), "2");
    EXPECT_EQ(cookie(request, "c"), "3=4");
    EXPECT_EQ(cookie(request, "d"), std::nullopt);
}

TEST(TextTest, TheBeginningOfATextHasWholeCharacters) {
    EXPECT_EQ(beginning_of("äöü", 2), "äö");
    EXPECT_EQ(beginning_of("äöü", 3), "äöü");
    EXPECT_EQ(beginning_of("", 3), "");
}

TEST(CellTest, WhatASpreadsheetWouldCalculateIsQuoted) {
    auto event      = test::event("@a,\"b\"\n", utc_time{});
    event.output    = "-1";
    event.tags      = R"(["+x", "y"])";
    const auto line = csv_line(event, {});
    EXPECT_NE(
        line.find(R"(,"'@a,""b""
",)"),
        std::string::npos
    ) << line;
    EXPECT_NE(line.find(",'-1,"), std::string::npos) << line;
    EXPECT_NE(line.find(",'+x y,"), std::string::npos) << line;
}

class MergedTest : public falconer::test::actor_fixture {
protected:
    test::told_store a, b;
    merged_queries   both{{&a, &b}};

    template <class T>
    T got(task<result<T>> work) {
        auto answer = start(std::move(work));
        time.settle();
        return std::move(***answer);
    }
};

TEST_F(MergedTest, PagesOfSeveralStoresAreOneListWithoutGapsOrRepetitions) {
    for (int i = 0; i < 20; ++i)
        (i % 3 == 0 ? a : b)
            .events.push_back(test::event("r" + std::to_string(i), utc_time{} + 100h - i * 1s));
    std::string seen;
    page_search what{.search = {.who = {.everything = true}}, .limit = 3};
    for (int turn = 0; turn < 20; ++turn) {
        const auto page = got(both.page(what));
        for (const auto& each : page.events) seen += each.rule + ' ';
        if (page.end) break;
        ASSERT_FALSE(page.events.empty());
        what.before = page.events.back().at;
    }
    EXPECT_EQ(seen, "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15 r16 r17 r18 r19 ");
}

TEST_F(MergedTest, EventsOfOneMomentInSeveralStoresAreAllSeen) {
    for (int i = 0; i < 12; ++i)
        (i % 2 == 0 ? a : b).events.push_back(test::event("r", utc_time{} + 100h));
    for (auto* store : {&a, &b}) std::ranges::sort(store->events, std::greater{}, &found_event::at);
    std::set<std::string> seen;
    page_search           what{.search = {.who = {.everything = true}}, .limit = 4};
    for (int turn = 0; turn < 20; ++turn) {
        const auto page = got(both.page(what));
        for (const auto& each : page.events) seen.insert(each.at.text());
        if (page.end) break;
        what.before = behind(page);
    }
    EXPECT_EQ(seen.size(), 12u);
}

TEST_F(MergedTest, CountsAreAddedAndPositionsBelongToTheirStores) {
    facet_search what{.fields = {"rule"}};
    EXPECT_EQ(got(both.facets(what)).front().values.front().second, 6u);
    EXPECT_EQ(got(both.histogram({})).buckets.at(0).by_priority[4], 4u);
    EXPECT_EQ(got(both.position()), "0.0~0.0");
    a.coming = {{.position = "1.0", .events = {test::event("one", utc_time{} + 2s)}, .skipped = 1}};
    b.coming = {{.position = "2.0", .events = {test::event("two", utc_time{} + 1s)}, .skipped = 2}};
    const auto news = got(both.follow("0.0~0.0", {}));
    EXPECT_EQ(news.position, "1.0~2.0");
    EXPECT_EQ(news.skipped, 3u);
    ASSERT_EQ(news.events.size(), 2u);
    EXPECT_EQ(news.events.front().rule, "two");
}

TEST_F(MergedTest, AStoreThatFailsIsNotLeftOutUnsaid) {
    b.fails.emplace(errc::unavailable, "away");
    auto answer = start(both.page({}));
    time.settle();
    EXPECT_FALSE(**answer);
}

}  // namespace
}  // namespace falconer::console
