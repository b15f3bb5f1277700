#include "config_schema.hpp"

#include "falconer/spelling.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace falconer::falco {
namespace {

constexpr std::array<std::string_view, 7>  types{"object",  "array",   "string", "number",
                                                "integer", "boolean", "null"};
constexpr std::array<std::string_view, 21> words{
    "type",      "enum",     "const",    "properties",  "required", "additionalProperties",
    "items",     "minItems", "maxItems", "minimum",     "maximum",  "minLength",
    "maxLength", "pattern",  "title",    "description", "default",  "examples",
    "$schema",   "$id",      "$comment"
};
constexpr std::array counts{"minItems", "maxItems", "minLength", "maxLength"};
/// A schema is short; one that nests deeper is a mistake.
constexpr int         deepest_schema = 16;
constexpr std::size_t most_choices   = 10;  // of an enumeration, in what is told

std::optional<double> number_of(const value& is) {
    const auto* text = is.numeral_text();
    if (text == nullptr) return std::nullopt;
    double     number        = 0;
    const auto end           = text->data() + text->size();
    const auto [stop, wrong] = std::from_chars(text->data(), end, number);
    return wrong == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

std::string quoted(std::string_view text) {
    return described(value(text));
}

re2::RE2::Options quiet() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    return options;
}

std::string field(const std::string& path, std::string_view key) {
    const auto text = quoted(key);  // and cut
    return path + '.' + text.substr(1, text.size() - 2);
}

std::string item(const std::string& path, std::size_t at) {
    return path + '[' + std::to_string(at) + ']';
}

// --- schemas ------------------------------------------------------------------------------------

class schema_checker {
public:
    explicit schema_checker(field_problems& problems) : problems_(problems) {}

    void check(const value& schema, const std::string& path, int depth) {
        if (!schema.is_map()) return expected(schema, path, "a schema, which is a mapping");
        if (depth > deepest_schema) return tell(schema, path, "schemas in schemas, too deeply");
        for (const auto& [key, is, line] : schema.entries())
            if (std::ranges::find(words, key) == words.end())
                problems_.push_back(
                    {field(path, key), "is not understood here" + did_you_mean(key, words), line}
                );
        check_types(schema, path);
        for (const char* key : counts)
            if (const auto* is = schema.find(key);
                is != nullptr && (!is->integer() || *is->integer() < 0))
                expected(*is, field(path, key), "a count");
        for (const char* key : {"minimum", "maximum"})
            if (const auto* is = schema.find(key); is != nullptr && !number_of(*is))
                expected(*is, field(path, key), "a number");
        if (const auto* is = schema.find("enum"); is != nullptr && is->items().empty())
            expected(*is, field(path, "enum"), "a list with something in it");
        check_pattern(schema, path);
        if (const auto* is = schema.find("required")) texts(*is, field(path, "required"));
        check_inner(schema, path, depth);
    }

private:
    void tell(const value& at, const std::string& path, std::string what) {
        problems_.push_back({path, std::move(what), at.line()});
    }
    void expected(const value& is, const std::string& path, const std::string& what) {
        tell(is, path, "expected " + what + ", found " + described(is));
    }

    std::vector<std::string> texts(const value& is, const std::string& path) {
        std::vector<std::string> all;
        if (!is.is_list()) expected(is, path, "a list of texts");
        for (const auto& each : is.items())
            if (each.is_text())
                all.push_back(*each.text());
            else
                expected(each, path, "a list of texts");
        return all;
    }

    void check_types(const value& schema, const std::string& path) {
        const auto* is = schema.find("type");
        if (is == nullptr) return;
        const auto all =
            is->is_text() ? std::vector<std::string>{*is->text()} : texts(*is, field(path, "type"));
        for (const auto& each : all)
            if (std::ranges::find(types, each) == types.end())
                tell(
                    *is, field(path, "type"),
                    "there is no type " + quoted(each) + did_you_mean(each, types)
                );
    }

    void check_pattern(const value& schema, const std::string& path) {
        const auto* is = schema.find("pattern");
        if (is == nullptr) return;
        if (!is->is_text()) return expected(*is, field(path, "pattern"), "a regular expression");
        const re2::RE2 read(*is->text(), quiet());
        if (!read.ok()) tell(*is, field(path, "pattern"), "RE2 says: " + in_one_line(read.error()));
    }

    void check_inner(const value& schema, const std::string& path, int depth) {
        if (const auto* all = schema.find("properties")) {
            if (!all->is_map()) expected(*all, field(path, "properties"), "a mapping of schemas");
            for (const auto& each : all->entries())
                check(each.is, field(field(path, "properties"), each.key), depth + 1);
        }
        if (const auto* is = schema.find("items")) check(*is, field(path, "items"), depth + 1);
        if (const auto* is = schema.find("additionalProperties"); is != nullptr && !is->boolean())
            check(*is, field(path, "additionalProperties"), depth + 1);
    }

    field_problems& problems_;
};

// --- what is held against them ------------------------------------------------------------------

class checker {
public:
    explicit checker(field_problems& problems) : problems_(problems) {}

    void check(const value& schema, const value& is, const std::string& path) {
        if (!is_of_type(schema, is)) return expected(is, path, types_of(schema));
        if (const auto* only = schema.find("const"); only != nullptr && !(is == *only))
            return expected(is, path, described(*only));
        if (const auto* all = schema.find("enum");
            all != nullptr && std::ranges::find(all->items(), is) == all->items().end()) {
            std::string choices;
            for (std::size_t i = 0; i < std::min(all->items().size(), most_choices); ++i)
                choices += (choices.empty() ? "" : ", ") + described(all->items()[i]);
            if (all->items().size() > most_choices) choices += ", …";
            return expected(is, path, "one of " + choices);
        }
        if (is.is_map()) return check_map(schema, is, path);
        if (is.is_list()) return check_list(schema, is, path);
        if (const auto* text = is.text()) return check_text(schema, *text, is, path);
        if (const auto number = number_of(is)) {
            if (const auto* least = schema.find("minimum"); least && *number < *number_of(*least))
                expected(is, path, "at least " + described(*least));
            if (const auto* most = schema.find("maximum"); most && *number > *number_of(*most))
                expected(is, path, "at most " + described(*most));
        }
    }

private:
    void expected(const value& is, const std::string& path, const std::string& what) {
        problems_.push_back({path, "expected " + what + ", found " + described(is), is.line()});
    }

    static bool is_a(std::string_view type, const value& is) {
        if (type == "object") return is.is_map();
        if (type == "array") return is.is_list();
        if (type == "string") return is.is_text();
        if (type == "boolean") return is.boolean().has_value();
        if (type == "null") return is.is_null();
        const auto number = number_of(is);
        return number && (type == "number" || is.integer().has_value());
    }

    static std::vector<std::string_view> names_of(const value& schema) {
        std::vector<std::string_view> all;
        const auto*                   is = schema.find("type");
        if (is == nullptr) return all;
        if (is->is_text()) all.emplace_back(*is->text());
        for (const auto& each : is->items()) all.emplace_back(*each.text());
        return all;
    }

    static bool is_of_type(const value& schema, const value& is) {
        const auto all = names_of(schema);
        return all.empty() ||
               std::ranges::any_of(all, [&](std::string_view type) { return is_a(type, is); });
    }

    static std::string types_of(const value& schema) {
        std::string all;
        for (const auto each : names_of(schema)) {
            if (!all.empty()) all += " or ";
            all += each == "object"    ? "a mapping"
                   : each == "array"   ? "a list"
                   : each == "string"  ? "a text"
                   : each == "integer" ? "a whole number"
                   : each == "number"  ? "a number"
                   : each == "boolean" ? "true or false"
                                       : "nothing";
        }
        return all;
    }

    void check_map(const value& schema, const value& is, const std::string& path) {
        const auto*                   known = schema.find("properties");
        const auto*                   rest  = schema.find("additionalProperties");
        std::vector<std::string_view> names;
        if (known != nullptr)
            for (const auto& each : known->entries()) names.emplace_back(each.key);
        for (const auto& [key, inner, line] : is.entries()) {
            const auto* its = known != nullptr ? known->find(key) : nullptr;
            if (its == nullptr && rest != nullptr && !rest->boolean()) its = rest;
            if (its != nullptr)
                check(*its, inner, field(path, key));
            else if (rest != nullptr && !rest->boolean().value_or(true))
                problems_.push_back(
                    {field(path, key), "unknown field" + did_you_mean(key, names), line}
                );
        }
        if (const auto* needed = schema.find("required"))
            for (const auto& each : needed->items())
                if (is.find(*each.text()) == nullptr)
                    problems_.push_back({field(path, *each.text()), "is needed", is.line()});
    }

    void check_list(const value& schema, const value& is, const std::string& path) {
        const auto size = static_cast<std::int64_t>(is.items().size());
        check_count(schema, "minItems", "maxItems", size, "items", is, path);
        if (const auto* each = schema.find("items"))
            for (std::size_t i = 0; i < is.items().size(); ++i)
                check(*each, is.items()[i], item(path, i));
    }

    void check_text(
        const value& schema, const std::string& text, const value& is, const std::string& path
    ) {
        const auto size = static_cast<std::int64_t>(text.size());
        check_count(schema, "minLength", "maxLength", size, "bytes", is, path);
        const auto* pattern = schema.find("pattern");
        if (pattern == nullptr) return;
        const re2::RE2 wanted(*pattern->text(), quiet());
        if (!re2::RE2::PartialMatch(text, wanted))
            expected(is, path, "what " + described(*pattern) + " matches");
    }

    void check_count(
        const value& schema, const char* least, const char* most, std::int64_t count,
        const std::string& of, const value& is, const std::string& path
    ) {
        const auto* low  = schema.find(least);
        const auto* high = schema.find(most);
        if (low != nullptr && count < *low->integer())
            problems_.push_back(
                {path,
                 "has " + std::to_string(count) + ' ' + of + ", fewer than " + described(*low),
                 is.line()}
            );
        if (high != nullptr && count > *high->integer())
            problems_.push_back(
                {path,
                 "has " + std::to_string(count) + ' ' + of + ", more than " + described(*high),
                 is.line()}
            );
    }

    field_problems& problems_;
};

}  // namespace

void check_schema(const value& schema, const std::string& path, field_problems& problems) {
    schema_checker(problems).check(schema, path, 0);
}

void check_against(
    const value& schema, const value& is, const std::string& path, field_problems& problems
) {
    checker(problems).check(schema, is, path);
}

}  // namespace falconer::falco
