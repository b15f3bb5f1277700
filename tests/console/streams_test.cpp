// What goes on: live views and files.
#include "console_fixture.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class StreamsTest : public test::console_fixture {
protected:
    void SetUp() override {
        console_fixture::SetUp();
        sign_in();
    }
    std::shared_ptr<net::http_stream> open(std::string target) {
        auto answer = get(std::move(target));
        EXPECT_EQ(answer.status, 200u) << answer.body;
        return answer.stream;
    }
    /// The next piece; time goes on until there is one.
    std::string next(net::http_stream& of) {
        auto got = start(of.next());
        for (int i = 0; i < 200 && !*got; ++i) {
            time.settle();
            if (!*got) time.advance(400ms);
        }
        return *got ? std::move(**got) : "nothing";
    }
    std::string all(net::http_stream& of) {
        std::string text;
        for (;;) {
            const auto piece = next(of);
            if (piece.empty()) return text;
            text += piece;
        }
    }
};

TEST_F(StreamsTest, ALiveViewTellsWhatIsFoundAndWhereItIs) {
    store.coming = {
        {.position = "1.0",
         .events   = {test::event("mine", utc_time{}), test::event("other", utc_time{})}},
        {.position = "2.0", .events = {}, .skipped = 5}
    };
    auto       tail  = open("/api/v1/tail?q=rule:mine");
    const auto first = next(*tail);
    EXPECT_THAT(first, HasSubstr("event: event\ndata: {\"key\""));
    EXPECT_THAT(first, HasSubstr("\"rule\":\"mine\""));
    EXPECT_EQ(first.find("other"), std::string::npos);
    EXPECT_THAT(first, HasSubstr("id: 1.0\nevent: position\n"));
    EXPECT_THAT(next(*tail), HasSubstr("event: lost\ndata: {\"count\":5}"));
    EXPECT_THAT(next(*tail), HasSubstr("id: 2.0\nevent: position"));  // a sign of life
    ask(request("/api/v1/session", "DELETE"));
    EXPECT_THAT(all(*tail), HasSubstr("event: end\ndata: {\"reason\":\"session\"}"));
}

TEST_F(StreamsTest, ALiveViewGoesOnWhereItWasLeftOrSaysThatItCannot) {
    auto again = request("/api/v1/tail?from=5.0");
    again.headers.add("Last-Event-ID", "gone");
    EXPECT_EQ(ask(std::move(again)).status, 410u);
    store.coming = {{.position = "6.0", .events = {test::event("r", utc_time{})}}};
    auto tail    = open("/api/v1/tail?from=5.0");
    EXPECT_THAT(next(*tail), HasSubstr("id: 6.0"));
}

TEST_F(StreamsTest, WhatComesAfterAQuietMomentIsToldAtOnce) {
    auto tail = open("/api/v1/tail");
    auto got  = start(tail->next());
    for (int quiet = 0; quiet < 7; ++quiet) {
        time.settle();
        time.advance(400ms);
    }
    EXPECT_FALSE(*got);
    store.coming = {{.position = "0.1", .events = {test::event("at once", utc_time{})}}};
    time.advance(600ms);
    time.settle();
    ASSERT_TRUE(*got);
    EXPECT_THAT(**got, HasSubstr("at once"));
}

TEST_F(StreamsTest, HoweverManyWatchTheStoreIsReadOnce) {
    opt.tails = 20;
    make();
    sign_in();
    std::vector<std::shared_ptr<net::http_stream>>      tails;
    std::vector<decltype(start(tails.front()->next()))> got;
    for (int i = 0; i < 20; ++i) {  // each with a place of its own
        tails.push_back(open("/api/v1/tail?from=1." + std::to_string(i)));
        got.push_back(start(tails.back()->next()));
        time.settle();
        time.advance(100ms);
    }
    store.followed = 0;
    for (int step = 0; step < 10; ++step) {
        time.advance(400ms);
        time.settle();
    }
    EXPECT_LE(store.followed, 21u);
    EXPECT_GE(store.followed, 10u);
    store.coming = {{.position = "2.0", .events = {test::event("news", utc_time{})}}};
    time.advance(600ms);
    time.settle();
    for (const auto& each : got) {
        ASSERT_TRUE(*each);
        EXPECT_THAT(**each, HasSubstr("news"));
    }
}

TEST_F(StreamsTest, NobodyHearsOfOthersEvents) {
    sign_in("member", "word");
    store.coming = {
        {.position = "1.0",
         .events   = {test::event("mine", utc_time{}), test::event("theirs", utc_time{}, "b")},
         .skipped  = 9}
    };
    auto       tail = open("/api/v1/tail");
    const auto text = next(*tail);
    EXPECT_THAT(text, HasSubstr("mine"));
    EXPECT_EQ(text.find("theirs"), std::string::npos);
    EXPECT_EQ(text.find("lost"), std::string::npos);
}

TEST_F(StreamsTest, OneSessionHasItsShareOfStreams) {
    std::vector<std::shared_ptr<net::http_stream>> tails;
    for (std::size_t i = 0; i < opt.tails; ++i) tails.push_back(open("/api/v1/tail"));
    EXPECT_EQ(get("/api/v1/tail").status, 429u);
    tails.pop_back();
    tails.push_back(open("/api/v1/tail"));
    auto one = open("/api/v1/export?format=csv"), other = open("/api/v1/export?format=csv");
    EXPECT_EQ(get("/api/v1/export?format=csv").status, 429u);
}

TEST_F(StreamsTest, OneSessionHasItsShareHoweverManyAreAskedForAtOnce) {
    store.waits = true;
    std::vector<decltype(start(console->handle(request(""))))> asked;
    for (int i = 0; i < 50; ++i) {
        auto one = request("/api/v1/tail");
        one.headers.add("Host", "localhost");
        asked.push_back(start(console->handle(std::move(one))));
    }
    time.settle();
    std::size_t open = 0;
    for (const auto& each : asked) {
        ASSERT_TRUE(*each);
        open += (*each)->status == 200 ? 1 : 0;
    }
    EXPECT_EQ(open, opt.tails);
    asked.clear();
    EXPECT_EQ(get("/api/v1/tail").status, 200u);
}

TEST_F(StreamsTest, NewsOfManyBytesAreNotKeptForThoseWhoAreBehind) {
    for (const std::size_t bytes : {std::size_t{100}, std::size_t{1'000'000}}) {
        news_desk  desk(loop.get_executor(), time, store, {.bytes = bytes});
        const auto ask = [&](std::string from) {
            auto got = start(desk.after(std::move(from)));
            time.settle();
            time.advance(300ms);
            return *got && **got ? (***got)->what.position : "nothing";
        };
        EXPECT_EQ(ask("0.0"), "0.0");
        for (const auto* place : {"1.0", "2.0"}) {
            auto large          = test::event("r", utc_time{});
            large.output_fields = R"({"a": ")" + std::string(200, 'x') + "\"}";
            store.coming.push_back({.position = place, .events = {std::move(large)}});
        }
        EXPECT_EQ(ask("0.0"), "1.0");
        EXPECT_EQ(ask("1.0"), "2.0");
        store.followed = 0;
        EXPECT_EQ(ask("0.0"), bytes == 100 ? "2.0" : "1.0");
        // Once for what came meanwhile; who is too far behind asks for themselves.
        EXPECT_EQ(store.followed, bytes == 100 ? 2u : 1u);
    }
}

TEST_F(StreamsTest, AFileEndsWithItsSession) {
    store.events = {test::event("r", utc_time{} + 100h)};
    auto file    = open("/api/v1/export?format=ndjson");
    time.advance(25h);
    bool thrown = false;
    asio::co_spawn(loop, file->next(), [&](std::exception_ptr why, const std::string&) {
        thrown = why != nullptr;
    });
    time.settle();
    EXPECT_TRUE(thrown);
}

TEST_F(StreamsTest, WhereAnEventComesFromIsSaidByFalconerAlone) {
    store.events               = {test::event("r", utc_time{} + 100h)};
    store.events.front().extra = R"({"falconer": {"cluster": "forged"}, "more": 1})";
    auto       file            = open("/api/v1/export?format=ndjson");
    const auto line            = all(*file);
    EXPECT_EQ(line.find("forged"), std::string::npos);
    EXPECT_THAT(line, HasSubstr(R"("more":1)"));
    EXPECT_THAT(line, HasSubstr(R"("cluster":"shoot--a"})"));
    EXPECT_THAT(
        get("/api/v1/events/" + store.events.front().at.text() + "/raw").body, HasSubstr("forged")
    );
}

TEST_F(StreamsTest, AFileHasEveryEventAndNoFormulas) {
    for (int i = 0; i < 1203; ++i)
        store.events.push_back(test::event("=r" + std::to_string(i), utc_time{} + 100h - i * 1s));
    auto       csv  = open("/api/v1/export?format=csv&fields=proc.name,nothing,absent");
    const auto text = all(*csv);
    EXPECT_EQ(std::ranges::count(text, '\n'), 1204);
    EXPECT_THAT(
        text, HasSubstr("received,time,priority,rule,cluster,project,shoot,hostname,source,tags,"
                        "output,proc.name,nothing,absent,key\r\n")
    );
    EXPECT_THAT(text, HasSubstr(",'=r1202,"));
    csv.reset();
    auto       ndjson = open("/api/v1/export?format=ndjson");
    const auto lines  = all(*ndjson);
    EXPECT_EQ(std::ranges::count(lines, '\n'), 1203);
    EXPECT_THAT(lines, HasSubstr(R"("evt.time": 1794788426779200001)"));
    EXPECT_THAT(lines, HasSubstr(R"("rule":"=r7")"));
    ndjson.reset();
    auto few = open("/api/v1/export?format=ndjson&limit=700");
    EXPECT_EQ(std::ranges::count(all(*few), '\n'), 700);
}

TEST_F(StreamsTest, APageOfAFileIsSmallHoweverLargeItsEventsAre) {
    store.events = {test::event("r", utc_time{} + 100h)};
    for (const auto* form : {"csv", "ndjson"}) {
        auto file = open("/api/v1/export?format=" + std::string(form));
        EXPECT_NE(next(*file), "");
        EXPECT_EQ(store.asked.back().bytes, 1024u * 1024);
    }
}

TEST_F(StreamsTest, ThereAreSoManyFilesAtOnceWhosesoeverTheyAre) {
    opt.files = 3;
    make();
    std::vector<std::shared_ptr<net::http_stream>> files;
    for (int i = 0; i < 3; ++i) {
        sign_in();
        files.push_back(open("/api/v1/export?format=ndjson"));
    }
    sign_in("member", "word");
    EXPECT_EQ(get("/api/v1/export?format=ndjson").status, 429u);
    files.pop_back();
    files.push_back(open("/api/v1/export?format=ndjson"));
}

TEST_F(StreamsTest, FilesTakeTurnsSoThatQuestionsFindAWayBetween) {
    std::vector<std::shared_ptr<net::http_stream>>      files;
    std::vector<decltype(start(files.front()->next()))> got;
    store.events = {test::event("r", utc_time{} + 100h)};
    for (int i = 0; i < 6; ++i) {
        sign_in();
        files.push_back(open("/api/v1/export?format=ndjson"));
    }
    store.holds = true;
    for (const auto& each : files) got.push_back(start(each->next()));
    loop.restart();
    for (int turn = 0; turn < 1000; ++turn) loop.poll_one();
    EXPECT_EQ(store.most_reading, opt.reading);
    store.holds = false;
    time.settle();
    for (const auto& each : got) {
        ASSERT_TRUE(*each);
        EXPECT_THAT(**each, HasSubstr("\"rule\":\"r\""));
    }
    EXPECT_EQ(store.most_reading, opt.reading);
}

TEST_F(StreamsTest, AFileThatCannotBeFinishedDoesNotLookFinished) {
    for (int i = 0; i < 600; ++i)
        store.events.push_back(test::event("r", utc_time{} + 100h - i * 1s));
    auto file = open("/api/v1/export?format=ndjson");
    EXPECT_NE(next(*file), "");
    store.fails.emplace(errc::unavailable, "away");
    bool thrown = false;
    asio::co_spawn(loop, file->next(), [&](std::exception_ptr why, const std::string&) {
        thrown = why != nullptr;
    });
    time.settle();
    EXPECT_TRUE(thrown);
}

}  // namespace
}  // namespace falconer::console
