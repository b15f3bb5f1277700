#include "falconer/strict_yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

struct settings {
    std::string              name     = "default";
    std::uint16_t            port     = 5432;
    std::chrono::seconds     idle     = 120s;
    std::uint64_t            capacity = 1;
    bool                     on       = false;
    std::vector<std::string> hosts{};
    int                      mode = 0;
};

std::vector<std::string> read(std::string_view text, settings& into) {
    yaml_document file{"f.yaml", text};
    auto          root = file.root();
    root.read("name", into.name);
    root.read("on", into.on);
    auto net = root.section("net");
    net.read("port", into.port, 1, 65'535);
    net.read_duration("idle", into.idle, 1s, std::chrono::seconds(1h));
    net.read_bytes("capacity", into.capacity, 1, 1 << 30);
    net.read("hosts", into.hosts);
    net.read_choice("mode", into.mode, {{"strict", 1}, {"lenient", 2}});
    return file.problems();
}
std::vector<std::string> problems_of(std::string_view text) {
    settings unused;
    return read(text, unused);
}

TEST(StrictYamlTest, ReadsWhatIsThereAndLeavesTheRest) {
    settings got;
    EXPECT_THAT(
        read(
            "name: x\nnet:\n  port: 80\n  idle: 2m\n  capacity: 64Mi\n  hosts: [a, b]\n  mode: "
            "lenient\n",
            got
        ),
        IsEmpty()
    );
    EXPECT_EQ(got.name, "x");
    EXPECT_EQ(got.port, 80);
    EXPECT_EQ(got.idle, 120s);
    EXPECT_EQ(got.capacity, 64u << 20);
    EXPECT_THAT(got.hosts, ElementsAre("a", "b"));
    EXPECT_EQ(got.mode, 2);
    EXPECT_FALSE(got.on);
}

TEST(StrictYamlTest, ReadsJson) {
    settings got;
    EXPECT_THAT(read(R"({"name": "x", "on": true, "net": {"port": 80}})", got), IsEmpty());
    EXPECT_TRUE(got.on);
    EXPECT_EQ(got.port, 80);
}

TEST(StrictYamlTest, FindsEveryProblemWithItsLineAndKey) {
    EXPECT_THAT(
        problems_of("nmae: x\non: yes\nnet:\n  port: 65536\n  idle: 2 minutes\n  capacity: 2Gi\n"
                    "  hosts: a\n  mode: strickt\n  prot: 1\n  port: 80\n"),
        ElementsAre(
            "f.yaml:1: nmae: unknown key; did you mean 'name'?",
            "f.yaml:2: on: expected true or false, found 'yes'",
            "f.yaml:4: net.port: expected a whole number from 1 to 65535, found '65536'",
            "f.yaml:5: net.idle: expected a duration such as 30s or 1h30m, found '2 minutes'",
            "f.yaml:6: net.capacity: '2Gi' is out of range: 1 to 1073741824 bytes",
            "f.yaml:7: net.hosts: expected a list of texts, found 'a'",
            "f.yaml:8: net.mode: expected one of strict, lenient, found 'strickt'; did you mean "
            "'strict'?",
            "f.yaml:9: net.prot: unknown key; did you mean 'port'?",
            "f.yaml:10: net.port: the same key again, first in line 4"
        )
    );
}

TEST(StrictYamlTest, AValueOfTheWrongKindLeavesTheVariable) {
    settings got;
    EXPECT_THAT(read("name: [a]\nnet:\n  port: \"80\"\n  hosts: [[a]]\n", got), testing::SizeIs(3));
    EXPECT_EQ(got.name, "default");
    EXPECT_EQ(got.port, 5432);
    EXPECT_THAT(got.hosts, IsEmpty());
}

TEST(StrictYamlTest, SaysWhatIsNoYaml) {
    EXPECT_THAT(problems_of("name: x\nnet: {\n"), ElementsAre(testing::StartsWith("f.yaml:")));
    EXPECT_THAT(problems_of("a: b: c\n"), ElementsAre(testing::HasSubstr("not YAML")));
    // yaml-cpp quotes the character as it is.
    EXPECT_THAT(problems_of("a: \"\\\x01\"\n"), ElementsAre(testing::EndsWith("character: \\x01")));
    EXPECT_THAT(problems_of(""), ElementsAre("f.yaml: there is nothing in it"));
    EXPECT_THAT(problems_of("- a\n"), ElementsAre("f.yaml:1: expected a mapping, found a list"));
    EXPECT_THAT(
        problems_of("name: a\n---\nname: b\n"),
        ElementsAre("f.yaml:2: a second document; only one is expected")
    );
    // yaml-cpp takes each for a document, and then again, without end.
    for (const char* text : {",\n", "]", "}", "name: a\n---\n]"})
        EXPECT_FALSE(problems_of(text).empty()) << text;
    EXPECT_THAT(
        problems_of("\"a\\nb\\e\": 1\n"),
        ElementsAre(testing::StartsWith("f.yaml:1: a\\x0ab\\x1b: unknown key"))
    );
    std::string long_key(3000, 'k');
    long_key.append(": 1\n");
    const auto longest = problems_of(long_key);
    ASSERT_EQ(longest.size(), 1u);
    EXPECT_LT(longest[0].size(), 600u);
    EXPECT_THAT(
        problems_of("net: 7\n"), ElementsAre("f.yaml:1: net: expected a mapping, found '7'")
    );
}

TEST(StrictYamlTest, RefusesAliases) {
    EXPECT_THAT(
        problems_of("name: &a x\nnet:\n  hosts: [*a]\n"),
        ElementsAre("f.yaml:3: an alias; write the value out")
    );
}

TEST(StrictYamlTest, ManyNestedListsAreNoDanger) {
    EXPECT_THAT(problems_of("net: " + std::string(100'000, '[')), testing::SizeIs(1));
}

TEST(StrictYamlTest, KnowsItsKeys) {
    yaml_document file{"f.yaml", ""};
    auto          inner = file.root().section("net");
    inner.leave("x");
    EXPECT_THAT(file.keys(), ElementsAre("net", "net.x"));
    EXPECT_THAT(file.lines(), testing::IsEmpty()) << "none of them is there";

    yaml_document other{"f.yaml", "net:\n  y: 1\n  x: 2\n"};
    auto          there = other.root().section("net");
    there.leave("x");
    EXPECT_THAT(other.lines(), ElementsAre(testing::Pair("net", 1), testing::Pair("net.x", 3)));
}

}  // namespace
}  // namespace falconer
