#include "falconer/falco/managed_resource.hpp"

#include "brotli.hpp"
#include "digest.hpp"
#include "falconer/base64.hpp"

#include <algorithm>
#include <utility>

namespace falconer::falco {
namespace {

/// A Secret holds 1 MiB, and what does not compress grows by a third in base64 when it is written.
/// Source: Kubernetes core/v1, MaxSecretSize.
constexpr std::size_t largest_bundle = 900 * 1024;
constexpr std::size_t largest_secret = 1024 * 1024;
/// Text of one object that is worth a Secret of its own: rules, which are the same for many and
/// change seldom, need not be compressed and written again whenever a token changes.
constexpr std::size_t large_part = 16 * 1024;
/// What we are willing to read; a hundred times what we write.
constexpr std::size_t largest_text = 64 * 1024 * 1024;

constexpr std::string_view origin          = "extension-shoot-falco-service";
constexpr std::string_view data_key        = "data.yaml.br";
constexpr std::string_view reference_start = "reference.resources.gardener.cloud/";

/// Source: pkg/resourcemanager/controller/garbagecollector/references.
std::string reference_to(const std::string& secret) {
    std::string key(reference_start);
    key += "secret-";
    key += std::string_view(sha256_hex(secret)).substr(0, 8);
    return key;
}

/// `digest`: the text's SHA-256, in hex.
object_bundle named(const managed_resource_name& of, std::string text, const std::string& digest) {
    const bool  ends_well = of.secret_prefix.ends_with('-');
    std::string name      = of.secret_prefix + (ends_well ? "" : "-");
    return {name + digest.substr(0, 8), std::move(text), {}};
}

object_bundle named(const managed_resource_name& of, std::string text) {
    const auto digest = sha256_hex(text);
    return named(of, std::move(text), digest);
}

value secret_with(const managed_resource_name& of, const object_bundle& one, std::string data) {
    return value{
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"metadata",
         {{"name", one.secret},
          {"namespace", of.namespace_name},
          {"labels", {{std::string(collectable_label), "true"}}}}},
        {"type", "Opaque"},
        {"immutable", true},
        {"data", {{std::string(data_key), std::move(data)}}}
    };
}

failure does_not_fit(const object_bundle& one) {
    return {
        errc::too_large, "objects of " + std::to_string(one.text.size()) +
                             " bytes do not fit into a Secret, compressed either; use fewer or "
                             "smaller custom rules"
    };
}

}  // namespace

managed_resource_name target_resource(const cluster_facts& cluster) {
    managed_resource_name made{
        .name           = "extension-shoot-falco-service-shoot",
        .namespace_name = cluster.control_plane,
        .secret_prefix  = "managedresource-extension-shoot-falco-service-shoot",
    };
    if (cluster.is == extension_class::shoot) {
        made.labels          = {{"origin", std::string(origin)}};
        made.injected_labels = {{"shoot.gardener.cloud/no-cleanup", "true"}};
        return made;
    }
    // Classes seed and garden may share a namespace, each served by a process of its own.
    if (cluster.is == extension_class::garden) {
        made.name          = "extension-shoot-falco-service-garden";
        made.secret_prefix = "managedresource-" + made.name;
    }
    made.resource_class = "seed";
    made.labels         = {{"gardener.cloud/role", "seed-system-component"}};
    return made;
}

managed_resource_name seed_resource(const cluster_facts& cluster) {
    return {
        .name           = "extension-shoot-falco-service-seed",
        .namespace_name = cluster.control_plane,
        .secret_prefix  = "extension-shoot-falco-service-seed",
        .resource_class = "seed",
    };
}

bool is_content_addressed(const managed_resource_name& of, std::string_view secret) noexcept {
    if (!secret.starts_with(of.secret_prefix)) return false;
    auto rest = secret.substr(of.secret_prefix.size());
    if (rest.starts_with('-')) rest.remove_prefix(1);
    return rest.size() == 8 && rest.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<object_bundle> bundle(
    const managed_resource_name& of, const std::vector<value>& objects
) {
    std::vector<object_bundle> bundles;
    std::string                text;
    for (const auto& each : objects) {
        // JSON is YAML, and is written ten times as fast. The dashes in front of the first one tell
        // Go's decoder, which guesses by the first character, that it is a stream of documents.
        auto one = "---\n" + json_text(each) + '\n';
        if (one.size() >= large_part) {
            auto digest = sha256_hex(one);
            auto large  = named(of, std::move(one), digest);
            // Private keys are not kept longer than they are needed.
            if (each.text_at({"kind"}) != "Secret") large.shared_as = std::move(digest);
            bundles.push_back(std::move(large));
            continue;
        }
        if (!text.empty() && text.size() + one.size() > largest_bundle)
            bundles.push_back(named(of, std::exchange(text, {})));
        text += one;
    }
    if (!text.empty()) bundles.push_back(named(of, std::move(text)));
    return bundles;
}

result<value> secret_of(const managed_resource_name& of, const object_bundle& one) {
    auto data = encode_base64(brotli_compressed(one.text));
    if (data.size() > largest_secret) return does_not_fit(one);
    return secret_with(of, one, std::move(data));
}

result<value> secret_of(
    const managed_resource_name& of, const object_bundle& one, compressed_parts& parts
) {
    if (one.shared_as.empty()) return secret_of(of, one);
    const auto data = parts.of(one.shared_as, one.text);
    if (data->size() > largest_secret) return does_not_fit(one);
    return secret_with(of, one, *data);
}

bool holds(const value& secret, const object_bundle& one) {
    const auto* data = secret.find("data");
    if (data == nullptr || data->entries().size() != 1) return false;
    const auto& only = data->entries().front();
    auto        text = decode_base64(only.is.text() == nullptr ? "" : *only.is.text());
    if (text && only.key.ends_with(".br")) text = brotli_expanded(*text, largest_text);
    return text && *text == one.text;
}

value managed_resource(
    const managed_resource_name& of, const std::vector<object_bundle>& bundles, const value& was
) {
    value made            = was;
    made["apiVersion"]    = managed_resources.api_version();
    made["kind"]          = managed_resources.kind;
    auto& metadata        = made["metadata"];
    metadata["name"]      = of.name;
    metadata["namespace"] = of.namespace_name;
    for (const auto& [key, text] : of.labels) metadata["labels"][key] = text;

    // Of references only those that hold; of other annotations all.
    value annotations = value::map();
    if (const auto* had = metadata.find("annotations"))
        for (const auto& each : had->entries())
            if (!each.key.starts_with(reference_start)) annotations[each.key] = each.is;
    for (const auto& [key, text] : of.annotations) annotations[key] = text;
    value refs = value::list();
    for (const auto& each : bundles) {
        annotations[reference_to(each.secret)] = each.secret;
        refs.push_back({{"name", each.secret}});
    }
    metadata["annotations"] = std::move(annotations);

    value spec = value::map();
    if (!of.resource_class.empty()) spec["class"] = of.resource_class;
    spec["secretRefs"] = std::move(refs);
    for (const auto& [key, text] : of.injected_labels) spec["injectLabels"][key] = text;
    spec["keepObjects"] = false;
    made["spec"]        = std::move(spec);
    return made;
}

std::vector<std::string> secrets_of(const value& managed_resource) {
    std::vector<std::string> names;
    if (const auto* refs = managed_resource.find_path({"spec", "secretRefs"}))
        for (const auto& each : refs->items()) names.emplace_back(each.text_at({"name"}));
    return names;
}

std::size_t content_of(const value& managed_resource) {
    std::string all;
    for (const auto& each : secrets_of(managed_resource)) all += each + '/';
    return std::hash<std::string>{}(all);
}

result<std::vector<value>> objects_in(const value& secret) {
    std::vector<value> all;
    const auto*        data = secret.find("data");
    if (data == nullptr) return all;
    for (const auto& each : data->entries()) {
        auto text = decode_base64(each.is.text() == nullptr ? "" : *each.is.text());
        if (text && each.key.ends_with(".br")) text = brotli_expanded(*text, largest_text);
        if (!text) return std::move(text).error().while_doing("data[" + each.key + "]");
        auto objects = parse_yaml_stream(*text);
        if (!objects) return std::move(objects).error().while_doing("data[" + each.key + "]");
        std::move(objects->begin(), objects->end(), std::back_inserter(all));
    }
    return all;
}

managed_resource_state state_of(const value& managed_resource) {
    managed_resource_state is;
    is.content         = content_of(managed_resource);
    const auto* seen   = managed_resource.find_path({"status", "observedGeneration"});
    const auto* wanted = managed_resource.find_path({"metadata", "generation"});
    const bool  current =
        seen != nullptr && wanted != nullptr && seen->integer() == wanted->integer();
    const auto* conditions = managed_resource.find_path({"status", "conditions"});
    if (!current || conditions == nullptr) {
        is.progressing = true;
        is.reason      = "ChecksPending";
        is.message     = "the resource manager has not looked at it yet";
        return is;
    }
    const auto look = [&](std::string_view type, std::string_view good) {
        for (const auto& each : conditions->items()) {
            if (each.text_at({"type"}) != type) continue;
            if (each.text_at({"status"}) == good) return true;
            if (is.reason.empty()) {
                is.reason  = each.text_at({"reason"});
                is.message = each.text_at({"message"});
            }
        }
        return false;
    };
    is.applied     = look("ResourcesApplied", "True");
    is.healthy     = look("ResourcesHealthy", "True");
    is.progressing = !look("ResourcesProgressing", "False");
    return is;
}

}  // namespace falconer::falco
