#include "shape.hpp"

#include "falconer/base64.hpp"
#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <variant>

namespace falconer::sandbox {
namespace {

enum class shape : std::uint8_t {
    text,
    whole,
    whole32,
    flag,
    moment,
    micro_moment,
    texts,
    bytes,
    map,
    texts_in_list,
    maps
};

struct field {
    std::string_view name{};
    shape            is = shape::text;
};

constexpr std::array<field, 15> of_metadata{{
    {"name", shape::text},
    {"generateName", shape::text},
    {"namespace", shape::text},
    {"selfLink", shape::text},
    {"uid", shape::text},
    {"resourceVersion", shape::text},
    {"generation", shape::whole},
    {"creationTimestamp", shape::moment},
    {"deletionTimestamp", shape::moment},
    {"deletionGracePeriodSeconds", shape::whole},
    {"labels", shape::texts},
    {"annotations", shape::texts},
    {"finalizers", shape::texts_in_list},
    {"ownerReferences", shape::maps},
    {"managedFields", shape::maps},
}};

struct field_of_kind {
    std::string_view group{}, kind{}, part{};  // part: "" is the object itself
    field            is{};
};
constexpr std::string_view core{}, coordination = "coordination.k8s.io",
                                   rbac      = "rbac.authorization.k8s.io",
                                   extending = "apiextensions.k8s.io";

constexpr std::array<field_of_kind, 30> of_kinds{{
    {core, "ConfigMap", "", {"data", shape::texts}},
    {core, "ConfigMap", "", {"binaryData", shape::bytes}},
    {core, "ConfigMap", "", {"immutable", shape::flag}},
    {core, "Secret", "", {"data", shape::bytes}},
    {core, "Secret", "", {"stringData", shape::texts}},
    {core, "Secret", "", {"immutable", shape::flag}},
    {core, "Secret", "", {"type", shape::text}},
    {core, "Event", "", {"reason", shape::text}},
    {core, "Event", "", {"message", shape::text}},
    {core, "Event", "", {"type", shape::text}},
    {core, "Event", "", {"count", shape::whole32}},
    {core, "Event", "", {"firstTimestamp", shape::moment}},
    {core, "Event", "", {"lastTimestamp", shape::moment}},
    {core, "Event", "", {"eventTime", shape::micro_moment}},
    {core, "Event", "", {"involvedObject", shape::map}},
    {core, "Namespace", "spec", {"finalizers", shape::texts_in_list}},
    {coordination, "Lease", "spec", {"holderIdentity", shape::text}},
    {coordination, "Lease", "spec", {"leaseDurationSeconds", shape::whole32}},
    {coordination, "Lease", "spec", {"leaseTransitions", shape::whole32}},
    {coordination, "Lease", "spec", {"acquireTime", shape::micro_moment}},
    {coordination, "Lease", "spec", {"renewTime", shape::micro_moment}},
    {coordination, "Lease", "spec", {"strategy", shape::text}},
    {coordination, "Lease", "spec", {"preferredHolder", shape::text}},
    {extending, "CustomResourceDefinition", "spec", {"names", shape::map}},
    {extending, "CustomResourceDefinition", "spec", {"versions", shape::maps}},
    {extending, "CustomResourceDefinition", "spec", {"conversion", shape::map}},
    {rbac, "", "", {"rules", shape::maps}},
    {rbac, "", "", {"subjects", shape::maps}},
    {rbac, "", "", {"roleRef", shape::map}},
    {rbac, "", "", {"aggregationRule", shape::map}},
}};

std::string expected(const std::string& at, std::string_view what, const value& found) {
    return at + ": expected " + std::string(what) + ", found " + described(found);
}

std::string wrong_list(const std::string& at, const value& is, bool of_maps) {
    if (!is.is_list()) return expected(at, "a list", is);
    for (const auto& each : is.items())
        if (!each.is_null() && (of_maps ? !each.is_map() : !each.is_text()))
            return expected(at, of_maps ? "mappings within" : "texts within", each);
    return {};
}

std::string wrong_map(const std::string& at, const value& is, bool of_bytes) {
    if (!is.is_map()) return expected(at, "a mapping", is);
    for (const auto& each : is.entries()) {
        if (each.is.is_null()) continue;
        const auto* const text = each.is.text();
        if (text == nullptr) return expected(at + "." + each.key, "a text", each.is);
        if (of_bytes && !decode_base64(*text)) return at + "." + each.key + ": illegal base64 data";
    }
    return {};
}

/// Source: apimachinery, meta/v1, RFC3339Micro.
bool is_micro_time(std::string_view text) {
    constexpr std::size_t point = 19, digits = 6;  // "2006-01-02T15:04:05.000000Z"
    if (text.size() <= point + digits + 1 || text[point] != '.' || text[10] != 'T') return false;
    const auto zone = text[point + digits + 1];
    return (zone == 'Z' || zone == '+' || zone == '-') &&
           std::holds_alternative<event_time>(parse_rfc3339(text));
}

/// Null is what is not there.
std::string wrong(const std::string& at, const value& is, shape wanted) {
    if (is.is_null()) return {};
    switch (wanted) {
        case shape::text: return is.is_text() ? "" : expected(at, "a text", is);
        case shape::whole: return is.integer() ? "" : expected(at, "a whole number", is);
        case shape::whole32: {
            constexpr std::int64_t most   = std::numeric_limits<std::int32_t>::max();
            const auto             number = is.integer();
            if (!number) return expected(at, "a whole number", is);
            return *number > most || *number < -most - 1
                       ? expected(at, "a whole number of 32 bits", is)
                       : "";
        }
        case shape::flag: return is.boolean() ? "" : expected(at, "true or false", is);
        case shape::moment:
            return is.is_text() && std::holds_alternative<event_time>(parse_rfc3339(*is.text()))
                       ? ""
                       : expected(at, "a time", is);
        case shape::micro_moment:
            return is.is_text() && is_micro_time(*is.text())
                       ? ""
                       : expected(at, "a time with six digits behind its point", is);
        case shape::map: return is.is_map() ? "" : expected(at, "a mapping", is);
        case shape::texts: return wrong_map(at, is, false);
        case shape::bytes: return wrong_map(at, is, true);
        case shape::texts_in_list: return wrong_list(at, is, false);
        case shape::maps: return wrong_list(at, is, true);
    }
    return {};
}

/// Of what a CRD says of its objects. Source: apiextensions/v1, JSONSchemaProps.
std::string wrong_schema(const value& schema, const std::string& at) {
    if (schema.is_null()) return {};
    if (!schema.is_map()) return expected(at, "a mapping", schema);
    constexpr std::array<field, 6> known{{
        {"type", shape::text},
        {"pattern", shape::text},
        {"format", shape::text},
        {"required", shape::texts_in_list},
        {"properties", shape::map},
        {"x-kubernetes-validations", shape::maps},
    }};
    for (const auto& each : known)
        if (const auto* const is = schema.find(each.name))
            if (auto why = wrong(at + "." + std::string(each.name), *is, each.is); !why.empty())
                return why;
    if (const auto* const inner = schema.find("properties"))
        for (const auto& each : inner->entries())
            if (auto why = wrong_schema(each.is, at + ".properties." + each.key); !why.empty())
                return why;
    const auto* const items = schema.find("items");
    return items == nullptr || items->is_list() ? "" : wrong_schema(*items, at + ".items");
}

std::string wrong_metadata(const value& object) {
    const auto* const metadata = object.find("metadata");
    if (metadata == nullptr || metadata->is_null()) return {};
    if (!metadata->is_map()) return expected("metadata", "a mapping", *metadata);
    for (const auto& each : of_metadata)
        if (const auto* const is = metadata->find(each.name))
            if (auto why = wrong("metadata." + std::string(each.name), *is, each.is); !why.empty())
                return why;
    return {};
}

std::string wrong_kind(const kube_type& type, const value& object) {
    for (const auto& each : of_kinds) {
        if (each.group != type.group || (!each.kind.empty() && each.kind != type.kind)) continue;
        const auto* const in = each.part.empty() ? &object : object.find(each.part);
        const auto* const is = in == nullptr ? nullptr : in->find(each.is.name);
        if (is == nullptr) continue;
        const auto at =
            std::string(each.part) + (each.part.empty() ? "" : ".") + std::string(each.is.name);
        if (auto why = wrong(at, *is, each.is.is); !why.empty()) return why;
    }
    return {};
}

// --- what may be said ---

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits, and within them "-", "_" and ".". Source: util/validation, IsQualifiedName.
bool is_word(std::string_view text) {
    if (text.empty() || text.size() > 63) return false;
    return is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
           std::ranges::all_of(text, [](char c) {
               return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
           });
}

bool is_domain(std::string_view text) {
    return !text.empty() && text.size() <= 253 && text.front() != '-' && text.back() != '-' &&
           text.front() != '.' && text.back() != '.' && std::ranges::all_of(text, [](char c) {
               return (is_alphanumeric(c) && !(c >= 'A' && c <= 'Z')) || c == '-' || c == '.';
           });
}

void look_at_pairs(const value& metadata, std::string_view part, std::vector<std::string>& found) {
    const auto* const pairs = metadata.find(part);
    if (pairs == nullptr) return;
    const auto at = "metadata." + std::string(part) + ": Invalid value: ";
    for (const auto& each : pairs->entries()) {
        // Of annotations the case of a key's letters does not matter; of labels it may be upper.
        if (!is_qualified_name(each.key))
            found.push_back(
                at + json_text(value(each.key)) +
                ": name part must consist of alphanumeric characters, '-', '_' or '.', and must "
                "start and end with an alphanumeric character"
            );
        const auto* const text = each.is.text();
        if (part == "labels" && text != nullptr && !is_label_value(*text))
            found.push_back(
                at + json_text(each.is) +
                ": a valid label must be an empty string or consist of alphanumeric characters, "
                "'-', '_' or '.', and must start and end with an alphanumeric character"
            );
    }
}

void look_at_finalizers(
    const api_type& type, const value& metadata, std::vector<std::string>& found
) {
    const auto* const all = metadata.find("finalizers");
    if (all == nullptr) return;
    constexpr std::array<std::string_view, 3> known{"kubernetes", "orphan", "foregroundDeletion"};
    const bool                                core_type = type.built_in && type.type.group.empty();
    for (std::size_t i = 0; i < all->items().size(); ++i) {
        const auto& each = all->items()[i];
        if (!each.is_text()) continue;
        const auto& name = *each.text();
        const bool  bare = name.find('/') == name.npos;
        if (!is_qualified_name(name) ||
            (core_type && bare && std::ranges::find(known, name) == known.end()))
            found.push_back(
                "metadata.finalizers[" + std::to_string(i) +
                "]: Invalid value: " + json_text(each) +
                ": name is neither a standard finalizer name nor is it fully qualified"
            );
    }
}

void look_at_owners(const value& metadata, std::vector<std::string>& found) {
    const auto* const all = metadata.find("ownerReferences");
    if (all == nullptr) return;
    for (const auto& each : all->items())
        for (const auto* key : {"apiVersion", "kind", "name", "uid"})
            if (each.text_at({key}).empty())
                found.push_back(
                    std::string("metadata.ownerReferences.") + key +
                    ": Invalid value: \"\": must not be empty"
                );
}

}  // namespace

bool is_qualified_name(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return is_word(text);
    return is_domain(text.substr(0, slash)) && is_word(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) {
    return text.empty() || is_word(text);
}

std::string misshapen(const api_type& type, const value& object) {
    if (!object.is_map()) return "expected an object, found " + described(object);
    for (const auto* key : {"apiVersion", "kind"})
        if (const auto* const is = object.find(key); is != nullptr && !is->is_null())
            if (!is->is_text()) return expected(key, "a text", *is);
    if (auto why = wrong_metadata(object); !why.empty()) return why;
    if (!type.built_in) return {};
    for (const auto* part : {"spec", "status"})
        if (const auto* const is = object.find(part); is != nullptr)
            if (auto why = wrong(part, *is, shape::map); !why.empty()) return why;
    if (auto why = wrong_kind(type.type, object); !why.empty()) return why;
    const auto* const versions = object.find_path({"spec", "versions"});
    if (type.type.group == extending && versions != nullptr)
        for (const auto& each : versions->items())
            if (const auto* const schema = each.find_path({"schema", "openAPIV3Schema"}))
                if (auto why = wrong_schema(*schema, "openAPIV3Schema"); !why.empty()) return why;
    return {};
}

std::vector<std::string> metadata_violations(const api_type& type, const value& object) {
    std::vector<std::string> found;
    if (const auto* const metadata = object.find("metadata"); metadata != nullptr) {
        look_at_pairs(*metadata, "labels", found);
        look_at_pairs(*metadata, "annotations", found);
        look_at_finalizers(type, *metadata, found);
        look_at_owners(*metadata, found);
    }
    if (type.type.kind != "Lease" || type.type.group != coordination) return found;
    const auto* const lasts = object.find_path({"spec", "leaseDurationSeconds"});
    if (lasts != nullptr && lasts->integer().value_or(1) <= 0)
        found.push_back(
            "spec.leaseDurationSeconds: Invalid value: " + json_text(*lasts) +
            ": must be greater than 0"
        );
    return found;
}

}  // namespace falconer::sandbox
