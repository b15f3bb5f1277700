// Signing in at an issuer: the good way, and everything that must not be one.
#include "console/access/oidc.hpp"
#include "falconer/net/id_token.hpp"
#include "garden_fixture.hpp"
#include "net/base64url.hpp"

#include <map>

namespace falconer::console {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto issuer   = "https://login.example.com";
constexpr auto redirect = "https://falcon.example.com/api/v1/sign-in/oidc/callback";

/// A small identity provider behind an HTTP client.
class test_issuer final : public net::http_client {
public:
    explicit test_issuer(time_source& time) : time_(time) { rotate(); }

    bool                               away        = false;
    std::string                        said_issuer = issuer;
    std::size_t                        keys_asked  = 0;
    std::map<std::string, value>       claims{};  // over the usual ones
    std::string                        algorithm{"RS256"};
    bool                               old_key = false;  // signs with the one before
    std::function<void(const secret&)> issued{};

    void rotate() {
        old_ = std::move(key_);
        key_ = *net::private_key::generate(2048);
    }
    /// What somebody does at the issuer's page: the parameters that they come back with.
    std::string approve(const std::string& address_there) {
        asked_ = *address_of(address_there.substr(address_there.find("/auth")));
        code_  = "code-" + std::to_string(++codes_);
        return "state=" + asked_.text("state") + "&code=" + code_ + "&iss=" + escaped(issuer);
    }
    const address& asked() const { return asked_; }

    task<result<net::http_response>> send(net::http_place, net::http_request request) override {
        if (away) co_return failure{errc::unavailable, "no connection"};
        co_return answer(request);
    }
    task<result<net::http_response>> stream(
        net::http_place, net::http_request, listener, steady_time::duration
    ) override {
        co_return failure{errc::broken, "not here"};
    }

private:
    static net::http_response json(const value& what, unsigned status = 200) {
        return json_answer(json_text(what), status);
    }
    net::http_response answer(const net::http_request& request) {
        if (request.target == "/.well-known/openid-configuration")
            return json(
                {{"issuer", said_issuer},
                 {"authorization_endpoint", std::string(issuer) + "/auth"},
                 {"token_endpoint", std::string(issuer) + "/token"},
                 {"jwks_uri", std::string(issuer) + "/keys"}}
            );
        if (request.target == "/keys") {
            ++keys_asked;
            net::http_response keys;
            keys.body = net::jwks({key_->its_public()});
            return keys;
        }
        const auto form = *address_of("/?" + request.body);
        // As any issuer: a code is good once, with its verifier and its address.
        const bool good =
            form.text("code") == code_ && !code_.empty() &&
            form.text("redirect_uri") == asked_.text("redirect_uri") &&
            form.text("client_id") == asked_.text("client_id") &&
            net::pkce_challenge(form.text("code_verifier")) == asked_.text("code_challenge");
        code_.clear();
        if (!good) return json({{"error", "invalid_grant"}}, 400);
        const auto token = token_text();
        if (issued) issued(secret(token));
        return json({{"access_token", "x"}, {"token_type", "Bearer"}, {"id_token", token}});
    }
    std::string token_text() {
        const auto now =
            std::chrono::floor<std::chrono::seconds>(time_.utc()).time_since_epoch().count();
        value body{
            {"iss", issuer},
            {"aud", asked_.text("client_id")},
            {"sub", "anna"},
            {"nonce", asked_.text("nonce")},
            {"iat", static_cast<std::int64_t>(now)},
            {"exp", static_cast<std::int64_t>(now + 3600)}
        };
        for (const auto& [name, is] : claims) body[name] = is;
        const auto& key = old_key ? *old_ : *key_;
        const value head{{"alg", algorithm}, {"kid", key.its_public().thumbprint()}};
        auto text = net::to_base64url(json_text(head)) + '.' + net::to_base64url(json_text(body));
        return text + '.' + (algorithm == "none" ? "" : net::to_base64url(key.sign(text)));
    }

    time_source&                    time_;
    std::optional<net::private_key> key_{}, old_{};
    address                         asked_{};
    std::string                     code_{};
    int                             codes_ = 0;
};

class OidcTest : public test::garden_fixture {
protected:
    test_issuer                 there{time};
    std::optional<oidc_sign_in> oidc;
    std::string                 kept_{};

    void SetUp() override {
        garden_fixture::SetUp();
        oidc_sign_in::options how_;
        how_.issuer   = issuer;
        how_.client   = "falconer";
        how_.redirect = redirect;
        oidc.emplace(time, there, net::sealed_box::with_random_key(), how_);
        console->sign_in_at(*oidc);
        there.issued = [this](const secret& token) {
            api.know(token, {"member", {"system:authenticated"}});
        };
    }
    static std::string location(const net::http_response& of) {
        return std::string(of.headers.find("Location").value_or("none"));
    }
    /// The value of a cookie that an answer sets; "none": it does not.
    static std::string cookie_in(const net::http_response& of, const std::string& name) {
        std::string found = "none";
        of.headers.each([&](std::string_view field, std::string_view is) {
            if (field != "Set-Cookie" || !is.starts_with(name + "=")) return;
            is.remove_prefix(name.size() + 1);
            found = is.substr(0, is.find(';'));
        });
        return found;
    }
    /// Where the browser is sent.
    std::string begin(const std::string& to = "/clusters") {
        const auto answer = get("/api/v1/sign-in/oidc?to=" + escaped(to));
        EXPECT_EQ(answer.status, 303u) << answer.body;
        kept_ = cookie_in(answer, "falconer-sign-in");
        return location(answer);
    }
    net::http_response back(const std::string& parameters, const std::string& kept) {
        auto it    = request("/api/v1/sign-in/oidc/callback?" + parameters);
        it.headers = {};
        it.headers.add("Cookie", "falconer-sign-in=" + kept);
        auto answer = ask(std::move(it));
        EXPECT_EQ(answer.status, 303u) << answer.body;
        return answer;
    }
    net::http_response sign_in_there() { return back(there.approve(begin()), kept_); }
    void refused(const net::http_response& answer, const std::string& how_so = "sign-in") {
        EXPECT_EQ(location(answer), "/sign-in?refused=" + how_so);
        EXPECT_EQ(cookie_in(answer, "falconer-session"), "none");
    }
};

TEST_F(OidcTest, WhoeverTheIssuerAndTheGardenKnowIsLetIn) {
    const auto ways = json("/api/v1/sign-in");
    EXPECT_THAT(json_text(ways), HasSubstr(R"("kind":"oidc")"));
    const auto address_there = begin();
    EXPECT_THAT(address_there, StartsWith("https://login.example.com/auth?response_type=code&"));
    const auto answer = back(there.approve(address_there), kept_);
    EXPECT_EQ(there.asked().text("code_challenge_method"), "S256");
    EXPECT_EQ(there.asked().text("scope"), "openid email groups");
    EXPECT_EQ(location(answer), "/clusters");
    EXPECT_EQ(cookie_in(answer, "falconer-sign-in"), "");
    cookie_ = cookie_in(answer, "falconer-session");
    EXPECT_EQ(json("/api/v1/me").text_at({"user"}), "member");
    EXPECT_EQ(json("/api/v1/me").text_at({"kind"}), "oidc");
    time.advance(3600s);
    EXPECT_EQ(get("/api/v1/me").status, 401u) << "it ends with its token";
}

TEST_F(OidcTest, OnlyTheBrowserThatBeganAFlowEndsItAndOnce) {
    const auto parameters = there.approve(begin());
    const auto mine       = kept_;
    refused(back(parameters, ""));
    refused(back(parameters, "nonsense"));
    begin();
    refused(back(parameters, kept_));  // the cookie of another flow
    auto other = parameters;
    other.replace(other.find("state=") + 6, 4, "0000");
    refused(back(other, mine));
    EXPECT_EQ(location(back(parameters, mine)), "/clusters");
    refused(back(parameters, mine));  // a second time
}

TEST_F(OidcTest, AFlowThatTookTooLongIsOver) {
    const auto parameters = there.approve(begin());
    time.advance(600s);
    refused(back(parameters, kept_));
}

TEST_F(OidcTest, ACodeOfAnotherFlowIsRefusedByTheIssuer) {
    const auto first = there.approve(begin());
    const auto code  = first.substr(first.find("&code="));
    begin();
    const auto second = there.approve(begin());
    refused(back(second.substr(0, second.find("&code=")) + code, kept_));
}

TEST_F(OidcTest, WhatTheIssuerRefusesOrAnotherOneAnswersIsRefused) {
    const auto parameters = there.approve(begin());
    const auto state      = parameters.substr(0, parameters.find('&'));
    refused(back(state + "&error=access_denied", kept_));
    begin();
    const auto again = there.approve(begin());
    refused(back(again.substr(0, again.find("&iss=")) + "&iss=https%3A%2F%2Fevil.example", kept_));
    const auto third = there.approve(begin());
    refused(back(third.substr(0, third.find('&')), kept_));  // no code
}

TEST_F(OidcTest, ATokenThatIsNotGoodLetsNobodyIn) {
    const auto now =
        std::chrono::floor<std::chrono::seconds>(time.utc()).time_since_epoch().count();
    const auto at = [&](std::int64_t apart) {
        return value(static_cast<std::int64_t>(now + apart));
    };
    const std::map<std::string, std::map<std::string, value>> wrong{
        {"another's", {{"aud", "dashboard"}}},
        {"for several, issued to another",
         {{"aud", value::list_type{"falconer", "b"}}, {"azp", "b"}}},
        {"for several, issued to nobody", {{"aud", value::list_type{"falconer", "b"}}}},
        {"of another issuer", {{"iss", "https://evil.example"}}},
        {"of another flow", {{"nonce", "1"}}},
        {"without a flow", {{"nonce", value()}}},
        {"expired", {{"exp", at(-61)}}},
        {"of the future", {{"iat", at(120)}}},
        {"without an end", {{"exp", value()}}},
        {"of nobody", {{"sub", ""}}},
    };
    for (const auto& [name, claims] : wrong) {
        SCOPED_TRACE(name);
        there.claims = claims;
        refused(sign_in_there());
    }
    there.claims.clear();
    for (const auto* algorithm : {"none", "HS256", "ES256"}) {
        SCOPED_TRACE(algorithm);
        there.algorithm = algorithm;
        refused(sign_in_there());
    }
    there.algorithm = "RS256";
    EXPECT_EQ(location(sign_in_there()), "/clusters");
}

TEST_F(OidcTest, ANewKeyIsLookedForAndNotAgainAndAgain) {
    EXPECT_EQ(location(sign_in_there()), "/clusters");
    EXPECT_EQ(there.keys_asked, 1u);
    there.rotate();
    time.advance(10s);
    EXPECT_EQ(location(sign_in_there()), "/clusters");
    EXPECT_EQ(there.keys_asked, 2u);
    there.old_key = true;
    refused(sign_in_there());
    refused(sign_in_there());
    EXPECT_EQ(there.keys_asked, 2u);
}

TEST_F(OidcTest, OneWhomTheGardenDoesNotKnowIsNotLetIn) {
    there.issued = {};
    refused(sign_in_there());
}

TEST_F(OidcTest, WhoDoesNotAnswerIsSaidToBeAway) {
    there.away = true;
    refused(get("/api/v1/sign-in/oidc"), "away");
    there.away        = false;
    there.said_issuer = "https://other.example";
    refused(get("/api/v1/sign-in/oidc"), "away");
    there.said_issuer     = issuer;
    const auto parameters = there.approve(begin());
    is_away               = true;
    refused(back(parameters, kept_), "away");
}

TEST_F(OidcTest, TheWayBackLeadsIntoThePageAndNowhereElse) {
    for (const auto* to :
         {"//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example",
          "/\n/evil.example", "/\x0b/evil.example", "/ /evil.example", "", "x"}) {
        const auto parameters = there.approve(begin(to));
        EXPECT_EQ(location(back(parameters, kept_)), "/") << to;
    }
}

TEST_F(OidcTest, ReplicasWithOneKeyKnowEachOthersSessions) {
    opt.box.emplace(secret("a key that all replicas have, and nobody guesses"));
    make();
    sign_in_by(R"({"token": "member"})");
    const auto mine = cookie_;
    EXPECT_EQ(json("/api/v1/me").text_at({"user"}), "member");
    make();  // another replica
    EXPECT_EQ(json("/api/v1/me").text_at({"user"}), "member");
    EXPECT_EQ(json("/api/v1/me").text_at({"kind"}), "token");
    EXPECT_EQ(ask(request("/api/v1/session", "DELETE")).status, 204u);
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    cookie_ = mine.substr(0, mine.size() - 2) + (mine.ends_with("AA") ? "BB" : "AA");
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    make();
    cookie_ = mine;
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    opt.box.emplace(secret("another key, which makes an end of all sessions"));
    make();
    EXPECT_EQ(get("/api/v1/me").status, 401u);
}

TEST_F(OidcTest, ASessionEndsWhenItWouldHaveEndedWhereItBegan) {
    opt.box.emplace(secret("a key that all replicas have, and nobody guesses"));
    opt.sign_in.life = 2h;
    make();
    sign_in_by(R"({"token": "member"})");
    time.advance(90min);
    make();  // another replica
    EXPECT_EQ(get("/api/v1/me").status, 200u);
    time.advance(30min);
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    make();
    EXPECT_EQ(get("/api/v1/me").status, 401u);
}

TEST_F(OidcTest, WhoSignsOutAtAReplicaThatDoesNotKnowThemYetIsOutThere) {
    opt.box.emplace(secret("a key that all replicas have, and nobody guesses"));
    make();
    sign_in_by(R"({"token": "member"})");
    make();  // another replica
    EXPECT_EQ(ask(request("/api/v1/session", "DELETE")).status, 204u);
    EXPECT_EQ(get("/api/v1/me").status, 401u);
    EXPECT_EQ(get("/api/v1/me").status, 401u);
}

TEST_F(OidcTest, TwoRequestsAtOnceOfACookieFromElsewhereHaveOneSession) {
    opt.box.emplace(secret("a key that all replicas have, and nobody guesses"));
    make();
    sign_in_by(R"({"token": "member"})");
    make();  // another replica, which has to ask the garden about either
    time.advance(how.keep);
    std::vector<decltype(start(console->handle(request(""))))> tails;
    for (int i = 0; i < 2; ++i) {
        auto one = request("/api/v1/tail");
        one.headers.add("Host", "localhost");
        tails.push_back(start(console->handle(std::move(one))));
    }
    time.settle();
    ASSERT_EQ(ask(request("/api/v1/session", "DELETE")).status, 204u);
    for (const auto& each : tails) {
        ASSERT_TRUE(*each && (*each)->stream);
        auto next = start((*each)->stream->next());
        time.settle();
        ASSERT_TRUE(*next);
        EXPECT_THAT(**next, HasSubstr(R"({"reason":"session"})"));
    }
}

}  // namespace
}  // namespace falconer::console
