#include "falconer/net/jwt.hpp"

#include "net/base64url.hpp"
#include "net/json_leaves.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace falconer::net {
namespace {

using namespace std::chrono_literals;

const utc_time  now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 12h};
const jwt_rules rules;

const private_key& key() {
    static const auto made = *private_key::generate(2048);
    return made;
}
const private_key& other_key() {
    static const auto made = *private_key::generate(2048);
    return made;
}

std::string at(std::chrono::seconds from_now) {
    return std::to_string(
        std::chrono::floor<std::chrono::seconds>(now + from_now).time_since_epoch().count()
    );
}

/// A token of any contents, well signed.
std::string token(
    std::string_view claims, std::string_view header = R"({"alg":"RS256","typ":"JWT"})",
    const private_key& by = key()
) {
    auto text = to_base64url(header) + '.' + to_base64url(claims);
    return text + '.' + to_base64url(by.sign(text));
}
std::string central(const std::string& more = "", const std::string& expires = at(1h)) {
    return R"({"gardener-falco":{"cluster-identity":"shoot--a"},"iss":"urn:gardener:gardener-falco-extension","aud":"falco-db","exp":)" +
           expires + more + '}';
}
jwt_verdict check(
    std::string_view text, std::vector<public_key> keys = {key().its_public()}, utc_time when = now
) {
    return verify_jwt(text, keys, rules, when);
}

TEST(JwtTest, AcceptsTodaysTokensOfBothProfiles) {
    const auto a = check(token(central()));
    EXPECT_EQ(a.why, "");
    EXPECT_EQ(a.cluster, "shoot--a");
    EXPECT_EQ(a.profile, token_profile::central);
    EXPECT_FALSE(a.issued);
    EXPECT_EQ(a.expires, now + 1h + 60s);

    const auto b = check(token(
        R"({"iss":"urn:gardener:gardener-falco-extension","sub":"shoot--b","iat":)" + at(-1h) +
        R"(,"exp":)" + at(1h) + "}"
    ));
    EXPECT_EQ(b.why, "");
    EXPECT_EQ(b.cluster, "shoot--b");
    EXPECT_EQ(b.profile, token_profile::cluster_identity);
    EXPECT_EQ(b.issued, now - 1h);
}

TEST(JwtTest, AcceptsWhatItIssues) {
    for (const auto profile : {token_profile::central, token_profile::cluster_identity}) {
        const auto text = issue_jwt(
            {.cluster = "shoot--ä \"q\"", .profile = profile, .lifetime = 1h, .now = now, .id = "1"
            },
            key(), rules
        );
        const auto got = check(text);
        EXPECT_EQ(got.why, "");
        EXPECT_EQ(got.cluster, "shoot--ä \"q\"");
        EXPECT_EQ(got.profile, profile);
        EXPECT_EQ(got.issued, now);
        EXPECT_EQ(got.thumbprint, key().its_public().thumbprint());
    }
}

TEST(JwtTest, RefusesOtherAlgorithms) {
    const auto none = to_base64url(R"({"alg":"none"})") + '.' + to_base64url(central()) + '.';
    EXPECT_EQ(check(none).why, "algorithm");
    for (const char* alg : {"None", "HS256", "HS512", "RS384", "PS256", "ES256", "rs256", ""})
        EXPECT_EQ(
            check(token(central(), std::string(R"({"alg":")") + alg + "\"}")).why, "algorithm"
        ) << alg;
    EXPECT_EQ(check(token(central(), R"({"typ":"JWT"})")).why, "algorithm");
    EXPECT_EQ(check(token(central(), R"({"alg":["RS256"]})")).why, "algorithm");
    EXPECT_EQ(check(token(central(), R"({"alg":"HS256","alg":"RS256"})")).why, "malformed");
}

/// The classic: the public key, which everybody has, used as a secret.
TEST(JwtTest, APublicKeyIsNoSecret) {
    const auto secret = key().its_public().pem();
    const auto text   = to_base64url(R"({"alg":"HS256"})") + '.' + to_base64url(central());
    std::array<unsigned char, 32> mac{};
    unsigned                      size = 0;
    HMAC(
        EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
        reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size
    );
    EXPECT_EQ(
        check(text + '.' + to_base64url({reinterpret_cast<char*>(mac.data()), size})).why,
        "algorithm"
    );
    const auto claimed = to_base64url(R"({"alg":"RS256"})") + '.' + to_base64url(central());
    EXPECT_EQ(
        check(claimed + '.' + to_base64url({reinterpret_cast<char*>(mac.data()), size})).why,
        "signature"
    );
}

TEST(JwtTest, AKidOnlyChoosesAmongOurKeys) {
    const std::vector<public_key> both{key().its_public(), other_key().its_public()};
    const auto                    named = [](const std::string& kid) {
        return R"({"alg":"RS256","kid":)" + kid + "}";
    };
    EXPECT_EQ(check(token(central(), named('"' + key().its_public().kid() + '"')), both).why, "");
    EXPECT_EQ(
        check(token(central(), named('"' + other_key().its_public().kid() + '"')), both).why,
        "signature"
    ) << "signed by another than it says";
    for (const char* kid :
         {R"("../../etc/passwd")", R"("' OR 1=1 --")", R"("")", "17", "null", R"(["a"])",
          R"("http://x/")"})
        EXPECT_EQ(check(token(central(), named(kid)), both).why, "")
            << kid << " names none of ours: as if it were not there";
    EXPECT_EQ(
        check(token(central(), named("\"x\""), other_key()), {key().its_public()}).why, "signature"
    );
}

TEST(JwtTest, AKeyInTheHeaderIsNotTrusted) {
    const auto& mine = other_key().its_public();
    const auto  jwk =
        R"({"kty":"RSA","n":")" + mine.modulus() + R"(","e":")" + mine.exponent() + "\"}";
    EXPECT_EQ(
        check(token(central(), R"({"alg":"RS256","jwk":)" + jwk + "}", other_key())).why,
        "signature"
    );
    EXPECT_EQ(
        check(token(central(), R"({"alg":"RS256","jku":"https://evil/"})", other_key())).why,
        "signature"
    );
    EXPECT_EQ(
        check(token(central(), R"({"alg":"RS256","crit":["b64"],"b64":false})")).why, "malformed"
    );
    EXPECT_EQ(check(token(central(), R"({"alg":"RS256","crit":[]})")).why, "malformed");
    EXPECT_EQ(check(token(central(), R"({"alg":"RS256","crit":"b64"})")).why, "malformed");
}

TEST(JwtTest, RefusesWhatIsNoToken) {
    const auto               good = token(central());
    const auto               dot  = good.rfind('.');
    std::vector<std::string> wrong{
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        good + ".",
        "." + good,
        good + "=",
        good + " ",
        " " + good,
        good.substr(0, dot + 1),
        good.substr(0, dot) + "\n" + good.substr(dot),
        std::string(9000, 'a'),
        std::string(1 << 20, '.'),
        std::string("a\0.b.c", 6),
        to_base64url("[]") + good.substr(good.find('.')),
        to_base64url("{}{}") + good.substr(good.find('.')),
        to_base64url(std::string(3000, '[')) + good.substr(good.find('.')),
    };
    for (const auto& text : wrong) {
        const auto why = check(text).why;
        EXPECT_TRUE(why == "malformed" || why == "signature" || why == "algorithm")
            << text.substr(0, 60) << ": " << why;
    }
    for (std::size_t i = 0; i < good.size(); ++i) {  // any other letter anywhere
        auto bent = good;
        bent[i]   = bent[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(check(bent)) << i;
    }
    EXPECT_EQ(check(good.substr(0, good.size() - 1)).why, "malformed") << "bits that nobody wrote";
    EXPECT_EQ(check(good, {}).why, "key");
}

TEST(JwtTest, TakesOnlyTheProfilesItIsToldAndNoAudienceOnlyInTheOneWithout) {
    using enum token_profile;
    const auto without = token(
        R"({"iss":"urn:gardener:gardener-falco-extension","sub":"shoot--b","exp":)" + at(1h) + "}"
    );
    const auto why = [](const std::string& text, std::set<token_profile> profiles) {
        auto only     = rules;
        only.profiles = std::move(profiles);
        return verify_jwt(text, std::vector{key().its_public()}, only, now).why;
    };
    EXPECT_EQ(why(without, {cluster_identity}), "");
    EXPECT_EQ(why(without, {central}), "profile");
    EXPECT_EQ(why(without, {}), "profile");
    EXPECT_EQ(why(token(::falconer::net::central()), {central}), "");
    EXPECT_EQ(why(token(::falconer::net::central()), {cluster_identity}), "profile");
}

TEST(JwtTest, RefusesOtherAudiencesIssuersAndClusters) {
    const auto with = [](const std::string& claims) {
        return check(token("{" + claims + R"(,"exp":)" + at(1h) + "}")).why;
    };
    const std::string iss = R"("iss":"urn:gardener:gardener-falco-extension")";
    const std::string who = R"("gardener-falco":{"cluster-identity":"c"})";
    EXPECT_EQ(with(iss + R"(,"aud":["x","falco-db"],)" + who), "");
    EXPECT_EQ(with(iss + R"(,"aud":["x"],)" + who), "audience");
    EXPECT_EQ(with(iss + R"(,"aud":[],)" + who), "audience");
    EXPECT_EQ(with(iss + R"(,"aud":"falco-dbx",)" + who), "audience");
    EXPECT_EQ(with(iss + R"(,"aud":null,)" + who), "audience");
    EXPECT_EQ(with(iss + "," + who), "audience");
    EXPECT_EQ(with(iss + R"(,"aud":"kubernetes","sub":"c")"), "audience");
    EXPECT_EQ(with(R"("iss":"x","aud":"falco-db",)" + who), "issuer");
    EXPECT_EQ(with(R"("aud":"falco-db",)" + who), "issuer");
    EXPECT_EQ(
        with(R"("iss":["urn:gardener:gardener-falco-extension"],"aud":"falco-db",)" + who), "issuer"
    );
    EXPECT_EQ(with(iss + R"(,"aud":"falco-db")"), "cluster");
    EXPECT_EQ(with(iss + R"(,"aud":"falco-db","sub":"c")"), "cluster")
        << "central names it in its own claim";
    EXPECT_EQ(
        with(iss + R"(,"aud":"falco-db","gardener-falco":{"cluster-identity":""})"), "cluster"
    );
    EXPECT_EQ(
        with(iss + R"(,"aud":"falco-db","gardener-falco":{"cluster-identity":7})"), "cluster"
    );
    EXPECT_EQ(
        with(iss + R"(,"aud":"falco-db","gardener-falco":{"cluster-identity":"a\u0007"})"),
        "cluster"
    );
    EXPECT_EQ(
        with(
            iss +
            R"(,"aud":"falco-db","gardener-falco":{"cluster-identity":"a","cluster-identity":"b"})"
        ),
        "malformed"
    );
    EXPECT_EQ(with(iss + R"(,"aud":"falco-db","gardener-falco.cluster-identity":"a")"), "cluster")
        << "a dot within a key leads nowhere";
    EXPECT_EQ(with(iss + R"(,"aud":"x","aud[0]":"falco-db",)" + who), "audience");
    EXPECT_EQ(with(iss + R"(,"aud":{"falco-db":"falco-db"},)" + who), "audience");
    EXPECT_EQ(with(iss + R"(,"aud":[],"sub":"c")"), "audience") << "for nobody";
    EXPECT_EQ(with(iss + R"(,"aud":{},"sub":"c")"), "audience");
    EXPECT_EQ(with(iss + R"(,"aud":"falco-db","gardener-falco":{},"sub":"c")"), "cluster");
    EXPECT_EQ(with(iss + R"(,"gardener-falco":{},"sub":"c")"), "audience");
    EXPECT_EQ(with(iss + R"(,"gardener-falcon":{"x":1},"sub":"c")"), "");
    EXPECT_EQ(with(iss + R"(,"kubernetes.io/x":{"y.z":[1]},"sub":"c")"), "");
    for (const char* name : {R"(a\u0000)", R"(\n)", R"(a\u007f)", R"(\u0085)"})
        EXPECT_EQ(with(iss + R"(,"sub":")" + name + '"'), "cluster") << name;
    EXPECT_EQ(with(iss + R"(,"sub":"a\udc00")"), "malformed") << "no text for PostgreSQL";
    EXPECT_EQ(with(iss + R"(,"sub":"\u00e9\ud83d\ude00\ud7ff")"), "");
    EXPECT_EQ(with(iss + R"(,"sub":"c","x":"\ud800")"), "malformed");
    EXPECT_EQ(with(iss + R"(,"sub":")" + std::string(513, 'c') + '"'), "cluster");
    EXPECT_EQ(with(iss + R"(,"sub":"")"), "cluster");
}

TEST(JwtTest, TimesHaveALeewayOfAMinute) {
    const auto expires = [](std::chrono::seconds from_now) {
        return check(token(central("", at(from_now)))).why;
    };
    EXPECT_EQ(expires(-59s), "");
    EXPECT_EQ(expires(-60s), "expired");
    const auto more = [](const std::string& claim, std::chrono::seconds from_now) {
        return check(token(central(",\"" + claim + "\":" + at(from_now)))).why;
    };
    EXPECT_EQ(more("nbf", 60s), "");
    EXPECT_EQ(more("nbf", 61s), "not_yet_valid");
    EXPECT_EQ(more("iat", 60s), "");
    EXPECT_EQ(more("iat", 61s), "not_yet_valid");
    const auto late = check(token(central("", at(-1h))));
    EXPECT_EQ(late.cluster, "shoot--a") << "for counting: whose it was";
}

TEST(JwtTest, TimesAreNumbersOfThisEra) {
    for (const char* exp :
         {"\"1900000000\"", "null", "-1", "1e400", "99999999999999999999", "true", "[1]", "{}"})
        EXPECT_EQ(check(token(central("", exp))).why, "malformed") << exp;
    for (const char* twice : {R"(,"exp":1)", R"(,"iss":"x")", R"(,"nbf":0,"nbf":0)"})
        EXPECT_EQ(check(token(central(twice))).why, "malformed") << twice;
    EXPECT_EQ(check(token(central(",\"nbf\":\"x\""))).cluster, "")
        << "whose it is counts only when nothing but its time is wrong";
    EXPECT_EQ(check(token(central("", "253402300799"))).why, "") << "the end of the year 9999";
    EXPECT_EQ(check(token(central("", at(1h) + ".75"))).why, "");
    EXPECT_EQ(check(token(central(",\"nbf\":\"x\""))).why, "malformed");
    EXPECT_EQ(
        check(token(R"({"iss":"urn:gardener:gardener-falco-extension","sub":"a"})")).why,
        "malformed"
    ) << "no end";
}

TEST(JsonLeavesTest, TellsPathsApart) {
    const auto all = read_json_leaves(R"({"a":{"b":1.50,"c":[true,{"d":"x"}]},"e":null})");
    ASSERT_TRUE(all);
    EXPECT_EQ(all->at("a.b").value, "1.50");
    EXPECT_EQ(all->at("a.c").value, "[");
    const auto odd = read_json_leaves(R"({"a.b":1,"a":{"b":2},"c[0]":3,"c":[4],"d\\":5})");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->at("a\\.b").value, "1");
    EXPECT_EQ(odd->at("a.b").value, "2");
    EXPECT_EQ(odd->at("c\\[0]").value, "3");
    EXPECT_EQ(odd->at("c[0]").value, "4");
    EXPECT_EQ(odd->at("d\\\\").value, "5");
    EXPECT_EQ(all->at("a.c[0]").value, "true");
    EXPECT_EQ(text_at(*all, "a.c[1].d"), "x");
    EXPECT_EQ(text_at(*all, "e"), std::nullopt);
    for (const char* wrong :
         {"", "[]", "1", "{", "{}x", R"({"a":1,"a":2})", "{\"a\":\"\xff\"}", "{\"a\":\"\xf0",
          R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}})"})
        EXPECT_FALSE(read_json_leaves(wrong)) << wrong;
}

TEST(Base64urlTest, IsStrict) {
    for (const std::string text : {"", "f", "fo", "foo", "foob", "\xff\xfe\xfd"})
        EXPECT_EQ(from_base64url(to_base64url(text)), text);
    EXPECT_EQ(to_base64url("\xff\xfe\xfd"), "__79");
    for (const char* wrong : {"A", "AAAAA", "A=", "AA==", "A+", "A/", "AB", "AAB", "A A"})
        EXPECT_FALSE(from_base64url(wrong)) << wrong;
}

}  // namespace
}  // namespace falconer::net
