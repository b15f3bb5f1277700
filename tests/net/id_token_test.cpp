// ID tokens, what stands for a verifier, and texts that others keep for us.
#include "falconer/net/id_token.hpp"

#include "falconer/net/sealed_box.hpp"
#include "net/base64url.hpp"

#include <gtest/gtest.h>

#include <string>

namespace falconer::net {
namespace {

const utc_time now{std::chrono::seconds{1'800'000'000}};

struct signer {
    private_key key = *private_key::generate(2048);

    std::string token(const std::string& claims, const std::string& head = R"({"alg":"RS256"})")
        const {
        const auto text = to_base64url(head) + '.' + to_base64url(claims);
        return text + '.' + to_base64url(key.sign(text));
    }
};

const std::string good =
    R"({"iss":"https://i","aud":"c","sub":"s","nonce":"n","iat":1800000000,"exp":1800000600})";
const id_token_rules rules{.issuer = "https://i", .client = "c", .nonce = "n"};

TEST(IdTokenTest, OneOfOursIsGoodUntilItEnds) {
    const signer     from;
    const public_key keys[]  = {from.key.its_public()};
    const auto       verdict = verify_id_token(from.token(good), keys, rules, now);
    EXPECT_EQ(verdict.why, "");
    EXPECT_EQ(verdict.subject, "s");
    EXPECT_EQ(verdict.expires, now + std::chrono::seconds(600));
    EXPECT_EQ(
        verify_id_token(from.token(good), keys, rules, now + std::chrono::seconds(659)).why, ""
    );
    EXPECT_EQ(
        verify_id_token(from.token(good), keys, rules, now + std::chrono::seconds(660)).why,
        "expired"
    );
    EXPECT_EQ(verify_id_token(from.token(good), {}, rules, now).why, "key");
    const signer other;
    EXPECT_EQ(verify_id_token(other.token(good), keys, rules, now).why, "signature");
    EXPECT_EQ(
        verify_id_token(other.token(good, R"({"alg":"RS256","kid":"new"})"), keys, rules, now).why,
        "key"
    );
    EXPECT_EQ(
        verify_id_token(from.token(good, R"({"alg":"RS256","crit":["x"]})"), keys, rules, now).why,
        "malformed"
    );
    for (const auto* text : {"", "a", "a.b", "a.b.c", "a.b.c.d", "..", "e30.e30."})
        EXPECT_NE(verify_id_token(text, keys, rules, now).why, "") << text;
    id_token_rules without = rules;
    without.nonce.clear();
    EXPECT_EQ(verify_id_token(from.token(good), keys, without, now).why, "nonce");
}

TEST(IdTokenTest, ATokenSaysOfItselfWhenItEnds) {
    const signer from;
    EXPECT_EQ(end_of_token(from.token(good)), now + std::chrono::seconds(600));
    EXPECT_FALSE(end_of_token(from.token(R"({"exp":"soon"})")));
    EXPECT_FALSE(end_of_token("opaque"));
}

/// Source: RFC 7636, appendix B.
TEST(IdTokenTest, AChallengeIsTheVerifiersDigest) {
    EXPECT_EQ(
        pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

TEST(SealedBoxTest, NobodyElseReadsOrChangesWhatIsSealed) {
    const sealed_box box(secret("key")), same(secret("key")), other(secret("other"));
    for (const std::string& text : {std::string(), std::string("text"), std::string(5000, 'x')}) {
        const auto sealed = box.seal(text, "purpose");
        EXPECT_NE(sealed, box.seal(text, "purpose")) << "each time another one";
        EXPECT_EQ(same.open(sealed, "purpose"), text);
        EXPECT_FALSE(box.open(sealed, "another purpose"));
        EXPECT_FALSE(other.open(sealed, "purpose"));
        for (std::size_t at = 0; at < sealed.size(); at += 7) {
            auto changed = sealed;
            changed[at]  = changed[at] == 'A' ? 'B' : 'A';
            EXPECT_FALSE(box.open(changed, "purpose")) << at;
        }
        EXPECT_FALSE(box.open(sealed.substr(0, sealed.size() - 4), "purpose"));
    }
    EXPECT_FALSE(box.open("", "purpose"));
    EXPECT_FALSE(sealed_box::with_random_key().open(box.seal("x", ""), ""));
}

}  // namespace
}  // namespace falconer::net
