#include "k8s/kube_client.hpp"

#include "support/certificate.hpp"
#include "support/gzipped.hpp"
#include "support/loopback.hpp"
#include "support/scripted_server.hpp"
#include "support/temporary_folder.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace falconer::k8s {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;
using server = test::scripted_server;

const kube_type secrets{.kind = "Secret", .plural = "secrets"};

class heard_of final : public kube_listener {
public:
    std::vector<std::string> words{}, troubles{};
    std::vector<value>       objects{};

    void heard(kube_event event) override {
        constexpr const char* names[] = {"begin", "there", "done", "applied", "deleted"};
        std::string           said    = names[static_cast<int>(event.kind)];
        if (const auto name = event.object.text_at({"metadata", "name"}); !name.empty())
            said += ' ' + std::string(name);
        words.push_back(said);
        if (!event.object.is_null()) objects.push_back(std::move(event.object));
    }
    void troubled(const failure& why) override {
        troubles.push_back(why.detail);
        in_trouble = true;
    }
    void goes_on() override { in_trouble = false; }

    bool in_trouble = false;
};

class KubeClientTest : public test::loopback_fixture {
protected:
    std::function<std::string(const std::string&)> answer = [](const std::string&) {
        return server::json(200, R"({"metadata":{"name":"a","resourceVersion":"1"}})");
    };
    server   api{loop, scope, [this](const std::string& request) { return answer(request); }};
    heard_of heard{};
    metrics_registry          metrics{};
    kube_client_options       opt{.at_once = 2, .chance = [] { return 0.5; }};
    kube_access               access{};
    std::unique_ptr<kube_api> client;

    void begin() {
        access.place = {.host = "127.0.0.1", .port = api.port()};
        auto made    = make_kube_client(loop.get_executor(), time, access, opt);
        ASSERT_TRUE(made) << made.error().detail;
        client = std::move(*made);
    }
    void SetUp() override { begin(); }
    void TearDown() override {
        api.hang_up();
        actor_fixture::TearDown();
        client.reset();
    }
    template <class T>
    T wait(task<T> work) {
        auto answered = start(std::move(work));
        EXPECT_TRUE(eventually([&] { return answered->has_value(); }));
        return std::move(**answered);
    }
    void follow() { scope.spawn("follow", client->follow(secrets, {}, heard)); }
    bool hears(std::size_t count) {
        return eventually([&] { return heard.words.size() >= count; });
    }
};

TEST_F(KubeClientTest, ReadsAnObjectWithItsToken) {
    std::string seen;
    access.token = secret("t0ken");
    access.path  = "/prefix";
    begin();
    answer = [&](const std::string& request) {
        seen = request;
        return server::json(200, R"({"metadata":{"name":"a"}})");
    };
    const auto got = wait(client->get(secrets, {"ns", "a"}));
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->text_at({"metadata", "name"}), "a");
    EXPECT_THAT(seen, StartsWith("GET /prefix/api/v1/namespaces/ns/secrets/a HTTP/1.1\r\n"));
    EXPECT_THAT(seen, HasSubstr("Authorization: Bearer t0ken\r\n"));
}

TEST_F(KubeClientTest, ARefusalIsATypedFailureWithTheServersSentence) {
    answer = [](const std::string&) {
        return server::json(
            409, R"({"kind":"Status","reason":"Conflict","message":"changed meanwhile"})"
        );
    };
    const auto got = wait(client->update(secrets, {"ns", "a"}, yaml("{metadata: {name: a}}"), {}));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, errc::conflict);
    EXPECT_THAT(got.error().detail, HasSubstr("updating Secret ns/a: changed meanwhile"));
}

TEST_F(KubeClientTest, TooManyRequestsIsWaitedForAsTold) {
    int asked = 0;
    answer    = [&](const std::string&) {
        return ++asked < 3 ? server::json(429, "{}", "Retry-After: 7\r\n")
                              : server::json(200, "{}");
    };
    auto got = start(client->get(secrets, {"ns", "a"}));
    // It has read the answer when it sleeps as told and a little longer, so that many do not come
    // back at once, and not as long as an answer may take.
    EXPECT_TRUE(eventually([&] { return asked == 1 && time.first_wakes_in() == 7350ms; }));
    time.advance(7s);
    EXPECT_EQ(asked, 1);
    time.advance(350ms);
    EXPECT_TRUE(eventually([&] { return asked == 2 && time.first_wakes_in() == 7350ms; }));
    time.advance(7350ms);
    EXPECT_TRUE(eventually([&] { return got->has_value(); }));
    EXPECT_TRUE(**got);
}

TEST_F(KubeClientTest, PatienceHasAnEnd) {
    int asked = 0;
    answer    = [&](const std::string&) {
        ++asked;
        return server::json(429, R"({"message":"too much"})");
    };
    auto got = start(client->get(secrets, {"ns", "a"}));
    for (int i = 1; i < 4; ++i) {
        EXPECT_TRUE(eventually([&] { return asked == i && time.first_wakes_in() <= 1050ms; }));
        time.advance(1050ms);
    }
    EXPECT_TRUE(eventually([&] { return got->has_value(); }));
    EXPECT_EQ((**got).error().code, errc::overloaded);
    EXPECT_EQ(asked, 4);
}

TEST_F(KubeClientTest, AReadThatNobodyInChargeAnsweredIsTriedAgainAndAWriteIsNot) {
    int asked = 0;
    answer    = [&](const std::string&) {
        return ++asked < 3 ? server::json(503, "{}") : server::json(200, "{}");
    };
    auto read = start(client->get(secrets, {"ns", "a"}));
    EXPECT_TRUE(eventually([&] { return asked == 1 && time.first_wakes_in() == 525ms; }));
    time.advance(525ms);
    EXPECT_TRUE(eventually([&] { return asked == 2 && time.first_wakes_in() == 1050ms; }));
    time.advance(1050ms);
    EXPECT_TRUE(eventually([&] { return read->has_value(); }));
    EXPECT_TRUE(**read);

    asked          = 0;
    const auto got = wait(client->create(secrets, {"ns", "a"}, yaml("{metadata: {name: a}}"), {}));
    EXPECT_EQ(got.error().code, errc::unavailable);
    EXPECT_EQ(asked, 1) << "it might have been done";
}

TEST_F(KubeClientTest, WhatIsAskedOnceMoreAndWhatTroublesWatchesIsCounted) {
    opt.metrics = &metrics;
    opt.cluster = "seed";
    begin();
    int asked = 0;
    answer    = [&](const std::string&) {
        ++asked;
        return asked < 3 ? server::json(asked == 1 ? 429 : 503, "{}") : server::json(200, "{}");
    };
    auto got = start(client->get(secrets, {"ns", "a"}));
    EXPECT_TRUE(eventually([&] { return asked == 1 && time.first_wakes_in() == 1050ms; }));
    time.advance(1050ms);
    EXPECT_TRUE(eventually([&] { return asked == 2 && time.first_wakes_in() == 1050ms; }));
    time.advance(1050ms);
    EXPECT_TRUE(eventually([&] { return got->has_value(); }));
    answer = [&](const std::string& request) {
        return request.find("watch=1") == request.npos
                   ? server::json(200, R"({"metadata":{"resourceVersion":"7"},"items":[]})")
                   : server::json(403, "{}");
    };
    follow();
    EXPECT_TRUE(eventually([&] { return !heard.troubles.empty(); }));
    const auto text = metrics.expose();
    for (const auto* line :
         {"falconer_kube_requests_total{cluster=\"seed\"} 4\n",
          "falconer_kube_retries_total{cluster=\"seed\",reason=\"busy\"} 1\n",
          "falconer_kube_retries_total{cluster=\"seed\",reason=\"away\"} 1\n",
          "falconer_kube_watch_lists_total{cluster=\"seed\"} 1\n",
          "falconer_kube_watch_troubles_total{cluster=\"seed\"} 1\n"})
        EXPECT_THAT(text, HasSubstr(line));
}

TEST_F(KubeClientTest, UnderstandsGzip) {
    std::string packed = test::gzipped(R"({"metadata":{"name":"packed"}})"), seen;
    answer             = [&](const std::string& request) {
        seen = request;
        return server::json(200, packed, "Content-Encoding: gzip\r\n");
    };
    const auto got = wait(client->get(secrets, {"ns", "a"}));
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->text_at({"metadata", "name"}), "packed");
    EXPECT_THAT(seen, HasSubstr("Accept-Encoding: gzip\r\n"));
    const auto whole = packed;
    for (const auto& damaged :
         {whole.substr(0, whole.size() - 4), whole + "x", std::string("{}")}) {
        packed          = damaged;
        const auto none = wait(client->get(secrets, {"ns", "a"}));
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().code, errc::malformed);
        EXPECT_THAT(none.error().detail, HasSubstr("gzip"));
    }
    packed          = test::gzipped(std::string(65 << 20, ' '));
    const auto bomb = wait(client->get(secrets, {"ns", "a"}));
    ASSERT_FALSE(bomb);
    EXPECT_EQ(bomb.error().code, errc::too_large);
}

/// A sentence says which cluster was asked for what, and why there is no answer to it.
TEST_F(KubeClientTest, WhatCannotBeUsedIsToldWithClusterRequestAndCause) {
    const auto place = "127.0.0.1:" + std::to_string(api.port());
    for (const auto& [bytes, code, cause] : {
             std::tuple{
                 std::string("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: "
                             "6\r\n\r\n<html>"),
                 errc::malformed, "(text/html): not JSON"
             },
             {server::json(200, "[]"), errc::malformed, "found a list"},
             {std::string("\x16\x03\x01\x02garbage\r\n\r\n"), errc::malformed, ""},
             {server::json(401, R"({"kind":"Status","message":"Unauthorized"})"), errc::denied,
              "Unauthorized: neither a token nor a client certificate is given"},
             {server::json(403, R"({"kind":"Status","message":"you may not"})"), errc::denied,
              "you may not"},
             {server::json(500, "oops"), errc::unavailable, "HTTP 500"},
         }) {
        answer         = [&, text = bytes](const std::string&) { return text; };
        const auto got = wait(client->get(secrets, {"ns", "a"}));
        ASSERT_FALSE(got) << bytes;
        EXPECT_EQ(got.error().code, code) << got.error().detail;
        EXPECT_THAT(got.error().detail, StartsWith("reading Secret ns/a: asking " + place + ": "));
        EXPECT_THAT(got.error().detail, HasSubstr(cause));
    }
}

TEST_F(KubeClientTest, WhoIsNotKnownIsToldWhatWasShown) {
    answer = [](const std::string&) {
        return server::json(401, R"({"kind":"Status","message":"Unauthorized"})");
    };
    const auto why = [&] {
        begin();
        return wait(client->get(secrets, {"ns", "a"})).error().detail;
    };
    EXPECT_THAT(why(), HasSubstr("neither a token nor a client certificate is given"));
    const auto ours    = test::make_certificate();
    access.certificate = ours.chain;
    access.key         = ours.key;
    EXPECT_THAT(why(), HasSubstr("the client certificate is not this cluster's, or has expired"));
    access.token = secret("t0ken");
    EXPECT_THAT(why(), HasSubstr("the token is not this cluster's, or has expired"));
}

TEST_F(KubeClientTest, ATokenFileThatHasChangedIsReadAgainWithoutARefusal) {
    const test::temporary_folder folder;
    access.token_file = folder.path() / "token";
    std::ofstream(access.token_file) << "first\n";
    begin();
    std::string seen;
    answer = [&](const std::string& request) {
        seen = request;
        return server::json(200, "{}");
    };
    ASSERT_TRUE(wait(client->get(secrets, {"ns", "a"})));
    EXPECT_THAT(seen, HasSubstr("Authorization: Bearer first\r\n"));
    std::ofstream(access.token_file) << "second\n";
    time.advance(59s);
    ASSERT_TRUE(wait(client->get(secrets, {"ns", "a"})));
    EXPECT_THAT(seen, HasSubstr("Authorization: Bearer first\r\n")) << "not read for each request";
    time.advance(1s);
    ASSERT_TRUE(wait(client->get(secrets, {"ns", "a"})));
    EXPECT_THAT(seen, HasSubstr("Authorization: Bearer second\r\n"));
    std::filesystem::remove(access.token_file);  // as when links are swapped
    time.advance(60s);
    ASSERT_TRUE(wait(client->get(secrets, {"ns", "a"})));
    EXPECT_THAT(seen, HasSubstr("Authorization: Bearer second\r\n")) << "the last one that was";
}

TEST_F(KubeClientTest, ATokenFileMayEndAsItLikesAndOneWithoutATokenIsNamed) {
    const test::temporary_folder folder;
    access.token_file = folder.path() / "token";
    std::ofstream(access.token_file) << " t0ken\r\n";
    begin();
    std::string seen;
    answer = [&](const std::string& request) {
        seen = request;
        return server::json(200, "{}");
    };
    ASSERT_TRUE(wait(client->get(secrets, {"ns", "a"})));
    EXPECT_THAT(seen, HasSubstr("Authorization: Bearer t0ken\r\n"));

    answer         = [](const std::string&) { return server::json(401, "{}"); };
    const auto why = [&] {
        begin();
        return wait(client->get(secrets, {"ns", "a"})).error().detail;
    };
    std::ofstream(access.token_file) << "two\nlines";
    EXPECT_THAT(why(), HasSubstr("token file " + access.token_file.string() + " holds no token"));
    std::filesystem::remove(access.token_file);
    EXPECT_THAT(why(), HasSubstr("token file " + access.token_file.string() + " cannot be read: "));
}

TEST_F(KubeClientTest, HalfABodyIsNoAnswer) {
    answer = [&](const std::string&) {
        return std::string("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{");
    };
    auto got = start(client->get(secrets, {"ns", "a"}));
    EXPECT_TRUE(eventually([&] { return api.asked.size() == 1; }));
    api.hang_up();
    EXPECT_TRUE(eventually([&] { return got->has_value(); }));
    ASSERT_FALSE(**got);
    EXPECT_EQ((**got).error().code, errc::malformed);
}

TEST_F(KubeClientTest, AServerThatNeverAnswersIsGivenUpAndNobodyElseWaits) {
    answer = [&](const std::string& request) {
        return request.find("/never ") == request.npos ? server::json(200, "{}")
                                                       : std::string("HTTP/1.1 200 OK\r\n");
    };
    auto never = start(client->get(secrets, {"ns", "never"}));
    EXPECT_TRUE(eventually([&] { return api.asked.size() == 1; }));
    EXPECT_TRUE(wait(client->get(secrets, {"ns", "a"})));
    EXPECT_FALSE(never->has_value());
    time.advance(31s);
    EXPECT_TRUE(eventually([&] { return never->has_value(); }));
    EXPECT_EQ((**never).error().code, errc::timed_out);
    EXPECT_THAT((**never).error().detail, HasSubstr("reading Secret ns/never: asking 127.0.0.1:"));
}

TEST_F(KubeClientTest, ATokenThatIsRefusedIsReadAgainOnce) {
    const test::temporary_folder folder;
    const auto                   file = folder / "token";
    std::ofstream(file) << "old\n";
    access.token_file = file;
    begin();
    std::vector<std::string> tokens;
    answer = [&](const std::string& request) {
        const auto at = request.find("Bearer ");
        tokens.push_back(request.substr(at + 7, 3));
        return server::json(tokens.back() == "new" ? 200 : 401, "{}");
    };
    EXPECT_EQ(wait(client->get(secrets, {"ns", "a"})).error().code, errc::denied);
    std::ofstream(file) << "new\n";
    EXPECT_TRUE(wait(client->get(secrets, {"ns", "a"})));
    EXPECT_THAT(tokens, ElementsAre("old", "old", "new"));
}

TEST_F(KubeClientTest, NotMoreAtOnceThanAllowedAndInTheirOrder) {
    bool open = false;
    answer    = [&](const std::string& request) {
        return open              ? server::json(200, "{}")
                  : request.empty() ? ""
                                    : std::string("HTTP/1.1 200 OK\r\n");
    };
    auto first  = start(client->get(secrets, {"ns", "a"}));
    auto second = start(client->get(secrets, {"ns", "b"}));
    auto third  = start(client->get(secrets, {"ns", "c"}));
    EXPECT_TRUE(eventually([&] { return api.asked.size() == 2; }));
    EXPECT_FALSE(eventually([&] { return api.asked.size() > 2; }, 50ms));
    open = true;
    api.say_all("Content-Length: 2\r\n\r\n{}");
    EXPECT_TRUE(eventually([&] { return third->has_value(); }));
    EXPECT_TRUE(**first);
    EXPECT_TRUE(**second);
    EXPECT_TRUE(**third);
}

TEST_F(KubeClientTest, ListsInPages) {
    answer = [](const std::string& request) {
        return server::json(
            200, request.find("continue=more") == request.npos
                     ? R"({"metadata":{"resourceVersion":"7","continue":"more"},"items":[{"a":1}]})"
                     : R"({"metadata":{"resourceVersion":"7"},"items":[{"a":2},{"a":3}]})"
        );
    };
    auto page = wait(client->list(secrets, {}, {}));
    ASSERT_TRUE(page) << page.error().detail;
    EXPECT_EQ(page->next, "more");
    kube_page_request next{.next = page->next};
    page = wait(client->list(secrets, {}, std::move(next)));
    EXPECT_EQ(page->items.size(), 2u);
    EXPECT_EQ(page->next, "");
}

TEST_F(KubeClientTest, FollowsThroughListWatchEndAndExpiry) {
    int lists = 0;
    answer    = [&](const std::string& request) {
        if (request.find("watch=1") != request.npos)
            return server::endless() +
                   server::chunk(
                       R"({"type":"ADDED","object":{"metadata":{"name":"b","resourceVersion":"8"}}})"
                          "\n{\"type\":\"BOOK"
                   );
        return server::json(
            200, ++lists == 1
                        ? R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}}]})"
                        : R"({"metadata":{"resourceVersion":"50"},"items":[]})"
        );
    };
    follow();
    EXPECT_TRUE(hears(4));
    EXPECT_THAT(heard.words, ElementsAre("begin", "there a", "done", "applied b"));
    // An event in two pieces; then the server ends the watch as agreed.
    api.say(server::chunk(R"(MARK","object":{"metadata":{"resourceVersion":"20"}}})"
                          "\n"));
    api.say("0\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return api.asked.size() == 3; }));
    EXPECT_THAT(api.asked[1], HasSubstr("resourceVersion=7"));
    EXPECT_THAT(api.asked[2], HasSubstr("resourceVersion=20"));
    EXPECT_TRUE(hears(5));
    // The server has forgotten; there is nothing left.
    api.say(server::chunk(R"(MARK","object":{"metadata":{"resourceVersion":"21"}}})"
                          "\n"));
    api.say(
        server::chunk(R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})"
                      "\n")
    );
    api.say("0\r\n\r\n");
    EXPECT_TRUE(hears(8));
    EXPECT_THAT(
        heard.words,
        ElementsAre(
            "begin", "there a", "done", "applied b", "applied b", "begin", "done", "applied b"
        )
    );
    EXPECT_EQ(heard.troubles.size(), 0u);
}

TEST_F(KubeClientTest, WhoFollowsDoesNotHearWhoHasWrittenWhat) {
    const std::string object = R"({"metadata":{"name":"NAME","resourceVersion":"8",)"
                               R"("managedFields":[{"fieldsV1":{"f:a":{}}}]},"kept":true})";
    const auto        named  = [&](const char* name) {
        auto text = object;
        return text.replace(text.find("NAME"), 4, name);
    };
    answer = [&](const std::string& request) {
        if (request.find("watch=1") == request.npos)
            return server::json(
                200, R"({"metadata":{"resourceVersion":"7"},"items":[)" + named("a") + "]}"
            );
        return server::endless() +
               server::chunk(R"({"type":"ADDED","object":)" + named("b") + "}\n");
    };
    follow();
    EXPECT_TRUE(hears(4));
    ASSERT_EQ(heard.objects.size(), 2u);
    for (const auto& each : heard.objects) {
        EXPECT_EQ(each.find_path({"metadata", "managedFields"}), nullptr) << json_text(each);
        EXPECT_EQ(each.find("kept")->boolean(), true);
    }
    // Whoever asks for a list itself has all of it.
    const auto page = wait(client->list(secrets, {}, {}));
    ASSERT_TRUE(page) << page.error().detail;
    EXPECT_NE(page->items.at(0).find_path({"metadata", "managedFields"}), nullptr);
}

TEST_F(KubeClientTest, ADeadWatchIsNoticedAndResumed) {
    answer = [](const std::string& request) {
        return request.find("watch=1") != request.npos
                   ? server::endless()
                   : server::json(200, R"({"metadata":{"resourceVersion":"7"},"items":[]})");
    };
    follow();
    EXPECT_TRUE(eventually([&] { return api.asked.size() == 2 && time.sleepers() == 1; }));
    time.advance(59s);
    EXPECT_TRUE(eventually([&] { return heard.troubles.size() == 1; }));
    time.settle();
    time.advance(1s);
    EXPECT_TRUE(eventually([&] { return api.asked.size() == 3; }));
    EXPECT_THAT(api.asked[2], HasSubstr("watch=1"));
    // Nothing has happened meanwhile, so nothing is told: that it goes on is heard all the same.
    EXPECT_TRUE(eventually([&] { return !heard.in_trouble; }));
}

TEST_F(KubeClientTest, AWatchThatIsRefusedDoesNotGoOn) {
    answer = [](const std::string& request) {
        return request.find("watch=1") != request.npos
                   ? server::json(500, R"({"kind":"Status","message":"no"})")
                   : server::json(200, R"({"metadata":{"resourceVersion":"7"},"items":[]})");
    };
    follow();
    EXPECT_TRUE(eventually([&] { return heard.troubles.size() == 1; }));
    EXPECT_TRUE(heard.in_trouble);
}

TEST_F(KubeClientTest, AnEventWithoutAnEndIsNotWaitedFor) {
    opt.line_bytes = 1'000;
    begin();
    answer = [](const std::string& request) {
        return request.find("watch=1") != request.npos
                   ? server::endless() + server::chunk(std::string(2'000, 'x'))
                   : server::json(200, R"({"metadata":{"resourceVersion":"7"},"items":[]})");
    };
    follow();
    EXPECT_TRUE(eventually([&] { return heard.troubles.size() == 1; }));
    EXPECT_THAT(heard.troubles[0], HasSubstr("too large"));
}

TEST_F(KubeClientTest, AServerThatIsAwayIsTroubleAndNotTheEnd) {
    bool away = true;
    answer    = [&](const std::string&) {
        return away ? "" : server::json(200, R"({"metadata":{"resourceVersion":"7"},"items":[]})");
    };
    follow();
    EXPECT_TRUE(eventually([&] { return heard.troubles.size() == 1 && time.sleepers() == 1; }));
    away = false;
    time.advance(1s);
    EXPECT_TRUE(hears(2));
    EXPECT_THAT(heard.words, ElementsAre("begin", "done"));
}

}  // namespace
}  // namespace falconer::k8s
