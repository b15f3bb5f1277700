#include "falconer/field_reader.hpp"

#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class FieldReaderTest : public ::testing::Test {
protected:
    value          object{};
    field_problems problems{};

    void                     with(std::string_view text) { object = yaml(text); }
    std::vector<std::string> said() const {
        std::vector<std::string> all;
        for (const auto& each : problems)
            all.push_back(std::to_string(each.line) + ' ' + each.text());
        return all;
    }
};

TEST_F(FieldReaderTest, ReadsEachKind) {
    with("name: a\nmany: 3\nis: true\nlabels: {x: z}\nlist: [b, c]\nnothing:\n");
    std::string                name;
    std::int64_t               many = 0;
    std::optional<bool>        is;
    text_map                   labels;
    std::vector<std::string>   list;
    std::optional<std::string> nothing;
    {
        field_reader in(object, "spec", problems);
        in.read("name", name);
        in.read("many", many);
        in.read("is", is);
        in.read("labels", labels);
        in.read("list", list);
        in.read("nothing", nothing);
        in.read("absent", nothing);
    }
    EXPECT_THAT(said(), IsEmpty());
    EXPECT_EQ(name, "a");
    EXPECT_EQ(many, 3);
    EXPECT_EQ(is, true);
    EXPECT_THAT(labels, ElementsAre(Pair("x", "z")));
    EXPECT_THAT(list, ElementsAre("b", "c"));
    EXPECT_EQ(nothing, std::nullopt) << "null counts as absent";
}

TEST_F(FieldReaderTest, FindsEveryProblemWithItsPlace) {
    with(
        "name: 1\nmany: 1.5\nis: 'yes'\nlabels: {x: 1, y: b}\nlist:\n- a\n- [b]\ninner:\n"
        "  nmae: x\nitems:\n- a: 1\n- 7\nname: again\nextra: 1\n"
    );
    std::string              name = "as it was";
    std::int64_t             many = 7;
    std::optional<bool>      is;
    text_map                 labels;
    std::vector<std::string> list;
    {
        field_reader in(object, "spec", problems);
        in.read("name", name);
        in.read("many", many);
        in.read("is", is);
        in.read("labels", labels);
        in.read("list", list);
        in.in("inner", [&](field_reader& inner) { inner.read("name", name); });
        in.each("items", [&](const value& item, const std::string& path) {
            std::int64_t a = 0;
            field_reader(item, path, problems).read("a", a);
        });
    }
    EXPECT_THAT(
        said(), ElementsAre(
                    "1 spec.name: expected a text, found 1",
                    "2 spec.many: expected a whole number, found 1.5",
                    "3 spec.is: expected true or false, found 'yes'",
                    "4 spec.labels[x]: expected a text, found 1",
                    "7 spec.list[1]: expected a text, found a list",
                    "9 spec.inner.nmae: unknown field; did you mean 'name'?",
                    "12 spec.items[1]: expected a mapping, found 7",
                    "13 spec.name: the same key again", "14 spec.extra: unknown field"
                )
    );
    EXPECT_EQ(name, "as it was") << "what is wrong is left alone";
    EXPECT_EQ(many, 7);
    EXPECT_EQ(is, std::nullopt);
    EXPECT_THAT(labels, IsEmpty());
    EXPECT_THAT(list, IsEmpty());
}

TEST_F(FieldReaderTest, AListWhereAMappingBelongsIsOneProblem) {
    with("[a]");
    std::string name;
    field_reader(object, "spec", problems).read("name", name);
    EXPECT_THAT(said(), ElementsAre("1 spec: expected a mapping, found a list"));
}

TEST_F(FieldReaderTest, KeysOfOthersCannotForgeLines) {
    object = yaml("{\"a\\nb\":1}");
    {
        field_reader in(object, "", problems);
    }
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].text().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace falconer
