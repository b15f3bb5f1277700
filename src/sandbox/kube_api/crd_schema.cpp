#include "crd_schema.hpp"

#include "formats.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <string_view>

namespace falconer::sandbox {
namespace {

bool is_set(const value& schema, std::string_view flag) {
    const auto* const is = schema.find(flag);
    return is != nullptr && is->boolean() == true;
}

std::string below(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

bool is_top(std::string_view key) {
    return key == "apiVersion" || key == "kind" || key == "metadata";
}

/// `whole`: an object with a kind of its own.
void prune_at(
    value& is, const value& schema, const std::string& path, bool whole,
    std::vector<std::string>& gone
) {
    const bool keeps = is_set(schema, "x-kubernetes-preserve-unknown-fields");
    if (is.is_list()) {
        const auto* const each = schema.find("items");
        if (each == nullptr) return;
        for (std::size_t i = 0; i < is.items().size(); ++i)
            prune_at(
                is.item(i), *each, path + "[" + std::to_string(i) + "]",
                is_set(*each, "x-kubernetes-embedded-resource"), gone
            );
        return;
    }
    if (!is.is_map()) return;
    const auto* const        known = schema.find("properties");
    const auto* const        other = schema.find("additionalProperties");
    std::vector<std::string> unknown;
    for (const auto& each : is.entries()) {
        if (whole && is_top(each.key)) continue;
        const auto* const property = known == nullptr ? nullptr : known->find(each.key);
        const auto* const inner    = property != nullptr
                                         ? property
                                         : (other != nullptr && other->is_map() ? other : nullptr);
        if (inner != nullptr)
            prune_at(
                *is.find(each.key), *inner, below(path, each.key),
                is_set(*inner, "x-kubernetes-embedded-resource"), gone
            );
        else if (!keeps && other == nullptr)
            unknown.push_back(each.key);
    }
    for (const auto& key : unknown) {
        is.erase(key);
        gone.push_back(below(path, key));
    }
}

void default_at(value& is, const value& schema) {
    if (is.is_list()) {
        if (const auto* const each = schema.find("items"))
            for (std::size_t i = 0; i < is.items().size(); ++i) default_at(is.item(i), *each);
        return;
    }
    if (!is.is_map()) return;
    if (const auto* const known = schema.find("properties"))
        for (const auto& each : known->entries()) {
            const auto* const otherwise = each.is.find("default");
            auto*             has       = is.find(each.key);
            const bool nothing = has == nullptr || (has->is_null() && !is_set(each.is, "nullable"));
            if (nothing && otherwise != nullptr)
                is[each.key] = *otherwise;
            else if (nothing && has != nullptr)
                is.erase(each.key);  // null is what is not there
            if (auto* const there = is.find(each.key)) default_at(*there, each.is);
        }
    if (const auto* const other = schema.find("additionalProperties");
        other != nullptr && other->is_map())
        for (const auto& each : value::map_type(is.entries()))
            default_at(*is.find(each.key), *other);
}

void look_at_fixed(
    const value& is, const value& was, const value& schema, const std::string& path,
    std::vector<std::string>& found
) {
    if (const auto* const rules = schema.find("x-kubernetes-validations"); rules && is != was)
        for (const auto& each : rules->items()) {
            if (!says_fixed(each)) continue;
            const auto said = each.text_at({"message"});
            found.push_back(
                path + ": Invalid value: " + json_text(is) + ": " +
                (said.empty() ? "failed rule: " + std::string(each.text_at({"rule"}))
                              : std::string(said))
            );
        }
    const auto* const known = schema.find("properties");
    const auto* const other = schema.find("additionalProperties");
    for (const auto& each : is.entries()) {
        const auto* const had   = was.find(each.key);
        const auto*       inner = known == nullptr ? nullptr : known->find(each.key);
        if (inner == nullptr) inner = other;
        if (had != nullptr && inner != nullptr)
            look_at_fixed(each.is, *had, *inner, below(path, each.key), found);
    }
}

/// As Go prints a value in a message.
std::string shown(const value& is) {
    if (is.is_map()) return "object";
    if (is.is_list()) return "array";
    return json_text(is);
}

class judge {
public:
    std::vector<std::string> found{};

    void look(const value& is, const value& schema, const std::string& path) {
        if (is.is_null()) {
            if (!is_set(schema, "nullable") && !path.empty()) wrong_type(is, schema, path);
            return;
        }
        if (!has_type(is, schema)) {
            wrong_type(is, schema, path);
            // A number of the wrong kind may be too large as well.
            if (is.what() == value::kind::number) look_at_number(is, schema, path);
            return;
        }
        if (const auto* const all = schema.find("enum")) look_in(is, *all, path);
        if (const auto* const text = is.text()) look_at_text(*text, schema, path);
        if (is.what() == value::kind::number) look_at_number(is, schema, path);
        if (is.is_list()) look_at_list(is, schema, path);
        if (is.is_map()) look_at_map(is, schema, path);
        look_at_logic(is, schema, path);
    }

private:
    void invalid(const std::string& path, const std::string& is, const std::string& why) {
        found.push_back(path + ": Invalid value: " + is + ": " + path + " in body " + why);
    }
    static bool has_type(const value& is, const value& schema) {
        if (is_set(schema, "x-kubernetes-int-or-string"))
            return is.is_text() || is.integer().has_value();
        const auto type = schema.text_at({"type"});
        if (type.empty()) return true;
        if (type == "string") return is.is_text();
        if (type == "boolean") return is.what() == value::kind::boolean;
        if (type == "number") return is.what() == value::kind::number;
        if (type == "integer") {
            if (is.integer()) return true;
            const auto* const text = is.numeral_text();  // 1.0 and 1e3 are whole numbers, too
            if (text == nullptr) return false;
            const double     number = std::strtod(text->c_str(), nullptr);
            constexpr double most   = 9.0e18;  // what 64 bits hold
            return number > -most && number < most && number == std::trunc(number);
        }
        if (type == "array") return is.is_list();
        return is.is_map();
    }
    void wrong_type(const value& is, const value& schema, const std::string& path) {
        auto type = std::string(schema.text_at({"type"}));
        if (is_set(schema, "x-kubernetes-int-or-string")) type = "integer,string";
        constexpr std::array<std::string_view, 6> names{"null",   "boolean", "number",
                                                        "string", "array",   "object"};
        std::string                               what(names[static_cast<std::size_t>(is.what())]);
        if (is.integer()) what = "integer";
        invalid(path, '"' + what + '"', "must be of type " + type + ": \"" + what + '"');
    }
    void look_in(const value& is, const value& all, const std::string& path) {
        const auto& may = all.items();
        if (std::find(may.begin(), may.end(), is) != may.end()) return;
        std::string supported;
        for (const auto& each : may) supported += (supported.empty() ? "" : ", ") + shown(each);
        found.push_back(
            path + ": Unsupported value: " + shown(is) + ": supported values: " + supported
        );
    }
    static std::optional<std::int64_t> limit(const value& schema, std::string_view key) {
        const auto* const is = schema.find(key);
        return is == nullptr ? std::nullopt : is->integer();
    }
    void look_at_text(const std::string& text, const value& schema, const std::string& path) {
        const auto letters = std::count_if(text.begin(), text.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        });
        const auto as_json = json_text(value(text));
        if (const auto least = limit(schema, "minLength"); least && letters < *least)
            invalid(path, as_json, "should be at least " + std::to_string(*least) + " chars long");
        if (const auto most = limit(schema, "maxLength"); most && letters > *most)
            found.push_back(
                path + ": Too long: may not be more than " + std::to_string(*most) + " bytes"
            );
        if (const auto format = schema.text_at({"format"});
            !format.empty() && !has_format(text, format))
            invalid(path, as_json, "must be of type " + std::string(format) + ": " + as_json);
        const auto pattern = schema.text_at({"pattern"});
        if (pattern.empty()) return;
        const RE2 is_good(std::string(pattern), RE2::Quiet);
        if (is_good.ok() && !RE2::PartialMatch(text, is_good))
            invalid(path, as_json, "should match '" + std::string(pattern) + "'");
    }
    void look_at_number(const value& is, const value& schema, const std::string& path) {
        const auto text   = *is.numeral_text();
        const auto number = std::strtod(text.c_str(), nullptr);
        const auto bound  = [&](std::string_view key) -> const std::string* {
            const auto* const at = schema.find(key);
            return at == nullptr ? nullptr : at->numeral_text();
        };
        if (const auto* const least = bound("minimum")) {
            const auto at    = std::strtod(least->c_str(), nullptr);
            const bool equal = !is_set(schema, "exclusiveMinimum");
            if (equal ? number < at : number <= at)
                invalid(
                    path, text,
                    std::string("should be greater than ") + (equal ? "or equal to " : "") + *least
                );
        }
        if (const auto* const most = bound("maximum")) {
            const auto at    = std::strtod(most->c_str(), nullptr);
            const bool equal = !is_set(schema, "exclusiveMaximum");
            if (equal ? number > at : number >= at)
                invalid(
                    path, text,
                    std::string("should be less than ") + (equal ? "or equal to " : "") + *most
                );
        }
    }
    void look_at_list(const value& is, const value& schema, const std::string& path) {
        const auto size = static_cast<std::int64_t>(is.items().size());
        if (const auto least = limit(schema, "minItems"); least && size < *least)
            invalid(
                path, std::to_string(size),
                "should have at least " + std::to_string(*least) + " items"
            );
        if (const auto most = limit(schema, "maxItems"); most && size > *most)
            found.push_back(
                path + ": Too many: " + std::to_string(size) + ": must have at most " +
                std::to_string(*most) + " items"
            );
        if (const auto* const each = schema.find("items"))
            for (std::size_t i = 0; i < is.items().size(); ++i)
                look(is.items()[i], *each, path + "[" + std::to_string(i) + "]");
        look_for_doubles(is, schema, path);
    }
    /// Of a list that is a set or a map.
    void look_for_doubles(const value& is, const value& schema, const std::string& path) {
        const auto kind = schema.text_at({"x-kubernetes-list-type"});
        if (kind != "set" && kind != "map") return;
        std::set<std::string> seen;
        for (std::size_t i = 0; i < is.items().size(); ++i) {
            const auto& item = is.items()[i];
            value       id   = item;
            if (const auto* const keys = schema.find("x-kubernetes-list-map-keys");
                kind == "map" && keys != nullptr) {
                id = value::map();
                for (const auto& key : keys->items())
                    if (const auto* const part = key.is_text() ? item.find(*key.text()) : nullptr)
                        id[*key.text()] = *part;
            }
            if (!seen.insert(json_text(id)).second)
                found.push_back(
                    path + "[" + std::to_string(i) + "]: Duplicate value: " + json_text(id)
                );
        }
    }
    void look_at_map(const value& is, const value& schema, const std::string& path) {
        if (const auto* const needed = schema.find("required"))
            for (const auto& each : needed->items())
                if (each.is_text() && is.find(*each.text()) == nullptr)
                    found.push_back(below(path, *each.text()) + ": Required value");
        const auto size = static_cast<std::int64_t>(is.entries().size());
        if (const auto least = limit(schema, "minProperties"); least && size < *least)
            invalid(
                path, std::to_string(size),
                "should have at least " + std::to_string(*least) + " properties"
            );
        if (const auto most = limit(schema, "maxProperties"); most && size > *most)
            found.push_back(
                path + ": Too many: " + std::to_string(size) + ": must have at most " +
                std::to_string(*most) + " items"
            );
        const auto* const known = schema.find("properties");
        const auto* const other = schema.find("additionalProperties");
        for (const auto& each : is.entries()) {
            const auto* const property = known == nullptr ? nullptr : known->find(each.key);
            // What metadata is, the server knows by itself.
            if (path.empty() && each.key == "metadata") continue;
            if (property != nullptr)
                look(each.is, *property, below(path, each.key));
            else if (other != nullptr && other->is_map())
                look(each.is, *other, below(path, each.key));
        }
    }
    bool fits(const value& is, const value& schema, const std::string& path) const {
        judge other;
        other.look(is, schema, path);
        return other.found.empty();
    }
    void look_at_logic(const value& is, const value& schema, const std::string& path) {
        const auto count = [&](std::string_view key) -> std::optional<std::size_t> {
            const auto* const all = schema.find(key);
            if (all == nullptr || all->items().empty()) return {};
            return static_cast<std::size_t>(std::count_if(
                all->items().begin(), all->items().end(),
                [&](const value& each) { return fits(is, each, path); }
            ));
        };
        if (const auto* const all = schema.find("allOf"))
            for (const auto& each : all->items()) look(is, each, path);
        if (count("anyOf") == 0U)
            invalid(path, shown(is), "must validate at least one schema (anyOf)");
        if (const auto one = count("oneOf"); one && *one != 1U)
            invalid(path, shown(is), "must validate one and only one schema (oneOf)");
        if (const auto* const no = schema.find("not"); no != nullptr && fits(is, *no, path))
            invalid(path, shown(is), "must not validate the schema (not)");
    }
};

}  // namespace

std::vector<std::string> prune(value& object, const value& schema) {
    std::vector<std::string> gone;
    prune_at(object, schema, "", true, gone);
    return gone;
}

void fill_defaults(value& object, const value& schema) {
    default_at(object, schema);
}

std::vector<std::string> violations(const value& object, const value& schema) {
    judge looks;
    looks.look(object, schema, "");
    return std::move(looks.found);
}

bool says_fixed(const value& rule) {
    auto text = std::string(rule.text_at({"rule"}));
    std::erase(text, ' ');
    return text == "self==oldSelf" || text == "oldSelf==self";
}

std::vector<std::string> changes_of_fixed(
    const value& object, const value& was, const value& schema
) {
    std::vector<std::string> found;
    look_at_fixed(object, was, schema, {}, found);
    return found;
}

std::string listed(const std::vector<std::string>& problems) {
    if (problems.size() == 1) return problems.front();
    std::string all;
    for (const auto& each : problems) all += (all.empty() ? "" : ", ") + each;
    return "[" + all + "]";
}

}  // namespace falconer::sandbox
