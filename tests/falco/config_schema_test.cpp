// JSON schemas: which can be held against a configuration, and what fits them.
#include "falco/config_schema.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::falco {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> said(const field_problems& problems) {
    std::vector<std::string> all;
    for (const auto& each : problems) all.push_back(each.text());
    return all;
}

std::vector<std::string> schema(const std::string& text) {
    field_problems problems;
    check_schema(yaml(text), "s", problems);
    return said(problems);
}

std::vector<std::string> held(const std::string& against, const std::string& is) {
    EXPECT_THAT(schema(against), IsEmpty()) << against;
    field_problems problems;
    check_against(yaml(against), yaml(is), "c", problems);
    return said(problems);
}

constexpr auto collector = R"(
$schema: https://json-schema.org/draft/2020-12/schema
title: a collector
type: object
required: [host]
additionalProperties: false
properties:
  host: {type: string, minLength: 2, maxLength: 9, pattern: '^[a-z.]+$'}
  port: {type: integer, minimum: 1, maximum: 65535, default: 45000}
  level: {enum: [info, debug, 3]}
  hooks:
    type: array
    minItems: 1
    maxItems: 2
    items: {type: [string, "null"]}
  labels:
    type: object
    additionalProperties: {type: boolean}
  share: {type: number}
  fixed: {const: true}
)";

TEST(ConfigSchemaTest, WhatFitsIsNotTalkedAbout) {
    EXPECT_THAT(
        held(
            collector,
            "{host: a.b, port: 443, level: 3, hooks: [a, null], labels: {x: true}, share: 0.5, "
            "fixed: true}"
        ),
        IsEmpty()
    );
    EXPECT_THAT(held(collector, "{host: ab, share: 2}"), IsEmpty());
    EXPECT_THAT(held("{}", "{anything: [goes, {a: 1}]}"), IsEmpty());
}

TEST(ConfigSchemaTest, EverythingThatDoesNotFitIsToldWithItsPlace) {
    EXPECT_THAT(
        held(
            collector,
            "{host: 'A-LONG.ONE', port: 0, level: loud, hooks: [1, a, b], "
            "labels: {x: 1}, share: x, fixed: false, hots: a}"
        ),
        ElementsAre(
            "c.host: has 10 bytes, more than 9",
            "c.host: expected what '^[a-z.]+$' matches, found 'A-LONG.ONE'",
            "c.port: expected at least 1, found 0",
            "c.level: expected one of 'info', 'debug', 3, found 'loud'",
            "c.hooks: has 3 items, more than 2", "c.hooks[0]: expected a text or nothing, found 1",
            "c.labels.x: expected true or false, found 1", "c.share: expected a number, found 'x'",
            "c.fixed: expected true, found false", "c.hots: unknown field; did you mean 'host'?"
        )
    );
    EXPECT_THAT(
        held(collector, "{port: 70000, hooks: []}"),
        ElementsAre(
            "c.port: expected at most 65535, found 70000", "c.hooks: has 0 items, fewer than 1",
            "c.host: is needed"
        )
    );
    EXPECT_THAT(
        held(collector, "{host: a, port: 1.5}"),
        ElementsAre(
            "c.host: has 1 bytes, fewer than 2", "c.port: expected a whole number, found 1.5"
        )
    );
    EXPECT_THAT(held(collector, "[a]"), ElementsAre("c: expected a mapping, found a list"));
}

TEST(ConfigSchemaTest, WhatWouldNotBeCheckedIsNoSchemaOfOurs) {
    EXPECT_THAT(
        schema("{type: objekt, requird: [a], properties: {a: {$ref: '#/x'}, b: text}}"),
        ElementsAre(
            "s.requird: is not understood here; did you mean 'required'?",
            "s.type: there is no type 'objekt'; did you mean 'object'?",
            "s.properties.a.$ref: is not understood here",
            "s.properties.b: expected a schema, which is a mapping, found 'text'"
        )
    );
    EXPECT_THAT(
        schema("{enum: [], minItems: -1, maximum: much, required: [1], type: [1]}"),
        ElementsAre(
            "s.type: expected a list of texts, found 1", "s.minItems: expected a count, found -1",
            "s.maximum: expected a number, found 'much'",
            "s.enum: expected a list with something in it, found a list",
            "s.required: expected a list of texts, found 1"
        )
    );
    EXPECT_THAT(schema("pattern: '(?<n'"), ElementsAre(StartsWith("s.pattern: RE2 says: ")));
    std::string deep = "{}";
    for (int i = 0; i < 30; ++i) deep.insert(0, "{items: ").append("}");
    ASSERT_THAT(schema(deep), ::testing::SizeIs(1));
    EXPECT_THAT(schema(deep)[0], ::testing::HasSubstr("too deeply"));
}

}  // namespace
}  // namespace falconer::falco
