#include "plugin_manifests.hpp"

#include "manifest_edits.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

constexpr auto config_name    = "falco-plugins";  // of the ConfigMap
constexpr auto volume         = "falco-plugins";
constexpr auto folder         = "/usr/share/falconer/plugins/";  // in Falco's container
constexpr auto brought        = "/falco-plugins";                // in those that fill it
constexpr auto folder_of_some = "/plugins/";                     // in images that bring one

bool is_brought(const planned_plugin& each) {
    return !each.is.image.empty() || !each.is.artifact.empty();
}

bool is_fetched(const planned_plugin& each) {
    return !each.is.artifact.empty();
}

/// Not mount(), which only those may use who read.
value to_fill(const std::string& name, const std::string& path) {
    return {{"name", name}, {"mountPath", path}};
}

/// They fill a folder, and have no other rights.
value init_container(const std::string& name, const std::string& image) {
    return {
        {"name", name},
        {"image", image},
        {"imagePullPolicy", "IfNotPresent"},
        {"terminationMessagePolicy", "FallbackToLogsOnError"},
        {"securityContext",
         {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", value::list_type{"ALL"}}}}}},
        {"resources",
         {{"requests", {{"cpu", "5m"}, {"memory", "32Mi"}}}, {"limits", {{"memory", "256Mi"}}}}},
        {"volumeMounts", value::list_type{to_fill(volume, brought)}},
    };
}

}  // namespace

void put_plugins(value& falco_yaml, const planned_plugins& plugins) {
    for (const auto& each : plugins.loaded) {
        value one{
            {"name", each.is.name},
            {"library_path", is_brought(each) ? folder + each.is.library : each.is.library},
        };
        if (!each.config.entries().empty()) one["init_config"] = each.config;
        if (!each.is.open_params.empty()) one["open_params"] = each.is.open_params;
        falco_yaml["plugins"].push_back(std::move(one));
        falco_yaml["load_plugins"].push_back(each.is.name);
    }
}

void put_plugin_libraries(
    value& pod_spec, const planned_plugins& plugins, const std::string& mirror
) {
    if (std::ranges::none_of(plugins.loaded, is_brought)) return;
    for (const auto& each : plugins.loaded) {
        if (each.is.image.empty()) continue;
        auto name = "plugin-" + each.is.name;
        std::ranges::replace(name, '_', '-');
        auto one       = init_container(name, image_of(each.is.image, mirror));
        one["command"] = value::list_type{
            "cp", folder_of_some + each.is.library, brought + ("/" + each.is.library)
        };
        pod_spec["initContainers"].push_back(std::move(one));
    }
    auto& volumes = pod_spec["volumes"];
    volumes.push_back({{"name", volume}, {"emptyDir", value::map()}});
    named(pod_spec["containers"], "falco")["volumeMounts"].push_back(
        mount(volume, "/usr/share/falconer/plugins")
    );
    if (std::ranges::none_of(plugins.loaded, is_fetched)) return;

    auto one    = init_container("falcoctl-plugins", image_of(plugins.fetcher, mirror));
    one["args"] = value::list_type{"artifact", "install", "--log-format=json"};
    one["env"]  = value::list_type{environment("HOME", "/")};  // as /.config has it
    one["volumeMounts"].push_back(mount("falco-plugins-config", "/etc/falcoctl"));
    for (const char* writable : {"/.config", "/tmp"})
        one["volumeMounts"].push_back(
            {{"name", "falco-plugins-scratch"},
             {"mountPath", writable},
             {"subPath", std::string(writable).substr(writable[1] == '.' ? 2 : 1)}}
        );
    pod_spec["initContainers"].push_back(std::move(one));
    volumes.push_back({{"name", "falco-plugins-config"}, {"configMap", {{"name", config_name}}}});
    volumes.push_back({{"name", "falco-plugins-scratch"}, {"emptyDir", value::map()}});
}

/// By their digests, and nothing that these ask for besides. Without an index falcoctl looks
/// nowhere else: every name is whole.
std::optional<value> plugin_config_map(const planned_plugins& plugins, const std::string& mirror) {
    auto refs = value::list();
    for (const auto& each : plugins.loaded)
        if (is_fetched(each)) refs.push_back(image_of(each.is.artifact, mirror));
    if (refs.items().empty()) return std::nullopt;
    const value config{
        {"indexes", value::list()},
        {"artifact",
         {{"allowedTypes", value::list_type{"plugin"}},
          {"install", {{"refs", std::move(refs)}, {"resolveDeps", false}, {"pluginsDir", brought}}}}
        },
    };
    return config_map(config_name, {{"falcoctl.yaml", yaml_text(config)}});
}

}  // namespace falconer::falco
