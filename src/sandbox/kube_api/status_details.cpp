#include "status_details.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

struct kind_of_problem {
    std::string_view said{}, reason{};
};
/// Source: apimachinery, util/validation/field/errors.go, ErrorType.
constexpr std::array<kind_of_problem, 8> problems{{
    {"Invalid value", "FieldValueInvalid"},
    {"Required value", "FieldValueRequired"},
    {"Unsupported value", "FieldValueNotSupported"},
    {"Duplicate value", "FieldValueDuplicate"},
    {"Forbidden", "FieldValueForbidden"},
    {"Too long", "FieldValueTooLong"},
    {"Too many", "FieldValueTooMany"},
    {"Not found", "FieldValueNotFound"},
}};

/// What comes before `end`, which is taken away, too. Nothing: there is no such end.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end) {
    const auto at = text.find(end);
    if (at == text.npos) return {};
    const auto part = text.substr(0, at);
    text.remove_prefix(at + end.size());
    return part;
}

/// "deployments.apps"
void add_resource(std::string_view resource, std::string_view name, value& to) {
    const auto dot = std::min(resource.find('.'), resource.size());
    if (!name.empty()) to["name"] = name;
    if (dot < resource.size()) to["group"] = resource.substr(dot + 1);
    if (dot > 0) to["kind"] = resource.substr(0, dot);
}

/// `configmaps "a" not found`: everything up to the quotation mark that ends the name.
bool add_object(std::string_view& text, std::string_view behind, value& to) {
    auto       rest     = text;
    const auto resource = take_until(rest, " \"");
    if (!resource || resource->find(' ') != resource->npos) return false;
    const auto name = take_until(rest, "\"" + std::string(behind));
    if (!name) return false;
    text = rest;
    add_resource(*resource, *name, to);
    return true;
}

void add_cause(std::string_view reason, std::string_view said, std::string_view at, value& to) {
    to["causes"].push_back({{"reason", reason}, {"message", said}, {"field", at}});
}

/// Where a field's name ends and its problem begins, outside of what is quoted.
struct mark {
    std::size_t            at = 0;  // of ": Invalid value"
    const kind_of_problem* is = nullptr;
};
std::vector<mark> marks_in(std::string_view text) {
    std::vector<mark> found;
    bool              quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') ++i;
        if (i < text.size() && text[i] == '"') quoted = !quoted;
        if (quoted || !text.substr(i).starts_with(": ")) continue;
        for (const auto& each : problems) {
            const auto rest = text.substr(i + 2);
            if (!rest.starts_with(each.said)) continue;
            const auto behind = rest.substr(each.said.size());
            if (behind.empty() || behind.starts_with(':') || behind.starts_with(", "))
                found.push_back({i, &each});
        }
    }
    return found;
}

/// `spec.a: Required value` or `[spec.a: Required value, spec.b: Invalid value: 1: too small]`.
void add_fields(std::string_view text, value& to) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    const auto  marks = marks_in(text);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < marks.size(); ++i) {
        auto end = text.size();
        if (i + 1 < marks.size()) end = text.rfind(", ", marks[i + 1].at);
        if (end == text.npos || end < marks[i].at) end = marks[i + 1].at;
        const auto said = text.substr(marks[i].at + 2, end - marks[i].at - 2);
        const bool type = said.find(" in body must be of type ") != said.npos;
        add_cause(
            type ? "FieldValueTypeInvalid" : marks[i].is->reason, said,
            text.substr(begin, marks[i].at - begin), to
        );
        begin = std::min(end + 2, text.size());
    }
}

/// `conflict with "a": .data.x, "b" using v1: .data.y`
void add_conflicts(std::string_view text, value& to) {
    constexpr std::string_view with = "conflict with ";
    if (text.starts_with(with)) text.remove_prefix(with.size());
    while (!text.empty()) {
        const auto whose = take_until(text, ": .");
        if (!whose) return;
        const auto next  = std::min(text.find(", \""), text.size());
        const auto field = "." + std::string(text.substr(0, next));
        add_cause("FieldManagerConflict", std::string(with) + std::string(*whose), field, to);
        text.remove_prefix(std::min(next + 2, text.size()));
    }
}

value of_conflict(std::string_view text) {
    auto                       made      = value::map();
    constexpr std::string_view on        = "Operation cannot be fulfilled on ";
    constexpr std::string_view apply     = "Apply failed with ";
    const bool                 of_object = text.starts_with(on);
    if (of_object || text.starts_with(apply)) {
        text.remove_prefix(of_object ? on.size() : 0);
        if (of_object)
            add_object(text, ": ", made);
        else if (take_until(text, ": "))
            add_conflicts(text, made);
    }
    return made.entries().empty() ? value{} : made;
}

value of_invalid(std::string_view text) {
    auto made = value::map();
    if (text.starts_with("admission webhook ")) return {};
    if (add_object(text, " is invalid: ", made)) add_fields(text, made);
    return made;
}

value of_forbidden(std::string_view text) {
    auto made = value::map();
    if (!add_object(text, " is forbidden: ", made)) return {};
    constexpr std::string_view ending = "because it is being terminated";
    constexpr std::string_view space  = "namespace ";
    if (const auto at = text.find(space); at != text.npos && text.ends_with(ending)) {
        text.remove_prefix(at + space.size());
        const auto name = text.substr(0, text.find(' '));
        add_cause(
            "NamespaceTerminating", "namespace " + std::string(name) + " is being terminated",
            "metadata.namespace", made
        );
    }
    return made;
}

}  // namespace

value status_details(const failure& why) {
    std::string_view text = why.detail;
    auto             made = value::map();
    if (why.code == errc::conflict) return of_conflict(text);
    if (why.code == errc::malformed) return of_invalid(text);
    if (why.code == errc::denied) return of_forbidden(text);
    if (why.code == errc::timed_out && text.starts_with("Timeout: Too large resource version"))
        return {
            {"retryAfterSeconds", 1},
            {"causes", value::list_type{{{"reason", "ResourceVersionTooLarge"}, {"message", text}}}}
        };
    if (why.code == errc::overloaded) return {{"retryAfterSeconds", 1}};
    if (why.code == errc::already_exists)
        return add_object(text, " already exists", made) ? made : value{};
    // That a whole type is not there is said with nothing in it.
    if (why.code == errc::not_found && !text.starts_with("admission webhook ")) {
        add_object(text, " not found", made);
        return made;
    }
    return {};
}

}  // namespace falconer::sandbox
