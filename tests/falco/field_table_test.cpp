// What is known of fields and engines, held against what each version of Falco says of itself
// (../shared/data/falco, or FALCONER_SHARED/data/falco).
#include "falco/rules/field_table.hpp"

#include "falconer/falco/rule_lint.hpp"
#include "falconer/value.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace falconer::falco::rules {
namespace {

namespace fs = std::filesystem;

fs::path data() {
    const char* shared = std::getenv("FALCONER_SHARED");
    return fs::path(shared != nullptr ? shared : "../shared") / "data/falco";
}

value read(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    auto is = parse_json(text.str());
    EXPECT_TRUE(is) << path;
    return is ? *std::move(is) : value{};
}

/// Types as libs and plug-ins call them.
std::string type_of(std::string_view said) {
    using pair = std::pair<std::string_view, std::string_view>;
    for (const auto& [theirs, ours] :
         {pair{"CHARBUF", "text"}, pair{"string", "text"}, pair{"BYTEBUF", "bytes"},
          pair{"RELTIME", "time"}, pair{"ABSTIME", "time"}, pair{"reltime", "time"},
          pair{"abstime", "time"}, pair{"BOOL", "boolean"}, pair{"bool", "boolean"},
          pair{"IPADDR", "address"}, pair{"ipaddr", "address"}, pair{"IPNET", "network"},
          pair{"PORT", "port"}, pair{"DOUBLE", "real"}, pair{"DYN", "any"}})
        if (said == theirs) return std::string(ours);
    if (said.starts_with("string (list)")) return "text";
    return "integer";
}

bool has(const value& field, std::string_view flag) {
    const auto* flags = field.find("flags");
    return flags != nullptr && std::ranges::any_of(flags->items(), [&](const value& each) {
               return each.is_text() && *each.text() == flag;
           });
}

/// One of theirs is one of ours, as this version has it.
void expect_same(const value& theirs, std::string_view source, const falco_release& release) {
    const std::string name(theirs.text_at({"name"}));
    const auto        found = field_table::known().find(source, name);
    ASSERT_TRUE(found && found->name == name) << name << " is not known";
    const auto& is = *found->is;
    EXPECT_TRUE(is.is_known_to(release)) << name;
    // Of what the plug-in and Falco itself call differently, Falco's own name counts.
    if (name != "container.start_ts") {
        EXPECT_EQ(name_of(is.type), type_of(theirs.text_at({"type"}))) << name;
    }
    EXPECT_EQ(is.condition_only, has(theirs, "FILTER_ONLY")) << name;
    EXPECT_EQ(is.output_only, has(theirs, "PRINT_ONLY")) << name;
    EXPECT_EQ(is.no_rhs, has(theirs, "NO_RHS")) << name;
    EXPECT_EQ(is.no_transformer, has(theirs, "NO_TRANSFORMER")) << name;
    if (has(theirs, "DEPRECATED")) {
        EXPECT_TRUE(is.deprecated && release.number >= *is.deprecated) << name;
    }
    const bool argued = is.takes_index_in(release) || is.key || is.dotted;
    EXPECT_EQ(
        argued, has(theirs, "ARG_REQUIRED") || has(theirs, "ARG_ALLOWED") ||
                    has(theirs, "ARG_INDEX") || has(theirs, "ARG_KEY")
    ) << name;
    // evt.abspath.src and .dst are read as arguments, though evt.abspath stands alone as well.
    if (name != "evt.abspath") {
        EXPECT_EQ(is.required, has(theirs, "ARG_REQUIRED")) << name;
    }
}

const value& plugin(const value& all, std::string_view name) {
    static const value none;
    const auto*        fields = all.find_path({"plugins", name, "fields"});
    EXPECT_NE(fields, nullptr) << name;
    return fields != nullptr ? *fields : none;
}

class FieldTable : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (!fs::exists(data())) GTEST_SKIP() << data() << " is not there";
    }
};

TEST_P(FieldTable, IsTheVersionsOwn) {
    const auto release = *find_release(GetParam());
    const auto own     = read(data() / GetParam() / "fields.json");
    const auto plugins = read(data() / "plugin-fields.json");

    std::set<std::string, std::less<>> theirs;
    const auto                         expect = [&](const value& field, std::string_view source) {
        theirs.emplace(field.text_at({"name"}));
        expect_same(field, source, release);
    };
    for (const auto& field : own.find("fields")->items())
        if (field.text_at({"name"}) != "NA") expect(field, "syscall");  // stands for no field
    if (release.container)
        for (const auto& field : plugin(plugins, "container").items()) expect(field, "syscall");
    std::set<std::string, std::less<>> audited;
    for (const auto* of : {"k8saudit", "json"})
        for (const auto& field : plugin(plugins, of).items()) {
            audited.emplace(field.text_at({"name"}));
            expect_same(field, "k8s_audit", release);
            const auto found = field_table::known().find("k8s_audit", field.text_at({"name"}));
            EXPECT_TRUE(found && (found->is->plugin == "json") == (of == std::string_view("json")))
                << field.text_at({"name"});
        }
    for (const auto& name : field_table::known().names_of("k8s_audit", release))
        EXPECT_TRUE(
            audited.contains(name) || field_table::known().find("syscall", name).has_value()
        ) << name
          << " is no field of these plug-ins";
    for (const auto& field : plugin(plugins, "k8smeta").items()) {
        expect(field, "syscall");
        const auto found = field_table::known().find("syscall", field.text_at({"name"}));
        EXPECT_TRUE(found && found->is->plugin == "k8smeta") << field.text_at({"name"});
    }
    EXPECT_GT(theirs.size(), 300u);

    for (const auto& name : field_table::known().names_of("syscall", release))
        EXPECT_TRUE(theirs.contains(name)) << name << " is no field of this version";
}

/// What its own schema allows in a rule is no unknown key to us.
TEST_P(FieldTable, KeysOfRulesAreTheVersionsOwn) {
    const auto  schema = read(data() / GetParam() / "rules-schema.json");
    const auto* keys   = schema.find_path({"definitions", "FalcoRule", "properties"});
    ASSERT_NE(keys, nullptr);
    const auto is_told = [](const std::string& key) {
        const rule_file file{
            "mine.yaml",
            "- rule: a\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n "
            " " +
                key + ": 1\n"
        };
        const auto found = lint_rules({&file, 1}, 0, {.falco_version = GetParam()});
        return std::ranges::any_of(found, [&](const rule_problem& each) {
            return each.message.find("a rule has no key '" + key + "'") != std::string::npos;
        });
    };
    std::size_t seen = 0;
    for (const auto& [key, is, line] : keys->entries()) {
        if (key == "macro" || key == "list" || key == "items" || key.starts_with("required_"))
            continue;
        ++seen;
        EXPECT_FALSE(is_told(key)) << key;
    }
    EXPECT_GE(seen, 11u);
    for (const auto* key : {"capture", "capture_duration"})
        EXPECT_EQ(is_told(key), keys->find(key) == nullptr) << key;
    EXPECT_TRUE(is_told("prioritee"));
}

INSTANTIATE_TEST_SUITE_P(
    EveryVersion, FieldTable, ::testing::Values("0.40.0", "0.41.3", "0.42.1", "0.43.0", "0.44.1"),
    [](const auto& each) {
        std::string name = each.param;
        std::ranges::replace(name, '.', '_');
        return name;
    }
);

// Source: the engine of each release, userspace/engine/falco_engine_version.h.
TEST(FalcoReleases, HaveTheEnginesThatTheyCameWith) {
    using pair = std::pair<const char*, const char*>;
    for (const auto& [falco, engine] :
         {pair{"0.40.0", "0.46.0"}, pair{"0.41.0", "0.50.0"}, pair{"0.41.3", "0.50.0"},
          pair{"0.42.1", "0.57.0"}, pair{"0.43.0", "0.58.0"}, pair{"0.44.0", "0.62.0"},
          pair{"0.44.1", "0.62.0"}}) {
        const auto release = find_release(falco);
        ASSERT_TRUE(release);
        EXPECT_EQ(release->engine, engine) << falco;
        EXPECT_FALSE(release->unknown) << falco;
    }
}

}  // namespace
}  // namespace falconer::falco::rules
