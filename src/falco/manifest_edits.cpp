#include "manifest_edits.hpp"

#include "falconer/base64.hpp"

#include <algorithm>
#include <cassert>

namespace falconer::falco {
namespace {

bool is_named(const value& item, std::string_view name) {
    return item.text_at({"name"}) == name;
}

}  // namespace

value& named(value& list, std::string_view name) {
    for (std::size_t i = 0; i < list.items().size(); ++i)
        if (is_named(list.items()[i], name)) return list.item(i);
    assert(false && "the manifest has it");
    return list.push_back({{"name", name}});
}

void remove_named(value& list, std::string_view name) {
    auto kept = value::list();
    for (const auto& each : list.items())
        if (!is_named(each, name)) kept.push_back(each);
    list = std::move(kept);
}

void put_labels(value& object, const std::string& component, const std::string& version) {
    auto& labels                           = object["metadata"]["labels"];
    labels["app.kubernetes.io/name"]       = component;
    labels["app.kubernetes.io/instance"]   = "falco";
    labels["app.kubernetes.io/version"]    = version;
    labels["app.kubernetes.io/managed-by"] = "falconer";
}

value config_map(const std::string& name, const std::map<std::string, std::string>& data) {
    value object{
        {"apiVersion", "v1"},
        {"kind", "ConfigMap"},
        {"metadata", {{"name", name}, {"namespace", "kube-system"}}},
        {"data", value::map()},
    };
    for (const auto& [key, text] : data) object["data"][key] = text;
    return object;
}

value opaque_secret(const std::string& name, const std::map<std::string, std::string>& data) {
    value object{
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"metadata", {{"name", name}, {"namespace", "kube-system"}}},
        {"type", "Opaque"},
        {"data", value::map()},
    };
    for (const auto& [key, text] : data) object["data"][key] = encode_base64(text);
    return object;
}

value environment(const std::string& name, const std::string& is) {
    return {{"name", name}, {"value", is}};
}

value mount(const std::string& volume, const std::string& path) {
    return {{"name", volume}, {"mountPath", path}, {"readOnly", true}};
}

std::string image_of(const std::string& image, const std::string& mirror) {
    if (mirror.empty()) return image;
    // Whatever has a dot or a port before its first slash is a registry. Source: distribution's
    // reference grammar.
    const auto             slash = image.find('/');
    const std::string_view first = std::string_view(image).substr(0, slash);
    const bool             has_registry =
        slash != image.npos && (first.find_first_of(".:") != first.npos || first == "localhost");
    return mirror + '/' + (has_registry ? image.substr(slash + 1) : image);
}

void put_placement(value& pod_spec, const falco_service& service) {
    for (const auto& [key, is] : service.node_selector) pod_spec["nodeSelector"][key] = is;
    if (!service.tolerations) return;
    auto& list = pod_spec["tolerations"];
    if (list.is_null()) list = value::list();
    for (const auto& each : *service.tolerations) {
        auto one = encode(each);
        if (std::ranges::find(list.items(), one) == list.items().end())
            list.push_back(std::move(one));
    }
}

void put_priority(value& pod_spec, extension_class is, const std::string& of_shoots) {
    // Each cluster has classes of its own, and a pod of a class that is not there is never made.
    // Source: gardener/gardener, docs/development/priority-classes.md.
    switch (is) {
        case extension_class::seed: pod_spec["priorityClassName"] = "gardener-system-900"; return;
        case extension_class::garden:
            pod_spec["priorityClassName"] = "gardener-garden-system-200";
            return;
        case extension_class::shoot:
            if (!of_shoots.empty()) pod_spec["priorityClassName"] = of_shoots;
    }
}

void allow(value& pod_labels, std::initializer_list<std::string_view> what) {
    for (const auto each : what)
        pod_labels["networking.gardener.cloud/" + std::string(each)] = "allowed";
}

}  // namespace falconer::falco
