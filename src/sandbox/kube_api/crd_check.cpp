// What keeps a CRD from being served.
#include "crd_schema.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace falconer::sandbox {
namespace {

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
    if (version.text_at({"name"}).empty()) found.push_back(path + ".name: Required value");
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
    if (crd.text_at({"spec", "names", "kind"}).empty())
        found.emplace_back("spec.names.kind: Required value");
    const auto* const versions = crd.find_path({"spec", "versions"});
    std::size_t       kept     = 0;
    if (versions != nullptr)
        for (std::size_t i = 0; i < versions->items().size(); ++i) {
            const auto& each  = versions->items()[i];
            const auto  alone = versions->items().size() == 1;
            look_at_version(each, "spec.versions[" + std::to_string(i) + "]", alone, found);
            kept += is_set(each, "storage") ? 1 : 0;
        }
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
