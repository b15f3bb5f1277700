#include "writing.hpp"

#include "built_in_rules.hpp"
#include "crd_schema.hpp"
#include "label_parser.hpp"
#include "patch.hpp"
#include "rules.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace falconer::sandbox {
namespace {

using net::http_request;

/// Source: apimachinery, apis/meta/v1/validation, FieldManagerMaxLength.
constexpr std::size_t longest_manager = 128;

/// Without its parameters.
std::string_view media_type(const http_request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    return type.substr(0, std::min(type.find_first_of("; "), type.size()));
}

bool is_apply(const http_request& request) {
    return request.headers.find("Content-Type").value_or("").starts_with("application/apply-patch");
}

kube_removal removal_of(const value& how) {
    using dependents = kube_removal::dependents;
    kube_removal made{
        .uid              = std::string(how.text_at({"preconditions", "uid"})),
        .resource_version = std::string(how.text_at({"preconditions", "resourceVersion"})),
    };
    const auto policy = how.text_at({"propagationPolicy"});
    if (policy == "Foreground") made.then = dependents::foreground;
    if (policy == "Background") made.then = dependents::background;
    if (policy == "Orphan") made.then = dependents::orphan;
    if (const auto* const orphan = how.find("orphanDependents"); orphan && orphan->boolean())
        made.then = *orphan->boolean() ? dependents::orphan : dependents::background;
    return made;
}

/// Of a deletion without a body: its options are in the query. Errors: broken.
result<value> deletion_asked(const api_route& route) {
    auto how = value::map();
    if (const auto grace = route.asked("gracePeriodSeconds"); !grace.empty()) {
        const auto seconds = whole_number(grace);
        if (!seconds)
            return failure{
                errc::broken, "gracePeriodSeconds: '" + std::string(grace) + "' is no number"
            };
        how["gracePeriodSeconds"] = *seconds;
    }
    if (const auto policy = route.asked("propagationPolicy"); !policy.empty())
        how["propagationPolicy"] = policy;
    if (!route.asked("orphanDependents").empty())
        how["orphanDependents"] = route.is_asked("orphanDependents");
    return how;
}

/// Of the options of a kind of write. Source: apimachinery, apis/meta/v1, CreateOptions and so on.
failure bad_option(std::string_view method, const std::string& why) {
    const std::string_view kind = method == "POST"    ? "CreateOptions"
                                  : method == "PUT"   ? "UpdateOptions"
                                  : method == "PATCH" ? "PatchOptions"
                                                      : "DeleteOptions";
    return {errc::malformed, std::string(kind) + ".meta.k8s.io \"\" is invalid: " + why};
}

failure unsupported(
    std::string_view method, std::string_view option, const value& said, std::string_view supported
) {
    return bad_option(
        method, std::string(option) + ": Unsupported value: " + json_text(said) +
                    ": supported values: " + std::string(supported)
    );
}

/// Of a deletion. How long it may take is read and means nothing here: there is no kubelet that a
/// pod would have to wait for.
result<void> check_deletion(const value& how) {
    const auto kind = how.text_at({"kind"});
    if (!kind.empty() && kind != "DeleteOptions")
        return unforeseen("no kind \"" + std::string(kind) + "\" is registered");
    const auto* const grace = how.find("gracePeriodSeconds");
    if (grace != nullptr && !grace->is_null() && !grace->integer())
        return unforeseen("gracePeriodSeconds: expected a number, found " + described(*grace));
    const auto* const only = how.find("preconditions");
    if (only != nullptr && !only->is_null() && !only->is_map())
        return unforeseen("preconditions: expected a mapping, found " + described(*only));
    constexpr std::array<std::string_view, 3> policies{"Background", "Foreground", "Orphan"};
    const auto* const                         said       = how.find("propagationPolicy");
    const bool                                has_policy = said != nullptr && !said->is_null();
    const auto                                policy     = how.text_at({"propagationPolicy"});
    if (has_policy && !said->is_text())
        return unforeseen("propagationPolicy: expected a text, found " + described(*said));
    if (has_policy && std::ranges::find(policies, policy) == policies.end())
        return unsupported(
            "DELETE", "propagationPolicy", value(policy), R"("Foreground", "Background", "Orphan")"
        );
    const auto* const orphan     = how.find("orphanDependents");
    const bool        has_orphan = orphan != nullptr && !orphan->is_null();
    if (has_orphan && !orphan->boolean())
        return unforeseen("orphanDependents: expected true or false, found " + described(*orphan));
    if (has_orphan && has_policy)
        return bad_option(
            "DELETE", "propagationPolicy: Invalid value: " + json_text(value(policy)) +
                          ": orphanDependents and deletionPropagation cannot be both set"
        );
    return {};
}

/// `creates`: there is nothing yet that has the name.
result<void> check_apply(const value& config, bool creates) {
    if (config.text_at({"apiVersion"}).empty() || config.text_at({"kind"}).empty())
        return failure{errc::broken, "invalid object type: it says no apiVersion or no kind"};
    if (creates && config.text_at({"metadata", "name"}).empty())
        return failure{
            errc::broken,
            "the name of the object based on URL was undeterminable: name must be provided"
        };
    const auto* const managed = config.find_path({"metadata", "managedFields"});
    if (managed != nullptr && !managed->is_null())
        return failure{errc::broken, "metadata.managedFields must be nil"};
    return {};
}

/// Of any write. Source: apimachinery, apis/meta/v1/validation.
result<void> check_query(const api_route& route, const http_request& request) {
    if (const auto how = route.asked("fieldValidation");
        !how.empty() && how != "Ignore" && how != "Warn" && how != "Strict")
        return unsupported(
            request.method, "fieldValidation", value(how), R"("Ignore", "Strict", "Warn")"
        );
    if (const auto manager = route.asked("fieldManager");
        std::ranges::any_of(manager, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
        return bad_option(
            request.method, "fieldManager: Invalid value: " + json_text(value(manager)) +
                                ": it has a character that cannot be printed"
        );
    if (route.asked("fieldManager").size() > longest_manager)
        return bad_option(
            request.method, "fieldManager: Too long: may not be more than " +
                                std::to_string(longest_manager) + " bytes"
        );
    if (request.method == "PATCH" && !is_apply(request) && !route.asked("force").empty())
        return bad_option(
            request.method, "force: Forbidden: may not be specified for non-apply patch"
        );
    return {};
}

/// Whole objects with fields that their schema does not know, where the client wants to hear of it:
/// kubectl does. Source: kubernetes.io, "Server-side field validation".
result<void> check_fields(
    const api_type& type, const api_route& route, const http_request& request, value given,
    std::vector<std::string>& warnings
) {
    if (request.method == "PATCH" && !is_apply(request)) return {};
    auto found = tidy(type, given);
    // Of an apply patch, keys that come twice are nobody's trouble.
    const auto unknown = std::ranges::find_if(found, [](const std::string& each) {
        return each.starts_with("unknown field ");
    });
    if (type.built_in && is_apply(request) && unknown != found.end())
        return unforeseen("failed to create typed patch object: " + *unknown);
    if (route.asked("fieldValidation") == "Ignore") return {};
    if (type.schema.is_map())
        for (const auto& each : prune(given, type.schema))
            found.push_back("unknown field \"" + each + "\"");
    if (found.empty()) return {};
    if (route.asked("fieldValidation") != "Strict") {
        warnings = std::move(found);
        return {};
    }
    std::string all;
    for (const auto& each : found) all += (all.empty() ? "" : ", ") + each;
    return failure{
        errc::broken, type.type.kind + " in version \"" + type.type.version +
                          "\" cannot be handled as a " + type.type.kind +
                          ": strict decoding error: " + all
    };
}

/// What a patch would make, where the client wants to hear of fields that nobody knows. Errors:
/// malformed, in which all of them are.
result<void> check_patched(
    const api_type& type, const api_route& route, const http_request& request, const value& old,
    const value& patch
) {
    if (route.asked("fieldValidation") != "Strict" || old.is_null()) return {};
    const auto    kind = patch_kind_of(request).value_or(api_patch_kind::merge);
    result<value> made = value{};
    switch (kind) {
        case api_patch_kind::merge: made = merge_patched(old, patch); break;
        case api_patch_kind::strategic: made = strategic_merge_patched(old, patch); break;
        case api_patch_kind::json: made = json_patched(old, patch); break;
    }
    if (!made || !made->is_map()) return {};  // the patch itself will tell
    const auto text  = json_text(value(json_text(*made)));
    auto       found = tidy(type, *made);
    if (type.schema.is_map())
        for (const auto& each : prune(*made, type.schema))
            found.push_back("unknown field \"" + each + "\"");
    if (found.empty()) return {};
    std::string all;
    for (const auto& each : found) all += (all.empty() ? "" : ", ") + each;
    return failure{
        errc::malformed,
        " \"\" is invalid: patch: Invalid value: " + text + ": strict decoding error: " + all
    };
}

/// Whole objects of custom types say what they are: nothing else tells a real server. Shoots and
/// their like have an API server of its own, which knows.
result<void> says_what_it_is(
    const api_type& type, const api_route& route, const http_request& request, const value& given
) {
    const bool whole = request.method == "POST" || request.method == "PUT";
    if (!whole) return {};
    if (!type.built_in && type.type.group != "core.gardener.cloud") {
        if (given.text_at({"kind"}).empty() &&
            (!given.find("kind") || given.find("kind")->is_text()))
            return failure{
                errc::broken, "the object provided is unrecognized (must be of type " +
                                  type.type.kind + "): Object 'Kind' is missing in it"
            };
        if (given.find("apiVersion") == nullptr)
            return failure{
                errc::broken,
                "the API version in the data () does not match the expected API "
                "version (" +
                    type.type.api_version() + ")"
            };
    }
    const auto* const metadata = given.find("metadata");
    const bool        nameless = metadata == nullptr || metadata->is_null() ||
                          (metadata->is_map() && metadata->find("name") == nullptr);
    if (request.method == "PUT" && nameless)
        return failure{
            errc::broken, "the name of the object (" + route.name +
                              " based on URL) was undeterminable: name must be provided"
        };
    return {};
}

/// Merge patches and apply patches are no objects.
bool can_be_null(const http_request& request) {
    return request.method != "PATCH" || patch_kind_of(request) == api_patch_kind::strategic;
}

}  // namespace

std::optional<api_patch_kind> patch_kind_of(const http_request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    if (type.starts_with("application/merge-patch+json")) return api_patch_kind::merge;
    if (type.starts_with("application/json-patch+json")) return api_patch_kind::json;
    if (type.starts_with("application/strategic-merge-patch+json"))
        return api_patch_kind::strategic;
    return {};
}

std::string manager_of(const api_route& route, const http_request& request) {
    if (const auto named = route.asked("fieldManager"); !named.empty()) return std::string(named);
    const auto agent = request.headers.find("User-Agent").value_or("unknown");
    return std::string(agent.substr(0, std::min<std::size_t>(agent.find('/'), longest_manager)));
}

bool can_be_patched_so(const api_type& type, const http_request& request) {
    if (is_apply(request)) return true;
    const auto kind = patch_kind_of(request);
    return kind && (*kind != api_patch_kind::strategic || type.built_in);
}

result<value> body_of(const http_request& request, bool typed) {
    // YAML only where somebody says so: parsing it takes longer.
    const bool yaml = is_apply(request) || media_type(request) == "application/yaml";
    if (request.body.starts_with("\xEF\xBB\xBF"))
        return failure{errc::broken, "the request's body begins with a byte order mark"};
    auto read = yaml ? parse_yaml(request.body) : parse_json(request.body);
    if (!read && yaml && typed && !is_apply(request))
        if (const auto all = parse_yaml_stream(request.body); all && all->empty())
            return value::map();
    if (!read)
        return failure{errc::broken, "the request's body cannot be read: " + read.error().detail};
    const bool is_json_patch =
        request.headers.find("Content-Type").value_or("").starts_with("application/json-patch");
    if (read->is_null() && is_json_patch) return value::list();
    if (read->is_null() && typed && can_be_null(request)) return value::map();
    if (is_json_patch && !read->is_list())
        return failure{
            errc::broken, "error decoding patch: it is no list, but " + described(*read)
        };
    if (!is_json_patch && !read->is_map())
        return failure{errc::broken, "the request's body is no object, but " + described(*read)};
    return read;
}

result<write_options> options_of(const api_route& route, const http_request& request) {
    write_options made;
    value         how = value::map();
    if (request.method == "DELETE" && !request.body.empty()) {
        auto given = body_of(request, true);
        if (!given) return unforeseen(std::move(given).error().detail);
        how = std::move(*given);
    } else if (request.method == "DELETE") {
        auto given = deletion_asked(route);
        if (!given) return std::move(given).error();
        how = std::move(*given);
    }
    if (auto good = check_deletion(how); !good) return std::move(good).error();
    if (auto good = check_query(route, request); !good) return std::move(good).error();
    value dry_runs = value::list();
    if (const auto* const said = how.find("dryRun"); said != nullptr && !said->is_null()) {
        if (!said->is_list()) return unsupported(request.method, "dryRun", *said, "\"All\"");
        dry_runs = *said;
    }
    if (const auto asked = route.asked("dryRun"); !asked.empty()) dry_runs.push_back(asked);
    for (const auto& each : dry_runs.items()) {
        if (!each.is_text() || *each.text() != "All")
            return unsupported(request.method, "dryRun", each, "\"All\"");
        made.dry_run = true;
    }
    made.removal = removal_of(how);
    return made;
}

api_write write_of(
    const api_store& store, const api_type& type, const api_route& route,
    const http_request& request, const write_options& options
) {
    api_write made;
    made.type    = type;
    made.key     = {route.namespace_name, route.name};
    made.part    = route.part;
    made.dry_run = options.dry_run;
    if (auto was = store.get(type.type, made.key)) made.old = std::move(*was);
    made.operation = request.method == "DELETE" ? "DELETE"
                     : made.old.is_null()       ? "CREATE"
                                                : "UPDATE";
    return made;
}

result<value> written(
    api_store& store, const api_write& what, const api_route& route, const http_request& request,
    const write_options& options, stage at, std::vector<std::string>& warnings
) {
    const auto&      type = what.type.type;
    const kube_write how{
        .part    = what.part == "status" ? kube_part::status : kube_part::whole,
        .dry_run = what.dry_run || at == stage::rehearsal,
    };
    if (request.method == "DELETE") {
        if (how.dry_run) return store.removable(type, what.key, options.removal);
        return store.remove(type, what.key, options.removal);
    }
    auto given = body_of(request, what.type.built_in);
    if (!given) return std::move(given).error();
    if (auto named = says_what_it_is(what.type, route, request, *given); !named)
        return std::move(named).error();
    if (auto known = check_fields(what.type, route, request, *given, warnings); !known)
        return std::move(known).error();
    join_doubled_keys(*given);
    if (request.method == "POST" && !resource_version_of(*given).empty())
        return unforeseen("resourceVersion should not be set on objects to be created");
    const bool admitted = at == stage::admitted;
    const auto manager  = manager_of(route, request);
    if (request.method == "POST")
        return admitted ? store.create(type, what.key, what.object, how, manager)
                        : store.create(type, what.key, std::move(*given), how, manager);
    if (request.method == "PATCH" && is_apply(request)) {
        const kube_apply applying{
            .manager = std::string(route.asked("fieldManager")),
            .force   = route.is_asked("force"),
            .part    = how.part,
            .dry_run = how.dry_run,
        };
        if (applying.manager.empty())
            return bad_option(
                request.method, "fieldManager: Required value: is required for apply patch"
            );
        if (auto good = check_apply(*given, what.old.is_null()); !good)
            return std::move(good).error();
        return store.apply(type, what.key, *given, applying, admitted ? &what.object : nullptr);
    }
    if (admitted) return store.update(type, what.key, what.object, how, manager);
    if (request.method == "PUT")
        return store.update(type, what.key, std::move(*given), how, manager);
    if (request.method != "PATCH")
        return failure{errc::broken, request.method + " is not served here"};
    if (auto known = check_patched(what.type, route, request, what.old, *given); !known)
        return std::move(known).error();
    const auto kind = patch_kind_of(request).value_or(api_patch_kind::merge);
    return store.patch(type, what.key, kind, *given, how, manager);
}

}  // namespace falconer::sandbox
