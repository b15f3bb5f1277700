#include "built_in_rules.hpp"

#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace falconer::sandbox {
namespace {

constexpr std::array<std::string_view, 15> of_metadata{
    "name",       "generateName",      "namespace",     "selfLink",
    "uid",        "resourceVersion",   "generation",    "creationTimestamp",
    "labels",     "deletionTimestamp", "annotations",   "deletionGracePeriodSeconds",
    "finalizers", "ownerReferences",   "managedFields",
};
constexpr std::array<std::string_view, 6> of_config_map{
    "apiVersion", "kind", "metadata", "data", "binaryData", "immutable",
};
constexpr std::array<std::string_view, 7> of_secret{
    "apiVersion", "kind", "metadata", "data", "stringData", "immutable", "type",
};
constexpr std::array<std::string_view, 4> of_lease{"apiVersion", "kind", "metadata", "spec"};
constexpr std::array<std::string_view, 7> of_lease_spec{
    "holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions",
    "strategy",       "preferredHolder",
};
/// Of what a real server has not switched on, it keeps nothing. Source: kube-apiserver 1.34,
/// registry/coordination/lease/strategy.go; features, CoordinatedLeaderElection.
constexpr std::array<std::string_view, 2> not_of_lease{"strategy", "preferredHolder"};

/// Source: apimachinery, api/validation, TotalAnnotationSizeLimitB; core/v1, MaxSecretSize.
constexpr std::size_t most_annotations = 256 * 1024, most_data = 1024 * 1024;

std::string below(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

/// Whether a key comes twice anywhere.
bool has_doubles(const value& is) {
    for (const auto& each : is.items())
        if (has_doubles(each)) return true;
    std::vector<std::string_view> keys;
    for (const auto& each : is.entries()) {
        if (has_doubles(each.is)) return true;
        keys.push_back(each.key);
    }
    std::ranges::sort(keys);
    return std::ranges::adjacent_find(keys) != keys.end();
}

/// Of keys that came twice, the last one stays; of mappings within them, all there is.
void join_doubles(value& is, const std::string& path, std::vector<std::string>& found) {
    if (!has_doubles(is)) return;
    for (std::size_t i = 0; i < is.items().size(); ++i)
        join_doubles(is.item(i), path + "[" + std::to_string(i) + "]", found);
    if (!is.is_map()) return;
    value::map_type                         joined;
    std::map<std::string_view, std::size_t> places;  // by the keys of `is`
    for (const auto& each : is.entries()) {
        const auto [at, is_new] = places.emplace(each.key, joined.size());
        if (is_new) {
            joined.push_back({each.key, each.is, each.line});
            continue;
        }
        found.push_back("duplicate field \"" + below(path, each.key) + '"');
        auto& had = joined[at->second].is;
        if (had.is_map() && each.is.is_map())
            for (const auto& inner : each.is.entries()) had.add(inner.key, inner.is);
        else
            had = each.is;
    }
    for (auto& each : joined) join_doubles(each.is, below(path, each.key), found);
    is = value(std::move(joined));
}

template <std::size_t Count>
void keep_known(
    value* is, const std::array<std::string_view, Count>& known, const std::string& path,
    std::vector<std::string>& found
) {
    if (is == nullptr || !is->is_map()) return;
    std::vector<std::string> gone;
    for (const auto& each : is->entries()) {
        const bool is_known = std::ranges::find(known, each.key) != known.end();
        if (!is_known) found.push_back("unknown field \"" + below(path, each.key) + '"');
        if (!is_known || each.is.is_null()) gone.push_back(each.key);
    }
    for (const auto& key : gone) is->erase(key);
}

/// Where null is an empty text.
void fill_texts(value* is) {
    if (is == nullptr) return;
    std::vector<std::string> empty;
    for (const auto& each : is->entries())
        if (each.is.is_null()) empty.push_back(each.key);
    for (const auto& key : empty) *is->find(key) = "";
}

/// As a server writes times: in UTC, with no digits behind the point or with six.
void to_utc(value* in, std::string_view key, std::size_t digits) {
    auto* const is = in == nullptr ? nullptr : in->find(key);
    if (is == nullptr || !is->is_text()) return;
    const auto read = parse_rfc3339(*is->text());
    if (!std::holds_alternative<event_time>(read)) return;
    auto       at       = std::get<event_time>(read);
    const auto fraction = std::to_string(1'000'000'000 + at.nanos).substr(1, digits);
    at.nanos            = 0;
    auto text           = text_of(at);
    if (digits > 0) text.insert(text.size() - 1, "." + fraction);
    *is = std::move(text);
}

/// What is empty is not written. Source: `omitempty` of the types' fields.
void drop_empty(value& from, std::initializer_list<std::string_view> keys) {
    for (const auto key : keys) {
        const auto* const is    = from.find(key);
        const bool        empty = is != nullptr && (is->is_map() ? is->entries().empty()
                                                                 : is->is_list() && is->items().empty());
        if (empty) from.erase(key);
    }
}

std::size_t size_of_texts(const value* map) {
    std::size_t size = 0;
    if (map == nullptr) return size;
    for (const auto& each : map->entries())
        if (const auto* const text = each.is.text()) size += text->size();
    return size;
}
std::size_t size_of_bytes(const value* map) {
    return size_of_texts(map) / 4 * 3;  // of base64
}

void look_at_metadata(const value& was, const value& object, std::vector<std::string>& found) {
    const auto* const notes = object.find_path({"metadata", "annotations"});
    std::size_t       size  = size_of_texts(notes);
    if (notes != nullptr)
        for (const auto& each : notes->entries()) size += each.key.size();
    if (size > most_annotations)
        found.push_back(
            "metadata.annotations: Too long: may not be more than " +
            std::to_string(most_annotations) + " bytes"
        );
    if (const auto* const owners = object.find_path({"metadata", "ownerReferences"})) {
        const auto controllers = std::ranges::count_if(owners->items(), [](const value& each) {
            const auto* const is = each.find("controller");
            return is != nullptr && is->boolean() == true;
        });
        if (controllers > 1)
            found.push_back(
                "metadata.ownerReferences: Invalid value: " + json_text(*owners) +
                ": only one reference can have controller set to true"
            );
    }
    if (was.text_at({"metadata", "deletionTimestamp"}).empty()) return;
    const auto* const had = was.find_path({"metadata", "finalizers"});
    const auto* const has = object.find_path({"metadata", "finalizers"});
    if (has == nullptr) return;
    for (const auto& each : has->items())
        if (had == nullptr || std::ranges::find(had->items(), each) == had->items().end())
            found.push_back(
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is "
                "being deleted, found new finalizer " +
                json_text(each)
            );
}

void look_at_secret(const value& was, const value& object, std::vector<std::string>& found) {
    const auto* const data = object.find("data");
    if (size_of_bytes(data) > most_data)
        found.push_back(
            "data: Too long: may not be more than " + std::to_string(most_data) + " bytes"
        );
    const auto type = object.text_at({"type"}), had = was.text_at({"type"});
    if (!was.is_null() && type != had)
        found.push_back("type: Invalid value: " + json_text(type) + ": field is immutable");
    const auto needs = [&](std::string_view key) {
        if (data == nullptr || data->find(key) == nullptr)
            found.push_back("data[" + std::string(key) + "]: Required value");
    };
    if (type == "kubernetes.io/tls") {
        needs("tls.crt");
        needs("tls.key");
    } else if (type == "kubernetes.io/dockerconfigjson") {
        needs(".dockerconfigjson");
    } else if (type == "kubernetes.io/ssh-auth") {
        needs("ssh-privatekey");
    } else if (type == "kubernetes.io/basic-auth") {
        const bool one = data != nullptr && (data->find("username") || data->find("password"));
        if (!one) needs("username");
        if (!one) needs("password");
    } else if (type == "kubernetes.io/service-account-token") {
        constexpr std::string_view account = "kubernetes.io/service-account.name";
        if (object.text_at({"metadata", "annotations", account}).empty())
            found.push_back("metadata.annotations[" + std::string(account) + "]: Required value");
    }
}

}  // namespace

void join_doubled_keys(value& object) {
    std::vector<std::string> ignored;
    join_doubles(object, {}, ignored);
}

std::vector<std::string> tidy(const api_type& type, value& object) {
    std::vector<std::string> found;
    join_doubles(object, {}, found);
    auto* const metadata = object.find("metadata");
    keep_known(metadata, of_metadata, "metadata", found);
    if (metadata != nullptr)
        for (const auto* texts : {"labels", "annotations"}) fill_texts(metadata->find(texts));
    if (!type.built_in) return found;
    if (metadata != nullptr)
        drop_empty(*metadata, {"labels", "annotations", "finalizers", "ownerReferences"});
    if (type.type.group.empty() && type.type.kind == "ConfigMap") {
        keep_known(&object, of_config_map, {}, found);
        for (const auto* texts : {"data", "binaryData"}) fill_texts(object.find(texts));
        drop_empty(object, {"data", "binaryData"});
    } else if (type.type.group.empty() && type.type.kind == "Secret") {
        keep_known(&object, of_secret, {}, found);
        for (const auto* texts : {"data", "stringData"}) fill_texts(object.find(texts));
        drop_empty(object, {"data"});
    } else if (type.type.group == "coordination.k8s.io" && type.type.kind == "Lease") {
        keep_known(&object, of_lease, {}, found);
        auto* const spec = object.find("spec");
        keep_known(spec, of_lease_spec, "spec", found);
        for (const auto* time : {"acquireTime", "renewTime"}) to_utc(spec, time, 6);
        if (spec != nullptr && spec->is_map())
            for (const auto key : not_of_lease) spec->erase(key);
        if (object.is_map() && object.find("spec") == nullptr) object["spec"] = value::map();
    } else if (type.type.group.empty() && type.type.kind == "Event") {
        for (const auto* time : {"firstTimestamp", "lastTimestamp"}) to_utc(&object, time, 0);
        to_utc(&object, "eventTime", 6);
    }
    return found;
}

std::vector<std::string> built_in_violations(
    const api_type& type, const value& was, const value& object
) {
    std::vector<std::string> found;
    look_at_metadata(was, object, found);
    if (!type.built_in) return found;
    const auto& kind = type.type.kind;
    if (type.type.group.empty() && kind == "ConfigMap") {
        const auto size =
            size_of_texts(object.find("data")) + size_of_bytes(object.find("binaryData"));
        if (size > most_data)
            found.push_back(
                "[]: Too long: may not be more than " + std::to_string(most_data) + " bytes"
            );
    } else if (type.type.group.empty() && kind == "Secret") {
        look_at_secret(was, object, found);
    } else if (type.type.group.empty() && kind == "Namespace") {
        const auto name = object.text_at({"metadata", "name"});
        if (name.find('.') != name.npos)
            found.push_back(
                "metadata.name: Invalid value: " + json_text(name) + ": must not contain dots"
            );
    } else if (kind == "Lease") {
        const auto* const changes = object.find_path({"spec", "leaseTransitions"});
        if (changes != nullptr && changes->integer().value_or(0) < 0)
            found.push_back(
                "spec.leaseTransitions: Invalid value: " + json_text(*changes) +
                ": must be greater than or equal to 0"
            );
    }
    return found;
}

bool is_everlasting(const kube_type& type, std::string_view name) {
    return type.group.empty() && type.plural == "namespaces" &&
           (name == "default" || name == "kube-system" || name == "kube-public");
}

}  // namespace falconer::sandbox
