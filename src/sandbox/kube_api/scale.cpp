#include "scale.hpp"

#include "answers.hpp"
#include "patch.hpp"
#include "rules.hpp"
#include "table.hpp"
#include "writing.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

using net::http_request;
using net::http_response;

constexpr std::int64_t most_replicas = std::numeric_limits<std::int32_t>::max();
/// Of an object that says no number, so that a patch which says none either is noticed. Source:
/// apiextensions-apiserver, registry/customresource/etcd.go, invalidSpecReplicas.
constexpr std::int64_t no_number = std::numeric_limits<std::int32_t>::min();

/// ".spec.replicas" without its first name, which goes into `first`.
std::string_view stepped(std::string_view path, std::string& first) {
    if (path.starts_with('.')) path.remove_prefix(1);
    const auto end = std::min(path.find('.'), path.size());
    first          = path.substr(0, end);
    return path.substr(end);
}

/// Null: there is no such place.
const value* found_at(const value& object, std::string_view path) {
    const auto* at = &object;
    std::string key;
    while (!path.empty() && at != nullptr) {
        path = stepped(path, key);
        at   = at->find(key);
    }
    return at;
}

/// Errors: what a real server has no code for.
result<void> set_at(value& object, std::string_view path, value is) {
    auto*       at    = &object;
    const auto  whole = path;
    std::string key;
    while (!path.empty()) {
        path = stepped(path, key);
        if (!at->is_map() && !at->is_null())
            return unforeseen(
                "value cannot be set because " + std::string(whole) +
                " leads through what is no "
                "map[string]interface{}"
            );
        at = &(*at)[key];
    }
    *at = std::move(is);
    return {};
}

std::string_view type_name_of(const value& is) {
    if (is.is_text()) return "string";
    if (is.boolean()) return "bool";
    if (is.is_list()) return "[]interface {}";
    return is.is_map() ? "map[string]interface {}" : "float64";
}

/// Nothing: it is not there. Errors: it is no whole number.
result<std::optional<std::int64_t>> number_at(const value& object, std::string_view path) {
    const auto* const is = found_at(object, path);
    if (is == nullptr) return std::optional<std::int64_t>{};
    if (is->integer()) return is->integer();
    const auto text = is->is_text() ? *is->text() : json_text(*is);
    return unforeseen(
        std::string(path) + " accessor error: " + text + " is of the type " +
        std::string(type_name_of(*is)) + ", expected int64"
    );
}

std::string joined(const value& list) {
    std::vector<std::string_view> texts;
    for (const auto& each : list.items())
        if (each.is_text()) texts.emplace_back(*each.text());
    std::ranges::sort(texts);
    std::string all;
    for (const auto each : texts) all.append(all.empty() ? "" : ",").append(each);
    return all;
}

/// A workload's selector in one line, by its labels' names. Source: apimachinery,
/// labels/selector.go, Requirement.String.
std::string selector_text(const value* selector) {
    std::vector<std::pair<std::string, std::string>> parts;
    if (selector == nullptr) return {};
    if (const auto* const labels = selector->find("matchLabels"))
        for (const auto& each : labels->entries())
            if (each.is.is_text()) parts.emplace_back(each.key, each.key + '=' + *each.is.text());
    if (const auto* const further = selector->find("matchExpressions"))
        for (const auto& each : further->items()) {
            const std::string key(each.text_at({"key"}));
            const auto        how    = each.text_at({"operator"});
            const auto* const values = each.find("values");
            const auto        among  = " (" + (values == nullptr ? "" : joined(*values)) + ")";
            if (how == "In") parts.emplace_back(key, key + " in" + among);
            if (how == "NotIn") parts.emplace_back(key, key + " notin" + among);
            if (how == "Exists") parts.emplace_back(key, key);
            if (how == "DoesNotExist") parts.emplace_back(key, '!' + key);
        }
    std::ranges::stable_sort(parts, {}, &std::pair<std::string, std::string>::first);
    std::string all;
    for (const auto& each : parts) all.append(all.empty() ? "" : ",").append(each.second);
    return all;
}

struct scale_seen {
    value        is{};
    std::int64_t replicas = 0;
    bool         said     = true;  // that many
};

/// Numbers and texts that are nothing are left out, as a real server writes it.
result<scale_seen> scale_of(const api_type& type, const value& object) {
    const auto& paths  = *type.scale;
    auto        wanted = number_at(object, paths.replicas);
    if (!wanted) return std::move(wanted).error();
    auto there = number_at(object, paths.running);
    if (!there) return std::move(there).error();
    scale_seen seen;
    seen.said     = wanted->has_value() || type.built_in;
    seen.replicas = wanted->value_or(type.built_in ? 1 : 0);

    value metadata = value::map();
    for (const auto* const key :
         {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
        if (const auto* const is = object.find_path({"metadata", key})) metadata[key] = *is;
    value wish = value::map();
    if (seen.replicas != 0) wish["replicas"] = seen.replicas;
    value state{{"replicas", there->value_or(0)}};

    std::string selector;
    if (type.built_in) {
        selector = selector_text(found_at(object, paths.selector));
    } else if (const auto* const text =
                   paths.selector.empty() ? nullptr : found_at(object, paths.selector)) {
        if (!text->is_text())
            return unforeseen(
                paths.selector + " accessor error: " + json_text(*text) + " is of the type " +
                std::string(type_name_of(*text)) + ", expected string"
            );
        selector = *text->text();
    }
    if (!selector.empty()) state["selector"] = selector;
    seen.is = {
        {"kind", "Scale"},
        {"apiVersion", "autoscaling/v1"},
        {"metadata", std::move(metadata)},
        {"spec", std::move(wish)},
        {"status", std::move(state)},
    };
    return seen;
}

/// Source: apimachinery, api/errors, NewInternalError.
http_response says_no_number(const api_type& type) {
    const auto why =
        "the spec replicas field " + json_text(type.scale->replicas) + " does not exist";
    value causes = value::list();
    causes.push_back({{"message", why}});
    return status_answer(
        500, "InternalError", "Internal error occurred: " + why, {{"causes", std::move(causes)}}
    );
}

/// How a table shows it.
api_type shown_type() {
    api_type made;
    made.type    = {.group = "autoscaling", .version = "v1", .kind = "Scale", .plural = "scales"};
    made.columns = {
        {"Desired", ".spec.replicas", "integer"},
        {"Available", ".status.replicas", "integer"},
        {"Age", ".metadata.creationTimestamp", "date"},
    };
    return made;
}

http_response answer(const api_type& type, const value& object, utc_time now, bool table) {
    auto seen = scale_of(type, object);
    if (!seen) return refusal(seen.error());
    if (!seen->said) return says_no_number(type);
    if (!table) return json_answer(200, seen->is);
    static const auto shown             = shown_type();
    seen->is["spec"]["replicas"]        = seen->replicas;
    auto made                           = as_table(shown, {&seen->is}, now, false);
    made["metadata"]["resourceVersion"] = resource_version_of(object);
    return json_answer(200, made);
}

failure not_a_scale(const std::string& why) {
    return {errc::broken, "Scale in version \"v1\" cannot be handled as a Scale: " + why};
}

/// How many the new scale asks for. Errors: broken, malformed.
result<std::int64_t> number_asked(const api_type& type, const kube_key& key, const value& scale) {
    const auto* const wish = scale.find("spec");
    if (wish != nullptr && !wish->is_null() && !wish->is_map())
        return not_a_scale("spec: expected a mapping, found " + described(*wish));
    const auto* const is = wish == nullptr ? nullptr : wish->find("replicas");
    if (is == nullptr || is->is_null()) return 0;
    const auto number = is->integer();
    if (!number || *number > most_replicas || *number < no_number) {
        const auto what = is->numeral_text() != nullptr ? "number " + *is->numeral_text()
                                                        : std::string(type_name_of(*is));
        return not_a_scale(
            "json: cannot unmarshal " + what +
            " into Go struct field ScaleSpec.spec.replicas of type int32"
        );
    }
    if (!type.built_in && *number == no_number)
        return failure{
            errc::broken,
            "the spec replicas field " + json_text(type.scale->replicas) + " cannot be empty"
        };
    if (*number >= 0) return *number;
    const auto of = type.built_in
                        ? "Scale.autoscaling \"" + key.name + "\" is invalid: spec.replicas"
                        : invalid_text(type.type, key) + type.scale->replicas;
    const auto why =
        type.built_in ? "must be greater than or equal to 0" : "should be a non-negative integer";
    return failure{
        errc::malformed, of + ": Invalid value: " + std::to_string(*number) + ": " + why
    };
}

/// What is asked to be there in the place of `was`. Errors: broken, malformed.
result<value> scale_asked(
    const api_type& type, const api_route& route, const http_request& request, scale_seen was
) {
    auto given = body_of(request, true);
    if (!given) return std::move(given).error();
    if (request.method == "PATCH") {
        if (!was.said) was.is["spec"]["replicas"] = no_number;
        const auto kind = patch_kind_of(request);
        if (kind == api_patch_kind::json) return json_patched(std::move(was.is), *given);
        if (kind == api_patch_kind::strategic)
            return strategic_merge_patched(std::move(was.is), *given);
        return merge_patched(std::move(was.is), *given);
    }
    const auto says = given->text_at({"kind"});
    if (!says.empty() && says != "Scale")
        return failure{
            errc::broken, std::string(says) + " in version \"" + type.type.version +
                              "\" cannot be handled as a Scale"
        };
    const auto named = given->text_at({"metadata", "name"});
    if (named.empty())
        return failure{
            errc::broken, "the name of the object (" + route.name +
                              " based on URL) was undeterminable: name must be provided"
        };
    if (named != route.name)
        return failure{
            errc::broken, "the name of the object (" + std::string(named) +
                              ") does not match the name on the URL (" + route.name + ")"
        };
    return given;
}

/// The whole object with the number that is asked for. Errors: broken, malformed, conflict.
result<value> rescaled(
    const api_type& type, const api_route& route, const http_request& request, value object
) {
    const kube_key key{route.namespace_name, route.name};
    auto           was = scale_of(type, object);
    if (!was) return std::move(was).error();
    auto asked = scale_asked(type, route, request, std::move(*was));
    if (!asked) return std::move(asked).error();
    if (!asked->is_map()) return not_a_scale("it is no object, but " + described(*asked));
    auto number = number_asked(type, key, *asked);
    if (!number) return std::move(number).error();

    const auto uid  = object.text_at({"metadata", "uid"}),
               seen = asked->text_at({"metadata", "uid"});
    if (!seen.empty() && seen != uid)
        return failure{
            errc::conflict, "Operation cannot be fulfilled on " + name_of(type.type, key) +
                                ": Precondition failed: UID in precondition: " + std::string(seen) +
                                ", UID in object meta: " + std::string(uid)
        };
    if (const auto version = resource_version_of(*asked); !version.empty())
        object["metadata"]["resourceVersion"] = version;
    if (auto done = set_at(object, type.scale->replicas, *number); !done)
        return std::move(done).error();
    return object;
}

}  // namespace

http_response scaling(
    api_store& store, const api_type& type, const api_route& route, const http_request& request,
    utc_time now, bool table
) {
    const kube_key key{route.namespace_name, route.name};
    auto           object = store.get(type.type, key);
    if (!object) return refusal(object.error());
    if (request.method == "GET") return answer(type, *object, now, table);
    if (request.method == "PATCH" && !patch_kind_of(request))
        return status_answer(
            415, "UnsupportedMediaType",
            "the sandbox takes no apply patch of scale: a merge patch of it does the same"
        );
    const auto how = options_of(route, request);
    if (!how) return refusal(how.error());
    auto wanted = rescaled(type, route, request, std::move(*object));
    if (!wanted) return refusal(wanted.error());
    const kube_write writing{.dry_run = how->dry_run};
    const auto       manager = manager_of(route, request);
    auto             done    = store.update(type.type, key, std::move(*wanted), writing, manager);
    if (!done) return refusal(done.error());
    return answer(type, *done, now, false);
}

std::vector<std::string> scale_violations(const value& version, const std::string& at) {
    std::vector<std::string> found;
    const auto* const        scale = version.find_path({"subresources", "scale"});
    if (scale == nullptr || !scale->is_map()) return found;
    struct rule {
        std::string_view key{}, below{}, also{}, words{};
        bool             needed = false;
    };
    constexpr std::array<rule, 3> rules{{
        {"specReplicasPath", ".spec.", "", "should be a json path under .spec", true},
        {"statusReplicasPath", ".status.", "", "should be a json path under .status", true},
        {"labelSelectorPath", ".spec.", ".status.",
         "should be a json path under either .spec or .status", false},
    }};
    for (const auto& each : rules) {
        const auto path  = scale->text_at({each.key});
        const auto place = at + ".subresources.scale." + std::string(each.key);
        const bool fits =
            path.starts_with(each.below) || (!each.also.empty() && path.starts_with(each.also));
        if (path.empty() && each.needed) found.push_back(place + ": Required value");
        if (!path.empty() && !fits)
            found.push_back(
                place + ": Invalid value: " + json_text(value(path)) + ": " +
                std::string(each.words)
            );
    }
    return found;
}

}  // namespace falconer::sandbox
