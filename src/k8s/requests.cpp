#include "requests.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <utility>

namespace falconer::k8s {
namespace {

constexpr std::string_view json_type  = "application/json";
constexpr std::string_view merge_type = "application/merge-patch+json";
// YAML is what the server calls it; JSON is YAML. Source: api-concepts, "Server-Side Apply"
constexpr std::string_view apply_type = "application/apply-patch+yaml";

bool is_lower(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// RFC 1123, as Kubernetes reads it. Source: apimachinery, pkg/util/validation/validation.go
bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && is_lower(text.front()) && is_lower(text.back()) &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
    if (text.size() > 253) return false;
    for (;;) {
        const auto dot = text.find('.');
        if (!is_label(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

/// What may stand in a path; kinds have their own, narrower rules, which the server knows.
/// Source: apimachinery, pkg/api/validation/path/name.go
bool is_path_segment(std::string_view text) {
    return !text.empty() && text.size() <= 253 && text != "." && text != ".." &&
           std::none_of(text.begin(), text.end(), [](char c) {
               return c == '/' || c == '%' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
           });
}

/// Everything but what never has a meaning of its own. Source: RFC 3986 §2.3
void append_escaped(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        const bool plain =
            is_lower(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte  = static_cast<unsigned char>(c);
        out             += '%';
        out             += digits[byte >> 4];
        out             += digits[byte & 15];
    }
}

failure refused(std::string_view what, std::string_view said) {
    return {errc::malformed, '\'' + in_one_line(said) + "' cannot be " + std::string(what)};
}

/// "/apis/apps/v1/namespaces/x/deployments"
result<std::string> collection_path(const kube_type& type, std::string_view space) {
    if (!type.group.empty() && !is_subdomain(type.group))
        return refused("an API group", type.group);
    if (!is_label(type.version)) return refused("an API version", type.version);
    if (!is_label(type.plural)) return refused("a resource's plural", type.plural);
    if (!space.empty() && !is_label(space)) return refused("a namespace", space);
    if (!space.empty() && !type.namespaced)
        return failure{errc::malformed, type.kind + " objects are in no namespace"};

    std::string path = type.group.empty() ? "/api" : "/apis/" + type.group;
    path.append("/").append(type.version);
    if (!space.empty()) path.append("/namespaces/").append(space);
    return path.append("/").append(type.plural);
}

result<std::string> object_path(const kube_type& type, const kube_key& key, kube_part part) {
    if (type.namespaced && key.namespace_name.empty())
        return failure{errc::malformed, "no namespace is given for " + name_of(type, key)};
    if (!is_path_segment(key.name)) return refused("a name", key.name);
    auto path = collection_path(type, key.namespace_name);
    if (!path) return path;
    path->append("/");
    append_escaped(*path, key.name);
    if (part == kube_part::status) path->append("/status");
    return path;
}

/// Pairs after the path; without values they are left out.
class query {
public:
    explicit query(std::string path) : text_(std::move(path)) {}

    query& with(std::string_view name, std::string_view value) {
        if (value.empty()) return *this;
        text_.append(std::exchange(first_, false) ? "?" : "&").append(name).append("=");
        append_escaped(text_, value);
        return *this;
    }
    query& with(const kube_selection& which) {
        return with("labelSelector", which.labels).with("fieldSelector", which.fields);
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
    bool        first_ = true;
};

net::http_request request(std::string method, std::string target) {
    net::http_request made{.method = std::move(method), .target = std::move(target)};
    made.headers.add("Accept", json_type);
    return made;
}

net::http_request request(
    std::string method, std::string target, std::string_view type, std::string body
) {
    auto made = request(std::move(method), std::move(target));
    made.headers.add("Content-Type", type);
    made.body = std::move(body);
    return made;
}

std::string_view text_of(kube_removal::dependents how) {
    switch (how) {
        case kube_removal::dependents::by_default: return "";
        case kube_removal::dependents::background: return "Background";
        case kube_removal::dependents::foreground: return "Foreground";
        case kube_removal::dependents::orphan: return "Orphan";
    }
    return "";
}

/// Source: meta/v1, DeleteOptions.
std::string delete_options(const kube_removal& how) {
    value options{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
    if (const auto then = text_of(how.then); !then.empty()) options["propagationPolicy"] = then;
    if (how.grace_seconds) options["gracePeriodSeconds"] = std::int64_t{*how.grace_seconds};
    if (!how.uid.empty()) options["preconditions"]["uid"] = how.uid;
    if (!how.resource_version.empty())
        options["preconditions"]["resourceVersion"] = how.resource_version;
    return json_text(options);
}

}  // namespace

std::string name_of(const kube_type& type, const kube_key& key) {
    return type.kind + " " + key.text();
}

result<net::http_request> get_request(const kube_type& type, const kube_key& key) {
    auto path = object_path(type, key, kube_part::whole);
    if (!path) return std::move(path).error();
    return request("GET", std::move(*path));
}

result<net::http_request> list_request(
    const kube_type& type, const kube_selection& which, const kube_page_request& page
) {
    auto path = collection_path(type, which.namespace_name);
    if (!path) return std::move(path).error();
    // A continued list brings its own version; giving one as well is an error there.
    std::string_view version;
    if (page.next.empty()) version = page.resource_version;
    return request(
        "GET", query(std::move(*path))
                   .with(which)
                   .with("limit", page.limit == 0 ? "" : std::to_string(page.limit))
                   .with("continue", page.next)
                   .with("resourceVersion", version)
                   .take()
    );
}

result<net::http_request> watch_request(
    const kube_type& type, const kube_selection& which, std::string_view resource_version,
    std::chrono::seconds limit
) {
    auto path = collection_path(type, which.namespace_name);
    if (!path) return std::move(path).error();
    return request(
        "GET", query(std::move(*path))
                   .with("watch", "1")
                   .with("allowWatchBookmarks", "true")
                   .with("timeoutSeconds", std::to_string(limit.count()))
                   .with("resourceVersion", resource_version)
                   .with(which)
                   .take()
    );
}

result<net::http_request> create_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_write& how
) {
    // The name is not part of the path, but a bad one is our caller's mistake all the same.
    auto checked = object_path(type, key, kube_part::whole);
    if (!checked) return std::move(checked).error();
    auto path = collection_path(type, key.namespace_name);
    if (!path) return std::move(path).error();
    query target(std::move(*path));
    if (how.dry_run) target.with("dryRun", "All");
    return request("POST", target.take(), json_type, json_text(object));
}

result<net::http_request> update_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_write& how
) {
    auto path = object_path(type, key, how.part);
    if (!path) return std::move(path).error();
    query target(std::move(*path));
    if (how.dry_run) target.with("dryRun", "All");
    return request("PUT", target.take(), json_type, json_text(object));
}

result<net::http_request> merge_patch_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_write& how
) {
    auto path = object_path(type, key, how.part);
    if (!path) return std::move(path).error();
    query target(std::move(*path));
    if (how.dry_run) target.with("dryRun", "All");
    return request("PATCH", target.take(), merge_type, json_text(object));
}

result<net::http_request> apply_request(
    const kube_type& type, const kube_key& key, const value& object, const kube_apply& how
) {
    if (how.manager.empty()) return failure{errc::malformed, "an apply needs a field manager"};
    auto path = object_path(type, key, how.part);
    if (!path) return std::move(path).error();
    query target(std::move(*path));
    target.with("fieldManager", how.manager).with("force", how.force ? "true" : "");
    if (how.dry_run) target.with("dryRun", "All");
    return request("PATCH", target.take(), apply_type, json_text(object));
}

result<net::http_request> remove_request(
    const kube_type& type, const kube_key& key, const kube_removal& how
) {
    auto path = object_path(type, key, kube_part::whole);
    if (!path) return std::move(path).error();
    return request("DELETE", std::move(*path), json_type, delete_options(how));
}

}  // namespace falconer::k8s
