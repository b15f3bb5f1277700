// What keeps a CRD from being served.
#include "crd_schema.hpp"
#include "scale.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace falconer::sandbox {
namespace {

/// Source: apimachinery, util/validation, IsDNS1035Label.
bool is_dns_label(std::string_view text) {
    const auto is_inner = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= 63 && text.front() >= 'a' && text.front() <= 'z' &&
           text.back() != '-' && std::ranges::all_of(text, is_inner);
}

std::string lowered(std::string_view text) {
    std::string made(text);
    for (auto& c : made)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return made;
}

bool is_set(const value& schema, std::string_view flag) {
    const auto* const is = schema.find(flag);
    return is != nullptr && is->boolean() == true;
}

/// Structural: each has a type. Source: kubernetes.io, "Specifying a structural schema".
void look_at_schema(const value& schema, const std::string& path, std::vector<std::string>& found) {
    const auto                                type = schema.text_at({"type"});
    constexpr std::array<std::string_view, 6> types{"array",  "boolean", "integer",
                                                    "number", "object",  "string"};
    const bool                                free = is_set(schema, "x-kubernetes-int-or-string") ||
                      is_set(schema, "x-kubernetes-preserve-unknown-fields");
    if (type.empty() && !free)
        found.push_back(
            path + ".type: Required value: must not be empty for specified object fields"
        );
    else if (!type.empty() && std::find(types.begin(), types.end(), type) == types.end())
        found.push_back(
            path + ".type: Unsupported value: \"" + std::string(type) +
            R"(": supported values: "array", "boolean", "integer", "number", "object", "string")"
        );
    if (const auto pattern = schema.text_at({"pattern"});
        !pattern.empty() && !RE2(std::string(pattern), RE2::Quiet).ok())
        found.push_back(
            path + ".pattern: Invalid value: " + json_text(value(pattern)) +
            ": must be a valid regular expression"
        );
    if (const auto* const known = schema.find("properties"))
        for (const auto& each : known->entries())
            look_at_schema(each.is, path + ".properties[" + each.key + "]", found);
    if (const auto* const each = schema.find("items"))
        look_at_schema(*each, path + ".items", found);
    if (const auto* const other = schema.find("additionalProperties"); other && other->is_map())
        look_at_schema(*other, path + ".additionalProperties", found);
    if (type == "array" && schema.find("items") == nullptr)
        found.push_back(path + ".items: Required value: must be specified");
    if (schema.find("properties") != nullptr && schema.find("additionalProperties") != nullptr)
        found.push_back(
            path +
            ".additionalProperties: Forbidden: additionalProperties and properties are mutual "
            "exclusive"
        );
    if (is_set(schema, "uniqueItems"))
        found.push_back(
            path +
            ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime "
            "complexity becomes quadratic"
        );
    const auto* const keys = schema.find("x-kubernetes-list-map-keys");
    if (schema.text_at({"x-kubernetes-list-type"}) == "map" &&
        (keys == nullptr || keys->items().empty()))
        found.push_back(
            path +
            ".x-kubernetes-list-map-keys: Required value: must not be empty if "
            "x-kubernetes-list-type is map"
        );
    if (const auto* const otherwise = schema.find("default")) {
        auto is = *otherwise;
        fill_defaults(is, schema);
        for (const auto& each : violations({{"is", is}}, {{"properties", {{"is", schema}}}}))
            found.push_back(path + ".default" + each.substr(each.find(':')));
    }
}

/// How many rules in CEL there are that are not played, and where the first one is.
struct rules_found {
    std::size_t count = 0;
    std::string first{};
};
/// `within_list`: there nothing is played.
void look_for_rules(
    const value& schema, const std::string& path, bool within_list, rules_found& found
) {
    if (const auto* const rules = schema.find("x-kubernetes-validations"))
        for (const auto& each : rules->items()) {
            if (says_fixed(each) && !within_list) continue;
            if (found.count++ == 0) found.first = path;
        }
    if (const auto* const known = schema.find("properties"))
        for (const auto& each : known->entries())
            look_for_rules(each.is, path + ".properties[" + each.key + "]", within_list, found);
    if (const auto* const inner = schema.find("additionalProperties"))
        look_for_rules(*inner, path + ".additionalProperties", within_list, found);
    if (const auto* const inner = schema.find("items"))
        look_for_rules(*inner, path + ".items", true, found);
}

/// `alone`: there is no other version; then a real server speaks of its schema as of the whole
/// type's. Source: apiextensions-apiserver, apis/apiextensions/v1/conversion.go.
void look_at_version(
    const value& version, const std::string& path, bool alone, std::vector<std::string>& found
) {
    const auto name = version.text_at({"name"});
    if (name.empty()) found.push_back(path + ".name: Required value");
    if (!name.empty() && !is_dns_label(name)) {
        const auto why = ": Invalid value: " + json_text(name) + ": it must be a DNS-1035 label";
        found.push_back(path + ".name" + why);
        if (alone) found.push_back("spec.version" + why);
    }
    for (auto& each : scale_violations(version, alone ? "spec" : path))
        found.push_back(std::move(each));
    const auto* const schema = version.find_path({"schema", "openAPIV3Schema"});
    if (schema == nullptr || !schema->is_map()) {
        found.push_back(path + ".schema.openAPIV3Schema: Required value: schemas are required");
        return;
    }
    const auto at = (alone ? "spec.validation" : path + ".schema") + ".openAPIV3Schema";
    if (schema->text_at({"type"}).empty())
        found.push_back(at + ".type: Required value: must not be empty at the root");
    else if (schema->text_at({"type"}) != "object")
        found.push_back(
            at + ".type: Invalid value: \"" + std::string(schema->text_at({"type"})) +
            "\": must be object at the root"
        );
    else
        look_at_schema(*schema, at, found);
}

}  // namespace

std::vector<std::string> crd_violations(const value& crd) {
    std::vector<std::string> found;
    const auto               plural = crd.text_at({"spec", "names", "plural"});
    const auto               group  = crd.text_at({"spec", "group"});
    const auto               name   = crd.text_at({"metadata", "name"});
    if (const auto wanted = std::string(plural) + "." + std::string(group); name != wanted)
        found.push_back(
            "metadata.name: Invalid value: " + json_text(value(name)) +
            ": must be spec.names.plural+\".\"+spec.group"
        );
    if (group.empty()) found.emplace_back("spec.group: Required value");
    const auto scope = crd.text_at({"spec", "scope"});
    if (scope.empty())
        found.emplace_back("spec.scope: Required value");
    else if (scope != "Cluster" && scope != "Namespaced")
        found.push_back(
            "spec.scope: Unsupported value: " + json_text(value(scope)) +
            R"(: supported values: "Cluster", "Namespaced")"
        );
    if (plural.empty()) found.emplace_back("spec.names.plural: Required value");
    const auto kind = crd.text_at({"spec", "names", "kind"});
    if (kind.empty()) found.emplace_back("spec.names.kind: Required value");
    if (!kind.empty() && !is_dns_label(lowered(kind)))
        found.push_back(
            "spec.names.kind: Invalid value: " + json_text(kind) +
            ": may have mixed case, but should otherwise match a DNS-1035 label"
        );
    const auto strategy = crd.text_at({"spec", "conversion", "strategy"});
    if (!strategy.empty() && strategy != "None" && strategy != "Webhook")
        found.push_back(
            "spec.conversion.strategy: Unsupported value: " + json_text(strategy) +
            R"(: supported values: "None", "Webhook")"
        );
    const auto* const          versions = crd.find_path({"spec", "versions"});
    std::size_t                kept     = 0;
    bool                       doubled  = false;
    std::set<std::string_view> names;
    if (versions != nullptr)
        for (std::size_t i = 0; i < versions->items().size(); ++i) {
            const auto& each  = versions->items()[i];
            const auto  alone = versions->items().size() == 1;
            look_at_version(each, "spec.versions[" + std::to_string(i) + "]", alone, found);
            kept    += is_set(each, "storage") ? 1 : 0;
            doubled  = doubled || !names.insert(each.text_at({"name"})).second;
        }
    if (doubled)
        found.emplace_back("spec.versions: Invalid value: must contain unique version names");
    if (kept != 1)
        found.emplace_back(
            "spec.versions: Invalid value: must have exactly one version marked as storage version"
        );
    if (kept == 0)
        found.emplace_back(
            "status.storedVersions: Invalid value: null: must have at least one stored version"
        );
    return found;
}

std::vector<std::string> crd_changes(const value& was, const value& crd) {
    std::vector<std::string> found;
    if (was.is_null()) return found;
    for (const auto& path :
         {std::array<std::string_view, 3>{"spec", "scope", ""},
          {"spec", "group", ""},
          {"spec", "names", "plural"},
          {"spec", "names", "kind"}}) {
        const auto is  = path[2].empty() ? crd.text_at({path[0], path[1]})
                                         : crd.text_at({path[0], path[1], path[2]});
        const auto had = path[2].empty() ? was.text_at({path[0], path[1]})
                                         : was.text_at({path[0], path[1], path[2]});
        if (is == had) continue;
        auto at = std::string(path[0]) + "." + std::string(path[1]);
        if (!path[2].empty()) at += "." + std::string(path[2]);
        found.push_back(at + ": Invalid value: " + json_text(is) + ": field is immutable");
    }
    return found;
}

std::vector<std::string> crd_warnings(const value& crd) {
    rules_found       rules;
    const auto* const versions = crd.find_path({"spec", "versions"});
    for (std::size_t i = 0; versions != nullptr && i < versions->items().size(); ++i) {
        const auto* const schema = versions->items()[i].find_path({"schema", "openAPIV3Schema"});
        const auto        at = "spec.versions[" + std::to_string(i) + "].schema.openAPIV3Schema";
        if (schema != nullptr) look_for_rules(*schema, at, false, rules);
    }
    std::vector<std::string> found;
    if (rules.count > 0)
        found.push_back(
            "of x-kubernetes-validations the sandbox plays `self == oldSelf` only, and not: " +
            std::to_string(rules.count) + " of the rules, the first at " + rules.first +
            "; objects that break them are taken"
        );
    if (crd.text_at({"spec", "conversion", "strategy"}) == "Webhook")
        found.emplace_back(
            "the sandbox does not convert between versions (spec.conversion): objects are answered "
            "as they were written"
        );
    return found;
}

}  // namespace falconer::sandbox
