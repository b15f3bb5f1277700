// Who may ask the console what, and how it answers.
#include "console/documents.hpp"
#include "console_fixture.hpp"
#include "told_counts.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HandlerTest : public test::console_fixture {};

TEST_F(HandlerTest, NobodyIsToldAnythingBeforeTheyHaveSignedIn) {
    for (const auto* path :
         {"/api/v1/me", "/api/v1/events", "/api/v1/events/x", "/api/v1/events/x/raw",
          "/api/v1/facets", "/api/v1/histogram", "/api/v1/tail", "/api/v1/export?format=csv",
          "/api/v1/clusters", "/api/v1/quarantine", "/api/v1/quarantine/1",
          "/api/v1/quarantine/1/body", "/api/v1/fields"}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.status, 401u) << path;
        EXPECT_EQ(answer.headers.find("Content-Type"), "application/problem+json") << path;
    }
    EXPECT_EQ(ask(request("/api/v1/quarantine/1/replay", "POST")).status, 401u);
    EXPECT_TRUE(store.asked.empty());
    EXPECT_EQ(get("/api/v1/openapi.json").status, 200u);
    EXPECT_EQ(
        json("/api/v1/sign-in").find("ways")->items().front().find("users")->items().size(), 2u
    );
}

TEST_F(HandlerTest, ASessionBeginsWithAPasswordAndEndsByItselfOrWhenToldTo) {
    EXPECT_EQ(sign_in("operator", "wrong").status, 401u);
    EXPECT_EQ(sign_in("", "").status, 401u);
    const auto answer = sign_in();
    EXPECT_EQ(answer.status, 200u);
    const auto set = std::string(answer.headers.find("Set-Cookie").value_or(""));
    EXPECT_THAT(set, HasSubstr("HttpOnly; SameSite=Strict"));
    EXPECT_THAT(set, ::testing::Not(HasSubstr("Secure")));
    EXPECT_EQ(json("/api/v1/me").text_at({"user"}), "operator");
    EXPECT_EQ(ask(request("/api/v1/session", "DELETE")).status, 204u);
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    sign_in();
    time.advance(25h);
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    opt.tls = true;
    make();
    EXPECT_THAT(std::string(*sign_in().headers.find("Set-Cookie")), HasSubstr("; Secure"));
}

TEST_F(HandlerTest, WhoeverGuessesPasswordsHasToWait) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(sign_in("operator", "guess").status, 401u);
    const auto refused = sign_in();
    EXPECT_EQ(refused.status, 429u);
    EXPECT_EQ(refused.headers.find("Retry-After"), "60");
    time.advance(61s);
    EXPECT_EQ(sign_in().status, 200u);
}

TEST_F(HandlerTest, OnesManySessionsEndTheirOwnAndNobodyElses) {
    sign_in();
    const auto operators = cookie_;
    sign_in("member", "word");
    const auto first = cookie_;
    for (int i = 0; i < 1100; ++i) sign_in("member", "word");
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    cookie_ = first;
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    cookie_ = operators;
    EXPECT_EQ(get("/api/v1/me").status, 200u);
}

TEST_F(HandlerTest, PagesOfOthersCannotMakeABrowserChangeAnything) {
    sign_in();
    store.bodies = {{.id = 7, .body = "{"}};
    auto bare    = request("/api/v1/quarantine/7/replay", "POST");
    bare.headers = {};
    bare.headers.add("Cookie", "falconer-session=" + cookie_);
    EXPECT_EQ(ask(bare).status, 403u);
    auto cross = request("/api/v1/quarantine/7/replay", "POST");
    cross.headers.add("Sec-Fetch-Site", "cross-site");
    EXPECT_EQ(ask(cross).status, 403u);
    auto own = request("/api/v1/quarantine/7/replay", "POST");
    own.headers.add("Sec-Fetch-Site", "same-origin");
    replay.is.why = "no rule";
    EXPECT_EQ(of(ask(own)).text_at({"type"}), "/problems/still-broken");
    auto other = request("/api/v1/me");
    other.headers.add("Host", "evil.example:8443");
    EXPECT_EQ(ask(other).status, 403u);
    auto large           = request("/api/v1/session", "POST");
    large.content_length = 1'000'000;
    EXPECT_EQ(console->screen(large)->status, 413u);
    EXPECT_EQ(ask(request("/api/v1/session", "POST", std::string(20'000, '['))).status, 413u);
}

TEST_F(HandlerTest, EveryAnswerIsGuarded) {
    sign_in();
    for (const auto* path : {"/api/v1/me", "/", "/events/x", "/assets/none.js", "/api/v1/none"}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.headers.find("X-Content-Type-Options"), "nosniff") << path;
        EXPECT_THAT(
            std::string(answer.headers.find("Content-Security-Policy").value_or("")),
            StartsWith("default-src 'none'")
        ) << path;
        EXPECT_TRUE(answer.headers.find("Cache-Control")) << path;
    }
    const auto one = get("/"), other = get("/");
    EXPECT_EQ(one.status, 200u);
    EXPECT_NE(
        one.headers.find("Content-Security-Policy"), other.headers.find("Content-Security-Policy")
    );
    EXPECT_EQ(one.body.find("__CSP_NONCE__"), std::string::npos);
    EXPECT_EQ(get("/assets/none.js").status, 404u);
    EXPECT_EQ(get("/api/v1/none").status, 404u);
    EXPECT_EQ(ask(request("/api/v1/events", "POST")).status, 405u);
    EXPECT_EQ(ask(request("/", "POST")).status, 405u);
    EXPECT_EQ(get("/api/v1/events?q=%ff").status, 400u);
}

TEST_F(HandlerTest, PagesGoOnWhereTheOneBeforeEnded) {
    sign_in();
    for (int i = 0; i < 5; ++i)
        store.events.push_back(test::event("r" + std::to_string(i), utc_time{} + 100h - i * 1s));
    std::string seen, next;
    do {
        const auto page = json("/api/v1/events?limit=2" + (next.empty() ? "" : "&cursor=" + next));
        for (const auto& each : page.find("events")->items())
            seen += std::string(each.text_at({"rule"})) + ' ';
        next = page.text_at({"next"});
        EXPECT_TRUE(*page.find("complete")->boolean());
    } while (!next.empty());
    EXPECT_EQ(seen, "r0 r1 r2 r3 r4 ");
    EXPECT_EQ(get("/api/v1/events?cursor=x").status, 400u);
    EXPECT_EQ(get("/api/v1/events?limit=0").status, 400u);
}

TEST_F(HandlerTest, AnEventIsShownWithExactValuesAndOnlyToThoseWhoMay) {
    store.events   = {test::event("r", utc_time{} + 100h, "b")};
    const auto key = store.events.front().at.text();
    sign_in();
    const auto event = json("/api/v1/events/" + key);
    EXPECT_EQ(event.text_at({"key"}), key);
    std::string fields;
    for (const auto& each : event.find("fields")->items())
        fields += std::string(each.text_at({"name"})) + ' ' + std::string(each.text_at({"kind"})) +
                  ' ' + std::string(each.text_at({"text"})) + ';';
    EXPECT_EQ(
        fields, "evt.time number 1794788426779200001;nothing null null;proc.name string cat;"
    );
    EXPECT_EQ(json("/api/v1/events/" + store.events.front().at.id.text()).text_at({"key"}), key);
    EXPECT_EQ(get("/api/v1/events/" + key + "/raw").headers.find("Falconer-Exact"), "values");
    store.events.front().flags = static_cast<std::uint16_t>(event_flag::replaced_characters);
    const auto raw             = get("/api/v1/events/" + key + "/raw");
    EXPECT_EQ(raw.headers.find("Falconer-Exact"), "bytes");
    EXPECT_EQ(raw.body, "{\"exact\": \"\\u0000\"}");
    EXPECT_EQ(get("/api/v1/events/nonsense").status, 404u);
    sign_in("member", "word");
    EXPECT_EQ(get("/api/v1/events/" + key).status, 404u);
    EXPECT_EQ(get("/api/v1/events/" + key + "/raw").status, 404u);
    EXPECT_EQ(json("/api/v1/events").find("events")->items().size(), 0u);
    EXPECT_EQ(store.asked.back().search.who.projects, std::vector<std::string>{"a"});
    EXPECT_EQ(ask(request("/api/v1/quarantine/1/replay", "POST")).status, 403u);
}

TEST_F(HandlerTest, AMistakeInAFilterHasItsColumn) {
    sign_in();
    const auto wrong = json("/api/v1/events?q=gr%C3%BCn+priority%3Awanring");
    EXPECT_EQ(wrong.text_at({"type"}), "/problems/filter");
    EXPECT_EQ(wrong.text_at({"parameter"}), "q");
    EXPECT_EQ(wrong.find("column")->integer(), 15);
    EXPECT_EQ(wrong.find("length")->integer(), 7);
    for (const auto* path :
         {"/api/v1/facets?q=(", "/api/v1/histogram?q=(", "/api/v1/tail?q=(",
          "/api/v1/export?format=csv&q=("})
        EXPECT_EQ(json(path).text_at({"type"}), "/problems/filter") << path;
    EXPECT_EQ(get("/api/v1/events?since=yesterday").status, 400u);
    EXPECT_EQ(get("/api/v1/export").status, 400u);
    EXPECT_EQ(get("/api/v1/facets?field=time").status, 400u);
}

TEST_F(HandlerTest, AStoreThatFailsIsSaidAsWhatItIs) {
    sign_in();
    for (const auto& [code, status] :
         {std::pair{errc::timed_out, 504u},
          {errc::unavailable, 503u},
          {errc::overloaded, 429u},
          {errc::broken, 500u}}) {
        store.fails.emplace(code, "said by libpq");
        const auto answer = get("/api/v1/events");
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.body.find("libpq"), std::string::npos);
    }
}

TEST_F(HandlerTest, TheHistogramHasNoMoreBucketsThanAskedForAndFacetsNameTheirFields) {
    sign_in();
    const auto made =
        json("/api/v1/histogram?since=2026-11-29T00:00Z&until=2026-11-30T00:00Z&buckets=60");
    EXPECT_EQ(made.find("step")->integer(), 1800);
    EXPECT_EQ(store.histogram_asked->step, 1800s);
    EXPECT_EQ(made.find("total")->integer(), 2);
    const auto facets = json("/api/v1/facets?field=rule&field=image&prefix=x");
    EXPECT_EQ(facets.find("facets")->items().at(1).text_at({"field"}), "image");
    EXPECT_EQ(store.facets_asked->prefix, "x");
}

TEST_F(HandlerTest, TheDocumentDescribesEveryPlaceThereIs) {
    test::told_counts counts;
    console->use(static_cast<landscape_queries&>(counts));
    console->use(static_cast<provider_queries&>(counts));
    const auto document = json("/api/v1/openapi.json");
    EXPECT_EQ(document.text_at({"openapi"}), "3.1.0");
    for (const auto& [path, methods, line] : document.find("paths")->entries()) {
        auto target = path;
        for (const auto* name : {"{key}", "{id}"})
            if (const auto at = target.find(name); at != target.npos)
                target.replace(at, std::string(name).size(), "1");
        for (const auto& [method, how, at] : methods.entries()) {
            std::string upper = method;
            for (auto& c : upper) c = static_cast<char>(c - 'a' + 'A');
            const auto status = ask(request(target, upper)).status;
            EXPECT_TRUE(status != 404 && status != 405) << upper << ' ' << path << ' ' << status;
        }
    }
}

}  // namespace
}  // namespace falconer::console
