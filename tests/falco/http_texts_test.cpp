#include "falco/http_texts.hpp"

#include "falco/destination_secrets.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string in_config(std::string_view text) {
    return problem_of_address(text, address_place::config);
}
std::string in_secret(std::string_view text) {
    return problem_of_address(text, address_place::secret);
}

TEST(HttpTextsTest, AddressesThatGosClientCanUseAreRight) {
    for (const std::string_view good :
         {"https://h", "http://h/", "https://h:443/a/b?c=d#e", "https://h:/", "https://10.0.0.1:1",
          "https://[::1]:65535/x", "https://[fe80::1%25eth0]/", "https://b\u00fccher.example/",
          "https://under_score.svc/a%20b", "https://h?x=%zz", "http://h.example./"}) {
        EXPECT_EQ(in_config(good), "") << good;
        EXPECT_EQ(in_secret(good), "") << good;
    }
}

TEST(HttpTextsTest, AddressesThatItCannotUseAreNot) {
    for (const std::string_view bad :
         {"",
          "h",
          "h:8080",
          "ftp://h",
          "HTTPS://h",
          " https://h",
          "https:/h",
          "https://",
          "https:///path",
          "https://:8080/",
          "https://h:0",
          "https://h:65536",
          "https://h:port",
          "https://h:-1",
          "https://a b/",
          "https://h\n/",
          "https://h/\x7f",
          "https://::1/",
          "https://[::1",
          "https://[]/",
          "https://[host]/",
          "https://h/%zz",
          "https://h/%2",
          "https://h/#%",
          "https://a<b/",
          "https://h/\xff",
          "https://@/",
          "https://[::1]x/"}) {
        EXPECT_NE(in_config(bad), "") << bad;
        EXPECT_NE(in_secret(bad), "") << bad;
    }
}

TEST(HttpTextsTest, APasswordAndABlankInThePathAreRightInASecretOnly) {
    for (const std::string_view text : {"https://me:hunter2@h/", "https://h/a b"}) {
        EXPECT_EQ(in_secret(text), "") << text;
        EXPECT_NE(in_config(text), "") << text;
    }
    EXPECT_THAT(in_config("https://me:hunter2@h/"), HasSubstr("no password"));
    EXPECT_THAT(in_secret("https://me:hun[ter2@h/"), HasSubstr("%XX"));
}

TEST(HttpTextsTest, HeadersHaveTokensForNamesAndOneLineForTexts) {
    for (const std::string_view good : {"X-Team", "x_y", "a!#$%&'*+-.^`|~9"})
        EXPECT_EQ(problem_of_header_name(good), "") << good;
    for (const std::string_view bad : {"", "X Team", "X:", "X\n", "\u00fc", "(a)"})
        EXPECT_NE(problem_of_header_name(bad), "") << bad;
    for (const std::string_view good : {"", "a b", "a\tb", "b\u00fccher"})
        EXPECT_EQ(problem_of_header_value(good), "") << good;
    for (const std::string_view bad : {"a\r\nX: y", "a\n", "\x7f", "\x01", "\xff"})
        EXPECT_NE(problem_of_header_value(bad), "") << bad;
    EXPECT_NE(problem_of_header_value(std::string_view("a\0b", 3)), "");
}

std::vector<std::string> wrong_with(std::string_view destination, const std::string& data) {
    return stanza_from_secret(destination, yaml("stringData: " + data)).problems;
}

TEST(HttpTextsTest, EveryTextOfASecretIsLookedAt) {
    EXPECT_THAT(
        wrong_with(
            "opensearch",
            R"({hostport: "https://h", index: "a\nb", suffix: "a\tb", username: "u\nv", password: "p\x01"})"
        ),
        ElementsAre(
            "opensearch: index must have no line break and no control character in it",
            "opensearch: suffix must have no line break and no control character in it",
            "opensearch: username must have no line break and no control character in it",
            "opensearch: password must have no line break and no control character in it"
        )
    );
    EXPECT_THAT(
        wrong_with(
            "splunk", R"({host: "https://h", token: "a\nb", customheaders: "a: \"b\\nc\""})"
        ),
        ElementsAre(
            "splunk: token must have no line break and no control character in it",
            "splunk: customheaders has a header, number 1, whose text must have no line break and "
            "no control character in it"
        )
    );
    EXPECT_THAT(
        stanza_from_secret("custom", yaml("data: {address: aHR0cHM6Ly9oL/8=}")).problems,
        ElementsAre("custom: address must be UTF-8")
    ) << "Falcosidekick's configuration would be none";
}

TEST(HttpTextsTest, WhatWorksWithTheGoExtensionIsTaken) {
    const auto got = stanza_from_secret(
        "custom",
        yaml(
            R"(stringData: {address: "https://me:pw@h/a b\n", method: put, customheaders: "X-A: 'b	c'\nX-N: 3\n"})"
        )
    );
    EXPECT_THAT(got.problems, IsEmpty());
    EXPECT_EQ(got.stanza.text_at({"address"}), "https://me:pw@h/a b");
    EXPECT_EQ(got.stanza.text_at({"method"}), "PUT");
    EXPECT_EQ(got.stanza.text_at({"customheaders", "X-N"}), "3");
    EXPECT_THAT(
        wrong_with(
            "opensearch", R"({hostport: "http://h:9200", username: "a b", password: "p:\u00e4%"})"
        ),
        IsEmpty()
    );
}

}  // namespace
}  // namespace falconer::falco
