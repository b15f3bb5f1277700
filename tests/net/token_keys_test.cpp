#include "falconer/net/token_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace falconer::net {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

const private_key& key() {
    static const auto made = *private_key::generate(2048);
    return made;
}
const private_key& other() {
    static const auto made = *private_key::generate(2048);
    return made;
}
std::string why_not(std::string_view text) {
    auto got = parse_keys("keys.yaml", text);
    return got ? "" : got.error().detail;
}

TEST(TokenKeysTest, TheGoIngestorsFileHoldsTwoKeysTheNewestFirst) {
    const auto file = go_keys_file(
        {{key().its_public(), "2025-01-01T00:00:00Z"},
         {other().its_public(), "2026-01-01T00:00:00Z"}}
    );
    auto got = parse_keys("f", file);
    ASSERT_TRUE(got) << got.error().detail << file;
    ASSERT_THAT(*got, SizeIs(2));
    EXPECT_EQ((*got)[0].thumbprint(), other().its_public().thumbprint());
    EXPECT_EQ((*got)[1].thumbprint(), key().its_public().thumbprint());
}

TEST(TokenKeysTest, TheTimeOfAKeyIsATime) {
    const auto with = [](const std::string& created) {
        auto       file  = go_keys_file({{key().its_public(), "2026-01-01T00:00:00Z"}});
        const auto quote = std::string("\"2026-01-01T00:00:00Z\"");
        file.replace(file.find(quote), quote.size(), created);
        return why_not(file);
    };
    for (const auto* good : {"2026-01-01T00:00:00Z", "", "~", "0001-01-01T00:00:00Z", "2026-1-2"})
        EXPECT_EQ(with(good), "") << good;
    EXPECT_EQ(
        with("yesterday"),
        "keys.yaml:2: key_1.created: expected a time such as 2026-11-20T00:00:00Z, found "
        "'yesterday'"
    );
    EXPECT_THAT(with("\"\""), HasSubstr("key_1.created: expected a time"));
    EXPECT_THAT(with("{}"), HasSubstr("key_1.created: expected"));
}

TEST(TokenKeysTest, WhatIsNewerIsAMatterOfTheInstant) {
    auto got = parse_keys(
        "f", go_keys_file(
                 {{key().its_public(), "2026-01-01T10:00:00+02:00"},  // 08:00
                  {other().its_public(), "2026-01-01T09:00:00Z"}}
             )
    );
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ((*got)[0].thumbprint(), other().its_public().thumbprint());
}

TEST(TokenKeysTest, AJwksHoldsAnyNumber) {
    auto got = parse_keys("f", jwks({key().its_public(), other().its_public()}));
    ASSERT_TRUE(got) << got.error().detail;
    ASSERT_THAT(*got, SizeIs(2));
    EXPECT_EQ((*got)[0].kid(), key().its_public().thumbprint());
    const auto signature = key().sign("text");
    EXPECT_TRUE((*got)[0].verifies("text", signature));
    EXPECT_FALSE((*got)[1].verifies("text", signature));
    EXPECT_FALSE((*got)[0].verifies("texT", signature));
    EXPECT_FALSE((*got)[0].verifies("text", ""));
}

TEST(TokenKeysTest, AJwksMayHoldKeysThatAreNotOurs) {
    const auto mine = jwks({key().its_public()});
    auto       got  = parse_keys(
        "f", R"({"keys":[{"kty":"EC","crv":"P-256"},{"kty":"RSA","use":"enc"},)" + mine.substr(9)
    );
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_THAT(*got, SizeIs(1));
    EXPECT_THAT(why_not(R"({"keys":[{"kty":"EC"}]})"), HasSubstr("holds no RSA key"));
    EXPECT_THAT(
        why_not(R"({"keys":[{"kty":"RSA","n":"!","e":"AQAB"}]})"),
        HasSubstr("keys[0]: n and e must be base64url")
    );
    EXPECT_THAT(why_not(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"), HasSubstr("bits"));
    EXPECT_THAT(why_not(R"({"keys":[]})"), HasSubstr("holds no RSA key"));
    EXPECT_THAT(why_not(R"({"keys":{}})"), HasSubstr("holds no RSA key"));
    got = parse_keys("f", R"({"keys":[{},"x",)" + mine.substr(9));
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_THAT(*got, SizeIs(1));
    auto with_secret = mine;
    with_secret.insert(with_secret.find("\"n\""), R"("d":"AQAB",)");
    EXPECT_THAT(why_not(with_secret), HasSubstr("keys[0]: holds a private key"));
}

TEST(TokenKeysTest, AKeyThatAnybodyCanSignWithIsRefused) {
    const auto with_exponent = [](const char* e) {
        return why_not(
            R"({"keys":[{"kty":"RSA","n":")" + key().its_public().modulus() + R"(","e":")" + e +
            "\"}]}"
        );
    };
    EXPECT_EQ(with_exponent("AQAB"), "");
    EXPECT_THAT(with_exponent("AQ"), HasSubstr("make no RSA key"));  // 1
    EXPECT_THAT(with_exponent("BA"), HasSubstr("make no RSA key"));  // 4
    EXPECT_NE(with_exponent("AAAA"), "");
}

TEST(TokenKeysTest, AnEncryptedKeyAsksNobodyForItsPassphrase) {
    EXPECT_THAT(
        why_not("-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
                "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n"
                "-----END PUBLIC KEY-----\n"),
        HasSubstr("no public key")
    );
}

TEST(TokenKeysTest, ASingleKeyIsWrittenTwiceForTheGoIngestorAndReadOnce) {
    const auto file = go_keys_file({{key().its_public(), "2026-01-01T00:00:00Z"}});
    EXPECT_THAT(file, HasSubstr("key_2:"));
    auto got = parse_keys("f", file);
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_THAT(*got, SizeIs(1));
}

TEST(TokenKeysTest, SaysWhatIsWrongWithAFile) {
    EXPECT_THAT(why_not(""), HasSubstr("keys.yaml: is empty"));
    EXPECT_THAT(why_not(" \n"), HasSubstr("is empty"));
    EXPECT_THAT(why_not(key().pem().reveal()), HasSubstr("holds a private key"));
    EXPECT_THAT(
        why_not("key_1:\n  publicKey: |\n    -----BEGIN PRIVATE KEY-----\n"),
        HasSubstr("key_1.publicKey: holds a private key")
    );
    EXPECT_THAT(why_not("-----BEGIN CERTIFICATE-----\n"), HasSubstr("holds a certificate"));
    EXPECT_THAT(
        why_not("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        HasSubstr("no public key")
    );
    EXPECT_THAT(why_not("key_3: {}\n"), HasSubstr("key_3: unknown key; did you mean 'key_1'?"));
    EXPECT_THAT(why_not("key_1: {}\n"), HasSubstr("holds no key"));
    EXPECT_THAT(why_not("hello"), HasSubstr("expected a mapping"));
    EXPECT_THAT(why_not(std::string(2 << 20, 'x')), HasSubstr("larger than a mebibyte"));
    const auto elliptic =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
        "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n-----END PUBLIC KEY-----\n";
    EXPECT_THAT(why_not(elliptic), HasSubstr("is not an RSA key"));
}

TEST(TokenKeysTest, ABarePublicKeyWillDo) {
    auto got = parse_keys("f", key().its_public().pem());
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ((*got)[0].thumbprint(), key().its_public().thumbprint());
}

TEST(TokenKeysTest, OfSeveralBlocksAllAreRead) {
    const auto one = key().its_public().pem(), two = other().its_public().pem();
    const auto thumbprints = [](std::string_view text) {
        auto                     got = parse_keys("f", text);
        std::vector<std::string> all;
        if (!got) return std::vector{got.error().detail};
        for (const auto& each : *got) all.push_back(each.thumbprint());
        return all;
    };
    const std::vector both{key().its_public().thumbprint(), other().its_public().thumbprint()};
    EXPECT_EQ(thumbprints(one + two), both);
    EXPECT_EQ(thumbprints("# ours\n" + one + "\r\n \n# theirs\n" + two + one), both);

    const auto indented = [](std::string text) {
        for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 5)
            text.replace(at, 1, "\n    ");
        return text;
    };
    EXPECT_EQ(thumbprints("key_1:\n  publicKey: |\n    " + indented(one + two)), both);
    EXPECT_EQ(thumbprints("---\nkey_1:\n  publicKey: |\n    " + indented(one)).front(), both[0]);
}

TEST(TokenKeysTest, WhatIsNoKeyAmongSeveralIsNamedWithItsLine) {
    const auto one = key().its_public().pem();
    const auto n   = static_cast<int>(std::ranges::count(one, '\n'));
    const auto at  = [&](int line) { return "keys.yaml:" + std::to_string(n + line) + ": "; };
    EXPECT_THAT(why_not(one + other().pem().reveal()), HasSubstr(at(1) + "holds a private key"));
    EXPECT_THAT(why_not(one + "\nhello\n" + one), HasSubstr(at(2) + "is no mark"));
    auto misspelt = one;
    misspelt.replace(misspelt.find("BEGIN"), 5, "BEGN");
    EXPECT_THAT(why_not(one + misspelt), HasSubstr(at(1) + "is no mark"));
    EXPECT_THAT(
        why_not(one + one.substr(0, one.find("-----END"))),
        HasSubstr(at(1) + "is cut off: -----END PUBLIC KEY----- is missing")
    );
    EXPECT_THAT(
        why_not(
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" + one +
            "-----BEGIN CERTIFICATE-----\n"
        ),
        AllOf(HasSubstr("keys.yaml:1: is no public key"), HasSubstr(at(4) + "holds a certificate"))
    ) << "all at once";
    EXPECT_THAT(
        why_not("key_1:\n  publicKey: |\n    -----BEGIN PUBLIC KEY-----\n    AAAA\n    -----END "
                "PUBLIC KEY-----\n    -----BEGIN CERTIFICATE-----\n"),
        AllOf(
            HasSubstr("keys.yaml: key_1.publicKey: is no public key"),
            HasSubstr("key_1.publicKey, line 4 of it: holds a certificate")
        )
    );
}

TEST(TokenKeysTest, APrivateKeySurvivesItsPem) {
    EXPECT_THAT(key().pem().reveal(), HasSubstr("BEGIN RSA PRIVATE KEY"))
        << "PKCS#1, which the Go extension reads";
    auto again = private_key::parse(key().pem().reveal());
    ASSERT_TRUE(again);
    EXPECT_TRUE(key().its_public().verifies("x", again->sign("x")));
    EXPECT_FALSE(private_key::parse("x"));
    EXPECT_FALSE(private_key::parse(key().its_public().pem()));
    EXPECT_FALSE(private_key::generate(1024));
}

/// The example of RFC 7638 §3.1.
TEST(TokenKeysTest, TheThumbprintIsTheStandards) {
    auto got = parse_keys(
        "f",
        R"({"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}]})"
    );
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ((*got)[0].kid(), "2011-04-29");
    EXPECT_EQ((*got)[0].thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

}  // namespace
}  // namespace falconer::net
