// Whom the garden knows, and for how long they are believed to be who they are.
#include "garden_fixture.hpp"

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class AccessTest : public test::garden_fixture {};

TEST_F(AccessTest, ATokenOrAKubeconfigOpensASession) {
    EXPECT_EQ(json("/api/v1/sign-in").find("ways")->items().back().text_at({"kind"}), "token");
    EXPECT_EQ(sign_in_by(R"({"token": "nobody's"})").status, 401u);
    const auto answer = sign_in_by(R"({"token": "member"})");
    ASSERT_EQ(answer.status, 200u) << answer.body;
    const auto me = json("/api/v1/me");
    EXPECT_EQ(me.text_at({"user"}), "member");
    EXPECT_EQ(me.text_at({"kind"}), "token");
    EXPECT_EQ(me.find("projects")->items().size(), 1u);
    EXPECT_EQ(*me.find("mayReplay")->boolean(), false);
    const std::string config =
        "{current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}], users: "
        "[{name: u, user: {token: admin}}]}";
    EXPECT_EQ(sign_in_by(json_text(value{{"kubeconfig", config}})).status, 200u);
    EXPECT_EQ(json("/api/v1/me").text_at({"user"}), "admin");
    for (const auto& [text, said] :
         {std::pair<std::string, std::string>{"{", "no YAML"},
          {"{current-context: x}", "no current context"},
          {"{current-context: x, contexts: [{name: x, context: {user: u}}], users: [{name: u, "
           "user: {exec: {command: gardenlogin}}}]}",
           "from a program"}}) {
        const auto refused = sign_in_by(json_text(value{{"kubeconfig", text}}));
        EXPECT_EQ(refused.status, 400u);
        EXPECT_THAT(refused.body, HasSubstr(said));
    }
}

TEST_F(AccessTest, WhatIsNotAllowedAnyMoreIsNotSeenForLong) {
    store.events = {test::event("one", time.utc() + 1h)};
    EXPECT_EQ(rules_seen_by("member"), "one");
    sign_in_by(R"({"token": "member"})");
    unbind("member", "member", "garden-a");
    time.advance(how.keep);
    EXPECT_EQ(rules_seen_by("member"), "");
    EXPECT_EQ(json("/api/v1/events").find("events")->items().size(), 0u);
    bind("member", "member", "garden-a");
    time.advance(how.keep);
    EXPECT_EQ(rules_seen_by("member"), "one");
    api.forget(secret("member"));
    time.advance(how.keep);
    EXPECT_EQ(rules_seen_by("member"), "401");
    EXPECT_EQ(get("/api/v1/events").status, 401u) << "its session has ended with it";
    api.know(secret("member"), {"member", {}});
    time.advance(how.keep);
    EXPECT_EQ(rules_seen_by("member"), "one");
    EXPECT_EQ(get("/api/v1/me").status, 401u) << "a session that has ended has ended";
}

TEST_F(AccessTest, AProjectThatIsMadeAgainSeesNothingOfTheOneBefore) {
    time.advance(1h);
    store.events = {test::event("old", time.utc())};
    EXPECT_EQ(rules_seen_by("member"), "old");
    time.advance(1h);
    ASSERT_TRUE(garden.remove(test::projects, {{}, "a"}, {}));
    time.settle();
    EXPECT_EQ(rules_seen_by("member"), "") << "at once: the projects are watched";
    time.advance(1h);
    add_project("a");
    time.settle();
    EXPECT_EQ(rules_seen_by("member"), "");
    time.advance(1s);
    store.events.push_back(test::event("new", time.utc()));
    EXPECT_EQ(rules_seen_by("member"), "new");
    EXPECT_EQ(rules_seen_by("operator"), "old new");
    // An event of these days does not make the cluster of those days theirs.
    store.events                            = {test::event("late", time.utc())};
    store.events.front().cluster.first_seen = time.utc() - 90min;
    EXPECT_EQ(rules_seen_by("member"), "");
}

TEST_F(AccessTest, AnotherLandscapesProjectOfTheSameNameIsAnotherProject) {
    auto other      = how;
    other.landscape = "canary";
    auto ended      = start(stopped(*access));
    time.settle();
    access.emplace(loop.get_executor(), time, api, other);
    access->start();
    time.settle();
    make();
    store.events = {test::event("live", time.utc() + 1h)};
    EXPECT_EQ(rules_seen_by("member"), "");
    store.events.front().cluster.landscape = "canary";
    EXPECT_EQ(rules_seen_by("member"), "live");
}

TEST_F(AccessTest, ATokenIsNotBelievedBeyondItsEnd) {
    const kube_type accounts = sandbox::account_type();
    must(garden.create(accounts, {"garden-a", "robot"}, value::map(), {}));
    auto made = sandbox::issue_account_token(
        garden, {"garden-a", "robot"}, testing::yaml("{spec: {expirationSeconds: 600}}"), time.utc()
    );
    ASSERT_TRUE(made);
    const auto token = made->token.reveal();
    api.know(made->token, made->who);
    EXPECT_EQ(rules_seen_by(token), "");
    sign_in_by("{\"token\": \"" + token + "\"}");
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    time.advance(595s);
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    const auto before = asked("TokenReview");
    time.advance(5s);
    EXPECT_EQ(rules_seen_by(token), "401");
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    EXPECT_EQ(asked("TokenReview"), before) << "what it says of itself is enough";
}

TEST_F(AccessTest, WhileTheGardenIsAwayNobodyIsSentAwayAndNobodyIsLetIn) {
    sign_in_by(R"({"token": "member"})");
    is_away = true;
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    time.advance(how.keep);
    EXPECT_EQ(get("/api/v1/me").status, 503u);
    EXPECT_EQ(get("/api/v1/me").headers.find("Retry-After"), "5");
    EXPECT_EQ(get_as("viewer", "/api/v1/me").status, 503u);
    is_away = false;
    time.advance(2s);
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    EXPECT_EQ(get_as("viewer", "/api/v1/me").status, 200u);
}

TEST_F(AccessTest, HoweverManyAskWithATokenTheGardenIsAskedOnce) {
    std::vector<decltype(start(console->handle(request(""))))> asking;
    for (int i = 0; i < 6; ++i) {
        auto one = with_token("member", "/api/v1/me");
        one.headers.add("Host", "localhost");
        asking.push_back(start(console->handle(std::move(one))));
    }
    time.settle();
    for (const auto& each : asking) {
        ASSERT_TRUE(*each);
        EXPECT_EQ((*each)->status, 200u);
    }
    EXPECT_EQ(asked("TokenReview"), 1u);
    const auto reviews = asked("SubjectAccessReview");
    get_as("member", "/api/v1/events");
    EXPECT_EQ(asked("SubjectAccessReview"), reviews);
    for (int i = 0; i < 20; ++i) get_as("nobody's", "/api/v1/me");
    EXPECT_EQ(asked("TokenReview"), 2u) << "nor again and again about one that it refused";
}

TEST_F(AccessTest, WhoeverMayChangeIsAskedForByTheRightOfItsOwnOrByThatOfShoots) {
    const auto may = [&](const std::string& token) {
        auto got = start(access->of(secret(token), right::change));
        time.settle();
        EXPECT_TRUE(*got && **got);
        return (**got)->sees;
    };
    EXPECT_TRUE(may("viewer").projects.empty());
    EXPECT_EQ(may("member").projects, std::vector<std::string>{"a"});
    EXPECT_TRUE(may("admin").everything);
    const auto operators = may("operator");
    EXPECT_FALSE(operators.everything) << "seeds and the garden are for those who operate them";
    EXPECT_EQ(operators.projects.size(), 2u);
    bind("viewer", "analyst", "garden-b");
    time.advance(how.keep);
    EXPECT_EQ(may("viewer").projects, std::vector<std::string>{"b"});
}

TEST_F(AccessTest, WhoLooksAtEverythingChangesNothing) {
    add_role(
        "auditor",
        "[{apiGroups: [core.gardener.cloud], resources: [shoots], verbs: [get, list]}, "
        "{apiGroups: [''], resources: [secrets], verbs: [get]}]"
    );
    bind("outsider", "auditor");
    const auto asked_for = [&](right which) {
        auto got = start(access->of(secret("outsider"), which));
        time.settle();
        EXPECT_TRUE(*got && **got);
        return (**got)->sees;
    };
    EXPECT_TRUE(asked_for(right::read).everything);
    EXPECT_TRUE(is_nobodys(asked_for(right::change)));
}

TEST_F(AccessTest, WhoSendsUnknownTokensInPlentyDoesNotMakeOthersBeAskedForAgain) {
    auto few   = how;
    few.tokens = 4;
    auto ended = start(stopped(*access));
    time.settle();
    access.emplace(loop.get_executor(), time, api, few);
    access->start();
    time.settle();
    make();
    EXPECT_EQ(get_as("operator", "/api/v1/events").status, 200u);
    const auto before = asked("TokenReview");
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(get_as("nobody's-" + std::to_string(i), "/api/v1/events").status, 401u);
    EXPECT_EQ(asked("TokenReview"), before + 20);
    auto got = start(access->of(secret("operator"), right::read));
    time.settle();
    EXPECT_TRUE(*got && **got);
    EXPECT_EQ(asked("TokenReview"), before + 20) << "it is still known";
}

TEST_F(AccessTest, OfThoseWhoHaveSignedOutOnlySoManyAreRemembered) {
    sessions all(time, {});
    for (int i = 0; i <= 100'000; ++i) all.is_over_now(std::to_string(i), time.utc() + 1h);
    EXPECT_FALSE(all.is_over("0"));
    EXPECT_TRUE(all.is_over("1"));
    EXPECT_TRUE(all.is_over("100000"));
    time.advance(1h);
    all.is_over_now("later", time.utc() + 1h);
    EXPECT_FALSE(all.is_over("100000")) << "nobody could open it any more";
    EXPECT_TRUE(all.is_over("later"));
}

TEST_F(AccessTest, APasswordThatTheBrowserKnowsIsNoProof) {
    sign_in_by(R"({"token": "admin"})");
    store.bodies   = {{.id = 7, .body = "{"}};
    auto forged    = request("/api/v1/quarantine/7/replay", "POST");
    forged.headers = {};
    forged.headers.add("Cookie", "falconer-session=" + cookie_);
    forged.headers.add("Authorization", "Basic eDp5");
    EXPECT_EQ(ask(std::move(forged)).status, 403u);
}

TEST_F(AccessTest, ALiveViewAndAFileEndWithTheRight) {
    sign_in_by(R"({"token": "member"})");
    store.coming = {
        {.position = "1.0", .events = {test::event("mine", time.utc() + 1h)}},
        {.position = "2.0", .events = {test::event("not any more", time.utc() + 1h)}}
    };
    auto answer = get("/api/v1/tail");
    ASSERT_TRUE(answer.stream);
    const auto next = [&] {
        auto got = start(answer.stream->next());
        for (int i = 0; i < 200 && !*got; ++i) {
            time.settle();
            if (!*got) time.advance(400ms);
        }
        return *got ? std::move(**got) : std::string("nothing");
    };
    EXPECT_THAT(next(), HasSubstr("mine"));
    unbind("member", "member", "garden-a");
    time.advance(how.keep);
    const auto then = next();
    EXPECT_EQ(then.find("not any more"), then.npos) << then;
    api.forget(secret("member"));
    time.advance(how.keep);
    EXPECT_THAT(next(), HasSubstr(R"(event: end)"));
}

TEST_F(AccessTest, ATokenThatComesWithTheRequestNeedsNoFurtherProof) {
    store.bodies = {{.id = 7, .body = "{"}};
    auto bare    = with_token("admin", "/api/v1/quarantine/7/replay", "POST");
    bare.headers = {};
    bare.headers.add("Authorization", "Bearer admin");
    replay.is.why = "no rule";
    EXPECT_EQ(ask(std::move(bare)).status, 422u);
}

}  // namespace
}  // namespace falconer::console
