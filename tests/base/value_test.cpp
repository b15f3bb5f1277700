#include "falconer/value.hpp"

#include "falconer/json_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <yaml-cpp/emitter.h>

#include <array>
#include <random>

namespace falconer {
namespace {

using ::testing::HasSubstr;

std::string json_of(std::string_view yaml) {
    auto read = parse_yaml(yaml);
    return read ? json_text(*read) : read.error().detail;
}

TEST(ValueTest, YamlMeansWhatItMeansToKubectl) {
    EXPECT_EQ(
        json_of("a: 1\nb: '1'\nc: true\nd: yes\ne: off\nf: ~\ng:\nh: 0644\ni: 0x1F\nj: 1_000\n"
                "k: 1.5\nl: 1e3\nm: .5\nn: 1.2.3\no: 12:30\np: -0\nq: 2026-01-01\nr: !!str 5\n"),
        R"({"a":1,"b":"1","c":true,"d":true,"e":false,"f":null,"g":null,"h":420,"i":31,"j":1000,)"
        R"("k":1.5,"l":1e3,"m":0.5,"n":"1.2.3","o":"12:30","p":0,"q":"2026-01-01","r":"5"})"
    );
    EXPECT_EQ(json_of("on: 1\n2: b\nyes:\n  - no\n"), R"({"on":1,"2":"b","yes":[false]})");
    EXPECT_EQ(json_of("a: |\n  x\n  y\nb: >\n  x\n  y\n"), R"({"a":"x\ny\n","b":"x y\n"})");
    EXPECT_EQ(json_of("[0755, 08, 1e, e5, 0.42.0, +7]"), R"([493,"08","1e","e5","0.42.0",7])");
}

TEST(ValueTest, NumbersKeepTheirDigits) {
    const auto read = parse_json(R"([9223372036854775807, 1e300, 0.10, 12345678901234567890123])");
    ASSERT_TRUE(read);
    EXPECT_EQ(json_text(*read), "[9223372036854775807,1e300,0.10,12345678901234567890123]");
    EXPECT_EQ(read->items()[0].integer(), 9223372036854775807);
    EXPECT_EQ(read->items()[3].integer(), std::nullopt);
    EXPECT_FALSE(parse_json("1e400")) << "nobody could use it";
}

TEST(ValueTest, WhatIsNotYamlOrNotAllowedIsNamedWithItsLine) {
    EXPECT_THAT(json_of("a: 1\nb: [\n"), HasSubstr("line "));
    EXPECT_EQ(json_of("a: &x 1\nb: *x\n"), "line 2: an alias; write the value out");
    EXPECT_EQ(json_of("a: 1\n? [b]\n: 2\n"), "line 2: a key that is no text");
    EXPECT_EQ(json_of("a: 1\n---\nb: 2\n"), "line 3: a second document; only one is expected");
    EXPECT_EQ(json_of("# nothing\n"), "there is nothing in it");
    EXPECT_EQ(json_of("a: !!binary aGk=\n"), "line 1: the tag !!binary; write the text out");
    EXPECT_THAT(json_of(std::string(200, '[')), HasSubstr("line 1"));
    EXPECT_THAT(json_of(std::string(100'000, '[')), HasSubstr("line 1"));
    EXPECT_THAT(json_of(","), HasSubstr("line"));
    EXPECT_THAT(check_yaml(",").error().detail, HasSubstr("more than 1000 documents"));
    const std::string utf16("\xFF\xFE-\0 \0a\0", 8);
    EXPECT_EQ(json_of(utf16), "line 1: not UTF-8");
    EXPECT_EQ(check_yaml("a: é\nb: \xE9\nc: 1\n").error().detail, "line 2: not UTF-8");
    EXPECT_THAT(json_of("a: \"\\\x01\"\n"), testing::EndsWith("character: \\x01"));
}

TEST(ValueTest, WhatIsNotJsonIsNamedWithItsOffset) {
    EXPECT_THAT(parse_json("{\"a\": }").error().detail, HasSubstr("not JSON at offset 6"));
    EXPECT_EQ(
        parse_json("{\"a\": " + std::string(100'000, '[')).error().detail,
        "nested too deeply at byte 106: more than 100 levels"
    );
    EXPECT_FALSE(parse_json("{\"a\":1} x"));
    EXPECT_FALSE(parse_json("\"\xff\""));
    EXPECT_FALSE(parse_json(""));
}

TEST(ValueTest, WhatNobodyWillLookAtIsLeftOut) {
    constexpr std::array<std::string_view, 3> path{"items", "*", "x"};
    const auto                                rest = [&](std::string_view text) {
        const auto read = parse_json(text, path);
        return read ? json_text(*read) : read.error().detail;
    };
    EXPECT_EQ(
        rest(
            R"({"items":[{"x":1,"y":2},{"y":[],"x":[{"x":{}},[[]]],"z":{"x":3}},{"x":{"a":{"b":[1]}}}],"x":4})"
        ),
        R"({"items":[{"y":2},{"y":[],"z":{"x":3}},{}],"x":4})"
    );
    EXPECT_EQ(rest(R"({"items":[{"x":null,"y":true}]})"), R"({"items":[{"y":true}]})");
    EXPECT_EQ(rest(R"({"items":{"*":{"x":1}}})"), R"({"items":{"*":{"x":1}}})") << "no list";
    EXPECT_EQ(rest(R"({"other":[{"x":1}]})"), R"({"other":[{"x":1}]})");
    EXPECT_EQ(rest(R"([[{"x":1}]])"), R"([[{"x":1}]])");
    EXPECT_THAT(rest(R"({"items":[{"x":[}]})"), HasSubstr("not JSON at offset 16"));
    EXPECT_THAT(rest(R"({"items":[{"x":)" + std::string(100'000, '[')), HasSubstr("too deeply"));
}

/// Whoever may write into one object of a list must not hide the others.
TEST(ValueTest, WhatIsTooDeepIsLeftOutOfWhatIsReadInParts) {
    constexpr std::array<std::string_view, 2> path{"items", "x"};
    const auto                                nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    const auto text = [](const std::string& deep) {
        return R"({"items":[{"n":1,"y":)" + deep + R"(,"z":[2,)" + deep + R"(,3]},{"n":2}]})";
    };
    const auto read = parse_json(text(nested(500)), path);
    ASSERT_TRUE(read) << read.error().detail;
    // Three levels are around the one, four around the other.
    EXPECT_EQ(
        json_text(*read),
        R"({"items":[{"n":1,"y":)" + nested(97) + R"(,"z":[2,)" + nested(96) + R"(,3]},{"n":2}]})"
    );
    EXPECT_FALSE(parse_json(text(nested(500))));
    EXPECT_FALSE(parse_json(text(nested(20'000)), path));
    const auto map = parse_json(text(R"({"a":)" + nested(97) + R"(,"b":1})"), path);
    ASSERT_TRUE(map);
    EXPECT_NE(map->find("items")->items()[0].find_path({"y", "b"}), nullptr);
}

TEST(ValueTest, WhatIsNoUtf8IsNamedWithItsOffset) {
    EXPECT_THAT(
        parse_json("{\"a\": \"b\xc3(\"}").error().detail, HasSubstr("not JSON at offset 8")
    );
}

TEST(ValueTest, AStreamHasItsDocumentsWithoutTheEmptyOnes) {
    const auto read = parse_yaml_stream("---\n# only words\n---\na: 1\n---\n- 2\n...\n");
    ASSERT_TRUE(read) << read.error().detail;
    ASSERT_EQ(read->size(), 2u);
    EXPECT_EQ(json_text((*read)[0]), R"({"a":1})");
    EXPECT_EQ((*read)[0].line(), 4);
    EXPECT_EQ(json_text((*read)[1]), "[2]");
}

TEST(ValueTest, AKeyThatComesTwiceIsThereTwice) {
    const auto read = parse_yaml("a: 1\nb: 2\na: 3\n");
    ASSERT_TRUE(read);
    ASSERT_EQ(read->entries().size(), 3u);
    EXPECT_EQ(read->entries()[2].line, 3);
    EXPECT_EQ(read->find("a")->integer(), 1);
}

TEST(ValueTest, MappingsAreEqualInWhateverOrder) {
    EXPECT_EQ(*parse_json(R"({"a":1,"b":[1,2]})"), *parse_json(R"({"b":[1,2],"a":1})"));
    EXPECT_NE(*parse_json(R"({"a":1,"b":[1,2]})"), *parse_json(R"({"b":[2,1],"a":1})"));
    const auto twice = *parse_json(R"({"a":1,"b":0,"a":2})");
    EXPECT_EQ(twice, *parse_json(R"({"a":1,"a":2,"b":0})"));
    EXPECT_NE(twice, *parse_json(R"({"a":2,"b":0,"a":1})"));
    EXPECT_NE(value(1), value("1"));
    EXPECT_NE(value::map(), value::list());
}

TEST(ValueTest, IsMadeAndChangedInPlace) {
    value falco{{"kind", "DaemonSet"}, {"spec", {{"replicas", 2}}}};
    falco["spec"]["paused"]   = true;
    falco["metadata"]["name"] = "falco";
    falco["args"].push_back("--once");
    EXPECT_TRUE(falco["spec"].erase("replicas"));
    EXPECT_FALSE(falco["spec"].erase("replicas"));
    EXPECT_EQ(
        json_text(falco),
        R"({"kind":"DaemonSet","spec":{"paused":true},"metadata":{"name":"falco"},"args":["--once"]})"
    );
    EXPECT_EQ(falco.text_at({"metadata", "name"}), "falco");
    EXPECT_EQ(falco.text_at({"metadata", "name", "x"}), "");
    EXPECT_EQ(falco.find_path({"nothing", "here"}), nullptr);
}

TEST(ValueTest, YamlIsWrittenForPeople) {
    const auto is = parse_json(
        R"({"name":"falco","on":"yes","port":"2801","none":null,"empty":{},"list":[{"a":1,"b":[]},"x"],)"
        R"("rules.yaml":"- rule: a\n  desc: \"b\"\n","text":"a: b","version":"0.42.0","tab":"a\tb"})"
    );
    ASSERT_TRUE(is);
    EXPECT_EQ(
        yaml_text(*is),
        "name: falco\n\"on\": \"yes\"\nport: \"2801\"\nnone: ~\nempty: {}\nlist:\n  - a: 1\n    b: "
        "[]\n"
        "  - x\nrules.yaml: |\n  - rule: a\n    desc: \"b\"\ntext: \"a: b\"\nversion: 0.42.0\ntab: "
        "\"a\\tb\"\n"
    );
}

/// Values of all kinds, with texts that YAML finds difficult.
value made_up(std::mt19937& dice, int depth) {
    static const char* const difficult[] = {
        "",           " ",      "a",       "yes",       "1",           "1.0",     "null",
        "~",          "a: b",   "- a",     "# c",       "a # b",       "a\nb",    "a\n",
        "a\n\n",      "\n",     " a\n",    "\ta\n",     "a \nb \n",    "'",       "\"",
        "\\",         "%x",     "@x",      "`x",        "!x",          "&x",      "*x",
        "|",          ">",      "?",       "-",         "---",         "...",     "{}",
        "[]",         "a, b",   "a:b",     "a:",        "ü€😀",        "\x01",    "\x7f",
        "\xc2\x85",   "a\r\nb", "0644",    "0x1",       "1e3",         ".5",      "1_000",
        "12:30",      "<<",     "=",       "on",        "a  b",        "a\n b\n", "a\n---\nb\n",
        "# a\n# b\n", "\u2028", "\ufeffa", "trailing ", "x: |\n  y\n", "{{ a }}", "<<.B>>",
        "0"
    };
    const auto pick = [&](int most) { return std::uniform_int_distribution<int>(0, most)(dice); };
    const auto word = [&] { return std::string(difficult[pick(std::size(difficult) - 1)]); };
    switch (depth > 3 ? pick(3) : pick(6)) {
        case 0: return {};
        case 1: return pick(1) == 1;
        case 2: return std::int64_t{pick(1000)} - 500;
        case 3: return word();
        case 4: {
            auto list = value::list();
            for (int n = pick(4); n > 0; --n) list.push_back(made_up(dice, depth + 1));
            return list;
        }
        default: {
            auto map = value::map();
            for (int n = pick(4); n > 0; --n) map[word()] = made_up(dice, depth + 1);
            return map;
        }
    }
}

TEST(ValueTest, WhatIsWrittenReadsBackAsItWas) {
    std::mt19937 dice(20261123);
    for (int round = 0; round < 5'000; ++round) {
        value whole;
        whole["x"]      = made_up(dice, 0);
        const auto yaml = yaml_text(whole);
        const auto read = parse_yaml(yaml);
        ASSERT_TRUE(read) << read.error().detail << '\n' << yaml;
        ASSERT_EQ(*read, whole) << yaml << json_text(whole);
        const auto again = parse_json(json_text(whole));
        ASSERT_TRUE(again) << json_text(whole);
        ASSERT_EQ(*again, whole);
        ASSERT_EQ(yaml_text(*read), yaml);
    }
}

TEST(YamlText, BareWordsStandAsTheEmitterWritesThem) {
    for (const auto& word :
         {std::string("falco"), std::string("a b  c"), std::string("docker.io/falco-driver_loader"),
          std::string("0.42.0"), std::string("a-"), std::string(1024, 'w'), std::string(1025, 'w'),
          std::string(3000, 'w')}) {
        YAML::Emitter emitter;
        emitter << YAML::BeginMap << YAML::Key << word << YAML::Value << word << YAML::EndMap;
        value is;
        is[word] = word;
        EXPECT_EQ(yaml_text(is), emitter.c_str() + std::string("\n"));
    }
}

TEST(YamlText, WhatOthersReadAsADateIsQuoted) {
    const value is{{"at", "2026-06-01T00:00:00Z"}, {"day", "2026-06-01"}, {"bare", "2026a"}};
    EXPECT_EQ(yaml_text(is), "at: \"2026-06-01T00:00:00Z\"\nday: \"2026-06-01\"\nbare: 2026a\n");
    EXPECT_EQ(*parse_yaml(yaml_text(is)), is);
}

}  // namespace
}  // namespace falconer
