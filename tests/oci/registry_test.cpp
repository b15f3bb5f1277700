#include "oci/registry.hpp"

#include "artifact_fixture.hpp"

#include <gmock/gmock.h>

namespace falconer::oci {
namespace {

using net::http_place;
using net::http_request;
using net::http_response;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A client whose server is a function.
class fake_http final : public net::http_client {
public:
    struct seen {
        std::string url{}, authorization{};
        friend bool operator==(const seen&, const seen&) = default;
    };
    std::function<result<http_response>(const std::string& url, const http_request&)> answer{};
    std::vector<seen>                                                                 asked{};

    task<result<http_response>> send(http_place to, http_request request) override {
        const auto where = url{to, request.target}.text();
        asked.push_back({where, std::string(request.headers.find("Authorization").value_or(""))});
        co_return answer(where, request);
    }
    task<result<http_response>> stream(http_place, http_request, listener, steady_time::duration)
        override {
        co_return failure{errc::broken, "nobody streams here"};
    }
};

http_response with(unsigned status, const std::string& name, const std::string& text) {
    http_response is{.status = status};
    is.headers.add(name, text);
    return is;
}

constexpr auto repository = "https://r.example/v2/falcosecurity/rules/falco-rules/";

class RegistryTest : public ::testing::Test {
protected:
    const test::artifact made = test::artifact_of("falco-rules", "- list: a\n  items: []\n");
    fake_http            http{};
    registry::options    opt{.base = *parse_url("https://r.example/falcosecurity/rules/")};

    void SetUp() override {
        http.answer = [this](const std::string& where, const http_request&) {
            return serve(where);
        };
    }
    result<http_response> serve(const std::string& where) const {
        if (where.ends_with("/manifests/5.0.0") ||
            where.ends_with("/manifests/" + made.is().text())) {
            auto answer = with(200, "Content-Type", manifest_type);
            answer.body = made.manifest;
            return answer;
        }
        if (where.ends_with("/blobs/" + digest::of(made.layer).text()))
            return http_response{.body = made.layer};
        return http_response{.status = 404, .body = R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})"};
    }
    result<resolved_artifact> find(
        std::optional<digest> pin = {}, const std::string& tag = "5.0.0"
    ) {
        registry from(http, opt);
        return test::run(resolve(from, "falco-rules", tag, std::move(pin)));
    }
    result<std::string> layer() {
        registry         from(http, opt);
        const descriptor which{.is = digest::of(made.layer), .size = made.layer.size()};
        return test::run(from.blob("falco-rules", which));
    }
};

TEST_F(RegistryTest, FindsAnArtifactByItsTag) {
    const auto got = find();
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->root, made.is());
    EXPECT_EQ(*layer(), made.layer);
    EXPECT_EQ(http.asked[0].url, std::string(repository) + "manifests/5.0.0");
}

TEST_F(RegistryTest, WhatIsNotThereIsNotFoundAndSaysWhy) {
    const auto got = find({}, "9.9.9");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, errc::not_found);
    EXPECT_EQ(
        got.error().detail,
        "r.example/falcosecurity/rules/falco-rules:9.9.9 is answered 404 (MANIFEST_UNKNOWN)"
    );
}

TEST_F(RegistryTest, APinThatTheTagDoesNotStandForIsRefused) {
    EXPECT_TRUE(find(made.is()));
    const auto got = find(digest::of("another"));
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, HasSubstr("as pinned"));
}

TEST_F(RegistryTest, AnIndexLeadsToItsManifestWhichIsVerified) {
    auto list = value::list();
    list.push_back(test::descriptor_of(manifest_type, made.manifest));
    const auto index = json_text(
        value{{"schemaVersion", 2}, {"mediaType", index_type}, {"manifests", std::move(list)}}
    );
    bool honest = true;
    http.answer = [&](const std::string& where, const http_request&) -> result<http_response> {
        if (where.ends_with("/manifests/5.0.0")) return http_response{.body = index};
        auto answer = *serve(where);
        if (!honest) answer.body += ' ';
        return answer;
    };
    const auto got = find();
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->root, digest::of(index));
    EXPECT_TRUE(find(digest::of(index)));
    honest = false;
    EXPECT_THAT(find().error().detail, HasSubstr("the manifest of r.example"));
}

TEST_F(RegistryTest, AFailingServerIsWorthAnotherTry) {
    for (const unsigned status : {429u, 500u, 503u}) {
        http.answer = [&](const std::string&, const http_request&) {
            return result<http_response>(http_response{.status = status, .body = "<html>"});
        };
        EXPECT_EQ(find().error().code, errc::unavailable);
    }
}

// --- who we are ---------------------------------------------------------------------------------

class RegistryWithTokensTest : public RegistryTest {
protected:
    std::string challenge = R"(Bearer realm="https://auth.example/token?a=b",service="r.example")";
    std::string token     = R"({"token":"t0ken"})";
    unsigned    token_status = 200;

    void SetUp() override {
        http.answer = [this](const std::string& where, const http_request& request) {
            if (where.starts_with("https://auth.example/"))
                return result<http_response>(http_response{.status = token_status, .body = token});
            if (request.headers.find("Authorization") != "Bearer t0ken")
                return result<http_response>(with(401, "WWW-Authenticate", challenge));
            return serve(where);
        };
    }
    void know(const std::string& host) {
        opt.logins = *credentials::parse(R"({"auths":{")" + host + R"(":{"auth":"dTpw"}}})");
    }
};

TEST_F(RegistryWithTokensTest, ATokenIsFetchedAsNobodyAndForPullingOnly) {
    ASSERT_TRUE(find());
    EXPECT_THAT(
        http.asked,
        ElementsAre(
            fake_http::seen{std::string(repository) + "manifests/5.0.0", ""},
            fake_http::seen{
                "https://auth.example/token?a=b&scope=repository%3Afalcosecurity%2Frules%2F"
                "falco-rules%3Apull&service=r.example",
                ""
            },
            fake_http::seen{std::string(repository) + "manifests/5.0.0", "Bearer t0ken"}
        )
    );
}

TEST_F(RegistryWithTokensTest, CredentialsGoToTheTokensServerAndTheTokenToTheRegistry) {
    know("r.example");
    token = R"({"access_token":"t0ken"})";
    ASSERT_TRUE(find());
    EXPECT_EQ(http.asked[1].authorization, "Basic dTpw");
    EXPECT_EQ(http.asked[2].authorization, "Bearer t0ken");
}

TEST_F(RegistryWithTokensTest, CredentialsOfAnotherHostAreNotShown) {
    know("other.example");
    ASSERT_TRUE(find());
    EXPECT_EQ(http.asked[1].authorization, "");
}

TEST_F(RegistryWithTokensTest, ATokenServesUntilItIsRefused) {
    registry from(http, opt);
    ASSERT_TRUE(test::run(from.manifest("falco-rules", "5.0.0")));
    http.asked.clear();
    ASSERT_TRUE(test::run(from.manifest("falco-rules", "5.0.0")));
    EXPECT_EQ(http.asked.size(), 1u);
}

TEST_F(RegistryWithTokensTest, NoTokenNoArtifact) {
    token_status = 403;
    EXPECT_EQ(find().error().code, errc::denied);
    token_status = 200;
    for (const char* bad : {"", "{}", R"({"token":""})", R"({"token":"a\r\nX-Evil: b"})"}) {
        token = bad;
        EXPECT_FALSE(find()) << bad;
    }
    token = R"({"token":"another"})";
    EXPECT_EQ(find().error().code, errc::denied);
}

TEST_F(RegistryWithTokensTest, PasswordsAreNotSentInTheClear) {
    know("r.example");
    challenge      = R"(Bearer realm="http://auth.example/token")";
    const auto got = find();
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().detail, HasSubstr("plain HTTP to auth.example is not allowed"));
    EXPECT_EQ(http.asked.size(), 1u);
}

TEST_F(RegistryWithTokensTest, ARegistryMayWantThePasswordItself) {
    know("r.example");
    http.answer = [this](const std::string& where, const http_request& request) {
        if (request.headers.find("Authorization") != "Basic dTpw")
            return result<http_response>(with(401, "WWW-Authenticate", "Basic realm=\"r\""));
        return serve(where);
    };
    EXPECT_TRUE(find());
    opt.logins = {};
    EXPECT_EQ(find().error().code, errc::denied);
}

// --- redirections -------------------------------------------------------------------------------

TEST_F(RegistryWithTokensTest, WhoeverServesTheBlobsDoesNotSeeTheToken) {
    const auto allowed = http.answer;
    http.answer        = [=, this](const std::string& where, const http_request& request) {
        if (where.starts_with("https://cdn.example/"))
            return result(http_response{.body = made.layer});
        if (where.find("/blobs/") == where.npos || !request.headers.find("Authorization"))
            return allowed(where, request);
        return result(with(307, "Location", "https://cdn.example/x?signed=yes"));
    };
    const auto got = layer();
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(http.asked.back(), (fake_http::seen{"https://cdn.example/x?signed=yes", ""}));
}

TEST_F(RegistryWithTokensTest, WhoeverServesTheBlobsMayNotAskForThePassword) {
    know("r.example");
    const auto allowed = http.answer;
    http.answer        = [=](const std::string& where, const http_request& request) {
        if (where.starts_with("https://cdn.example/"))
            return result(
                with(401, "WWW-Authenticate", "Bearer realm=\"https://evil.example/token\"")
            );
        if (where.find("/blobs/") == where.npos || !request.headers.find("Authorization"))
            return allowed(where, request);
        return result(with(307, "Location", "https://cdn.example/x"));
    };
    const auto got = layer();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, errc::denied);
    EXPECT_THAT(got.error().detail, HasSubstr("gets none"));
    EXPECT_EQ(http.asked.back(), (fake_http::seen{"https://cdn.example/x", ""}));
}

TEST_F(RegistryWithTokensTest, AndNobodyToWhomItLeadsBackDoesEither) {
    const auto allowed = http.answer;
    http.answer        = [=](const std::string& where, const http_request& request) {
        if (where.starts_with("https://cdn.example/"))
            return result(with(302, "Location", "https://r.example/v2/trap"));
        if (where.ends_with("/trap")) return result(http_response{.status = 404});
        if (where.find("/blobs/") == where.npos || !request.headers.find("Authorization"))
            return allowed(where, request);
        return result(with(307, "Location", "https://cdn.example/x"));
    };
    EXPECT_FALSE(layer());
    EXPECT_EQ(http.asked.back(), (fake_http::seen{"https://r.example/v2/trap", ""}));
}

TEST_F(RegistryTest, RedirectionsEnd) {
    http.answer = [](const std::string& where, const http_request&) {
        return result(with(307, "Location", where));
    };
    EXPECT_THAT(layer().error().detail, HasSubstr("again and again"));
    EXPECT_EQ(http.asked.size(), 6u);
}

TEST_F(RegistryTest, ARedirectionToPlainHttpIsNotFollowedUnlessAllowed) {
    for (const char* where : {"http://cdn.example/x", "ftp://cdn.example/x", "x", ""}) {
        http.answer = [&](const std::string&, const http_request&) {
            return result(with(307, "Location", where));
        };
        http.asked.clear();
        EXPECT_FALSE(layer()) << where;
        EXPECT_EQ(http.asked.size(), 1u);
    }
    http.answer = [&](const std::string& where, const http_request&) {
        if (where.starts_with("http://")) return result(http_response{.body = made.layer});
        return result(with(307, "Location", "http://cdn.example/x"));
    };
    opt.plain = plain_http::allowed;
    EXPECT_TRUE(layer());
}

/// Who asks for us what listens there alone would be asked as we are.
TEST_F(RegistryTest, NobodyElsewhereSendsUsToThisMachine) {
    opt.logins = *credentials::parse(R"({"auths":{"r.example":{"auth":"dTpw"}}})");
    for (const char* where :
         {"http://127.0.0.1:8080/x", "http://localhost/x", "https://[::1]/x", "https://127.9.9.9/"})
        for (const auto plain : {plain_http::loopback, plain_http::allowed}) {
            opt.plain   = plain;
            http.answer = [&](const std::string&, const http_request&) {
                return result(with(307, "Location", where));
            };
            http.asked.clear();
            EXPECT_EQ(layer().error().code, errc::denied) << where;
            EXPECT_EQ(http.asked.size(), 1u) << where;

            http.answer = [&](const std::string&, const http_request&) {
                const auto realm = std::string("Bearer realm=\"") + where + '"';
                return result(with(401, "WWW-Authenticate", realm));
            };
            http.asked.clear();
            EXPECT_EQ(layer().error().code, errc::denied) << where;
            EXPECT_EQ(http.asked.size(), 1u) << where;
        }
    opt.base    = *parse_url("http://127.0.0.1:5000/rules");
    http.answer = [&](const std::string& at, const http_request&) {
        if (at.ends_with("/x")) return result(http_response{.body = made.layer});
        return result(with(307, "Location", "http://localhost:5001/x"));
    };
    EXPECT_TRUE(layer());
}

}  // namespace
}  // namespace falconer::oci
