// Which objects a selector takes, and which texts are none: tests/peers/finer_calls.py asks a real
// server the same.
#include "sandbox/kube_api/selector.hpp"

#include "sandbox/kube_api/label_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace falconer::sandbox {
namespace {

using ::testing::HasSubstr;

bool takes(const std::string& labels, const std::string& value_of_n) {
    const auto selector = api_selector::parse(labels, {});
    EXPECT_TRUE(selector) << labels << ": " << selector.error().detail;
    value object;
    object["metadata"]["labels"]["n"] = value_of_n;
    return selector && selector->matches(object);
}

TEST(Selector, NumbersAreComparedAsNumbers) {
    EXPECT_TRUE(takes("n>9", "10"));
    EXPECT_FALSE(takes("n > 10", "10"));
    EXPECT_TRUE(takes("n<10", "9"));
    EXPECT_TRUE(takes("n>0,n<2", "1"));
    EXPECT_FALSE(takes("n>0,n<2", "2"));
    EXPECT_FALSE(takes("n>0", "x"));
    EXPECT_FALSE(takes("n<9", "99999999999999999999"));
    EXPECT_FALSE(takes("other>0", "1"));
}

TEST(Selector, WordsOfItsOwnMayBeNamesToo) {
    EXPECT_TRUE(takes("n in (in, notin)", "in"));
    EXPECT_TRUE(takes("notin notin (in)", "x"));
    EXPECT_FALSE(takes("in", "x"));
    EXPECT_TRUE(takes("n in (1,,2)", ""));
    EXPECT_TRUE(takes("n in ()", ""));
    EXPECT_TRUE(takes("!m , n == 1 ", "1"));
}

TEST(Selector, WhatIsNoneIsToldWithWhatWasExpected) {
    const std::vector<std::pair<std::string, std::string>> all{
        {"n>x", "must be an integer"},
        {"n>-1", "not the value of a label"},
        {"n>", "must be an integer"},
        {">1", "expected: !, identifier"},
        {"n=1,", "expected: identifier after ','"},
        {",n=1", "expected: !, identifier"},
        {"n in (1", "expected: ','"},
        {"n in 1)", "expected: '('"},
        {"a b", "expected: in, notin"},
        {"n=1>0", "expected: ',' or 'end of string'"},
        {"!", "expected: identifier"},
        {"a/b/c", "not the name of a label"},
    };
    for (const auto& [text, why] : all) {
        const auto read = parse_labels(text);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().detail, HasSubstr(why)) << text;
    }
}

TEST(Selector, FieldsKeepWhatIsEscaped) {
    const auto both = api_selector::parse({}, R"(metadata.name=a\,b,metadata.namespace!=c\=d)");
    ASSERT_TRUE(both) << both.error().detail;
    value object;
    object["metadata"] = {{"name", "a,b"}, {"namespace", "c"}};
    EXPECT_TRUE(both->matches(object));
    object["metadata"]["namespace"] = "c=d";
    EXPECT_FALSE(both->matches(object));
    for (const auto* text :
         {"metadata.name=a=b", "metadata.name", R"(metadata.name=a\)", R"(a=\b)"})
        EXPECT_FALSE(api_selector::parse({}, text)) << text;
}

}  // namespace
}  // namespace falconer::sandbox
