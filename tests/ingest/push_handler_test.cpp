#include "ingest/push_handler.hpp"

#include "actors/clusters.hpp"
#include "support/actor_fixture.hpp"
#include "support/fake_store.hpp"

#include <gmock/gmock.h>

namespace falconer::ingest {
namespace {

using namespace std::chrono_literals;
using net::http_request;
using net::http_response;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// "good:<cluster>" is that cluster's token; "late:<cluster>" was once.
class fake_tokens final : public token_check {
public:
    token_verdict check(std::string_view bearer, utc_time) override {
        ++asked;
        if (bearer.starts_with("good:"))
            return {
                .cluster = std::make_shared<const cluster_identity>(
                    cluster_identity{std::string(bearer.substr(5))}
                ),
                .issued = issued,
            };
        if (bearer.starts_with("late:"))
            return {.why = "expired", .once_of = std::string(bearer.substr(5))};
        return {.why = "bad_signature"};
    }
    std::optional<utc_time> issued;
    int                     asked = 0;
};

constexpr const char* good_body =
    R"({"rule":"r","priority":"Notice","time":"2026-01-01T00:00:00Z",)"
    R"("output_fields":{"cluster_id":"alpha","evt.time":1764000000000000001}})";

class PushHandlerTest : public test::actor_fixture {
protected:
    metrics_registry metrics;
    fake_tokens      tokens;
    test::fake_sink  sink;
    actors::clusters clusters{
        time,
        sink,
        {.cluster = {.events_per_day = 30, .requests_per_second = 100, .quarantined_per_day = 2}}
    };
    push_handler handler{time, tokens, clusters, sink, metrics, {.hold = 5s}};

    static http_request request(
        std::string body = good_body, std::string_view bearer = "good:alpha"
    ) {
        http_request push{.method = "POST", .target = "/v1/events", .body = std::move(body)};
        push.headers.add("Content-Type", "application/json; charset=utf-8");
        push.headers.add("Authorization", "Bearer " + std::string(bearer));
        push.content_length = push.body.size();
        return push;
    }
    using answer = std::shared_ptr<std::optional<http_response>>;

    /// As the server does it: the header first, then the whole.
    answer start_push(http_request push) {
        auto body = std::exchange(push.body, {});
        if (auto refusal = handler.screen(push))
            return std::make_shared<std::optional<http_response>>(std::move(*refusal));
        push.body   = std::move(body);
        auto result = start(handler.handle(std::move(push)));
        time.settle();
        return result;
    }
    http_response push(http_request what) {
        const auto got = start_push(std::move(what));
        EXPECT_TRUE(got->has_value());
        return got->value_or(http_response{.status = 0});
    }
    unsigned status(http_request what) { return push(std::move(what)).status; }

    double metric(const std::string& line) const {
        const auto text = metrics.expose();
        const auto at   = text.find("\n" + line + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
    }
    double sum_of(const std::string& counter) const {
        double     sum  = 0;
        const auto text = metrics.expose();
        const auto name = '\n' + counter + '{';
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
            sum += std::stod(text.substr(text.find("} ", at) + 2));
        return sum;
    }
    void expect_the_books_to_balance() {
        EXPECT_EQ(
            metric("falconer_ingest_received_total"),
            metric("falconer_ingest_answered_2xx_total") + sum_of("falconer_ingest_refused_total") +
                metric("falconer_ingest_abandoned_total") + metric("falconer_ingest_in_flight")
        );
        EXPECT_EQ(
            metric("falconer_ingest_answered_2xx_total"),
            sum_of("falconer_ingest_acknowledged_total")
        );
    }
    void TearDown() override {
        expect_the_books_to_balance();
        actor_fixture::TearDown();
    }
};

TEST_F(PushHandlerTest, AGoodEventIsKeptAndAnsweredWithAnEmpty200) {
    const auto reply = push(request());
    EXPECT_EQ(reply.status, 200u);
    EXPECT_THAT(reply.body, IsEmpty());
    ASSERT_THAT(sink.kept, SizeIs(1));
    const auto& event = std::get<falco_event>(sink.kept[0]);
    EXPECT_EQ(event.from->text, "alpha");
    EXPECT_EQ(event.received, time.utc());
    EXPECT_EQ(event.texts.get(event_texts::part::rule), "r");
}

TEST_F(PushHandlerTest, WhatIsRefusedInMidBodyIsNotAbandonedByItsSender) {
    for (const auto& [code, reason] :
         {std::pair{413u, "too_large"}, {503u, "no_memory"}, {400u, "malformed"}}) {
        auto what = request();
        ASSERT_FALSE(handler.screen(what));
        EXPECT_EQ(metric("falconer_ingest_in_flight"), 1);
        handler.refused(what, code);
        what = {};
        EXPECT_EQ(
            metric("falconer_ingest_refused_total{reason=\"" + std::string(reason) + "\"}"), 1
        );
        EXPECT_EQ(metric("falconer_ingest_in_flight"), 0);
    }
    EXPECT_EQ(metric("falconer_ingest_abandoned_total"), 0);
    handler.refused({}, 400);  // before its header was whole: none of ours yet
    auto what = request();
    ASSERT_FALSE(handler.screen(what));
    what = {};
    EXPECT_EQ(metric("falconer_ingest_abandoned_total"), 1);
}

TEST_F(PushHandlerTest, BothPathsAndBothMethodsAreTheSame) {
    for (const auto* path : {"/v1/events", "/ingestor/api/v1/push", "/v1/events?x=1"})
        for (const auto* method : {"POST", "PUT"}) {
            auto what   = request();
            what.target = path;
            what.method = method;
            EXPECT_EQ(status(what), 200u) << method << " " << path;
        }
}

TEST_F(PushHandlerTest, WhatTheHeaderDecidesIsAnsweredBeforeTheBodyIsRead) {
    const auto expect = [&](unsigned code, auto change) {
        auto what = request();
        change(what);
        what.body.clear();
        const auto refusal = handler.screen(what);
        ASSERT_TRUE(refusal) << code;
        EXPECT_EQ(refusal->status, code);
        EXPECT_THAT(refusal->body, testing::EndsWith("\n"));
    };
    expect(404, [](auto& r) { r.target = "/v1/event"; });
    expect(405, [](auto& r) { r.method = "GET"; });
    expect(413, [](auto& r) { r.content_length = 1024 * 1024 + 1; });
    expect(401, [](auto& r) { r.headers = {}; });
    const auto with = [](const char* name, const char* value) {
        return [=](http_request& r) {
            r.headers = {};
            r.headers.add("Authorization", "Bearer good:alpha");
            r.headers.add(name, value);
        };
    };
    expect(415, with("Content-Type", "text/plain"));
    expect(415, with("Content-Type", "application/x-www-form-urlencoded"));
    expect(415, with("Content-Encoding", "gzip"));
    EXPECT_EQ(tokens.asked, 0) << "no signature is checked for a request that fails anyway";
    EXPECT_EQ(metric("falconer_ingest_received_total"), 7);
}

TEST_F(PushHandlerTest, ContentTypesAreReadAsPeopleWriteThem) {
    for (const auto* type :
         {"application/json", "APPLICATION/JSON;charset=utf-8", "application/json ; x"}) {
        auto what    = request();
        what.headers = {};
        what.headers.add("authorization", "bearer good:alpha");
        what.headers.add("content-type", type);
        what.headers.add("content-encoding", "Identity");
        EXPECT_EQ(status(what), 200u) << type;
    }
}

TEST_F(PushHandlerTest, ATokenThatIsNotGoodIs401WithTheCause) {
    const auto reply = push(request(good_body, "bad"));
    EXPECT_EQ(reply.status, 401u);
    EXPECT_THAT(reply.body, HasSubstr("bad_signature"));
    EXPECT_TRUE(reply.headers.find("WWW-Authenticate"));
    EXPECT_EQ(metric("falconer_ingest_tokens_refused_total{cause=\"bad_signature\"}"), 1);
    EXPECT_EQ(clusters.size(), 0u) << "no actor for whoever knocks";
}

TEST_F(PushHandlerTest, AnExpiredTokenIsCountedForItsCluster) {
    scope.spawn("clusters", clusters.run());
    time.settle();
    EXPECT_EQ(status(request(good_body, "late:alpha")), 401u);
    time.advance(1min);
    ASSERT_THAT(sink.kept, SizeIs(1));
    EXPECT_EQ(std::get<event_tally>(sink.kept[0]).why, event_tally::cause::token_refused);
}

TEST_F(PushHandlerTest, ARevokedTokenIsRefused) {
    tokens.issued = time.utc() - 1s;
    clusters.tell({"alpha"}, tokens_revoked{time.utc()});
    EXPECT_EQ(status(request()), 401u);
    tokens.issued = time.utc() + 1s;
    EXPECT_EQ(status(request()), 200u);
    EXPECT_EQ(metric("falconer_ingest_refused_total{reason=\"revoked\"}"), 1);
}

TEST_F(PushHandlerTest, WhatIsNotOneJsonObjectIs400AndWhatBreaksTheSchemaIsKeptAside) {
    EXPECT_EQ(status(request("[]")), 400u);
    EXPECT_EQ(status(request(R"({"output_fields":{"cluster_id":"beta"}})")), 400u);
    EXPECT_THAT(sink.kept, IsEmpty());

    const auto reply = push(request(R"({"rule":"x"})"));
    EXPECT_EQ(reply.status, 202u);
    EXPECT_THAT(reply.body, IsEmpty());
    ASSERT_THAT(sink.kept, SizeIs(1));
    const auto& aside = std::get<quarantined_body>(sink.kept[0]);
    EXPECT_EQ(aside.body, R"({"rule":"x"})");
    EXPECT_EQ(aside.about, "priority");
    EXPECT_EQ(aside.from->text, "alpha");
}

TEST_F(PushHandlerTest, QuarantineBeyondItsBoundIsCountedAndStillAcknowledged) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status(request(R"({"rule":"x"})")), 202u);
    ASSERT_THAT(sink.kept, SizeIs(3));
    EXPECT_EQ(std::get<event_tally>(sink.kept[2]).why, event_tally::cause::quarantine_full);
}

TEST_F(PushHandlerTest, BeyondTheQuotaASenderStillHears200) {
    for (int i = 0; i < 13; ++i)
        EXPECT_EQ(status(request()), 200u);  // a burst of 10, a sample, two counted
    EXPECT_TRUE(std::get<falco_event>(sink.kept[10]).has(event_flag::sampled));
    EXPECT_TRUE(std::holds_alternative<event_tally>(sink.kept[11]));
    EXPECT_TRUE(std::holds_alternative<event_tally>(sink.kept[12]));
}

TEST_F(PushHandlerTest, AFloodWaitsItsTurnAndIsRefusedOnlyAfterFiveSeconds) {
    std::vector<answer> all;
    for (int i = 0; i < 101 + 500 + 1; ++i) all.push_back(start_push(request()));
    EXPECT_TRUE(all[100]->has_value());
    EXPECT_FALSE(all[101]->has_value());
    time.advance(10ms);
    EXPECT_EQ(all[101]->value().status, 200u);
    time.advance(4'980ms);
    EXPECT_FALSE(all.back()->has_value()) << "held before it is refused";
    time.advance(10ms);
    EXPECT_EQ(all[600]->value().status, 200u);
    ASSERT_TRUE(all.back()->has_value());
    EXPECT_EQ(all.back()->value().status, 429u);
    EXPECT_TRUE(all.back()->value().headers.find("Retry-After"));
}

TEST_F(PushHandlerTest, WhatCannotBeKeptIs503AndNeverA2xx) {
    sink.refuses     = true;
    const auto reply = push(request());
    EXPECT_EQ(reply.status, 503u);
    EXPECT_TRUE(reply.headers.find("Retry-After"));
}

TEST_F(PushHandlerTest, ASenderWhoLeavesBetweenHeaderAndBodyIsInTheBooks) {
    {
        auto head = request();
        EXPECT_FALSE(handler.screen(head));
        EXPECT_EQ(metric("falconer_ingest_in_flight"), 1);
    }
    EXPECT_EQ(metric("falconer_ingest_in_flight"), 0);
    EXPECT_EQ(metric("falconer_ingest_abandoned_total"), 1);
}

}  // namespace
}  // namespace falconer::ingest
