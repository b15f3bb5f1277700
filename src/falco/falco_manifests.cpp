#include "falco_manifests.hpp"

#include "digest.hpp"
#include "manifest_edits.hpp"
#include "manifests.hpp"
#include "rules/recent.hpp"

#include <map>
#include <utility>

namespace falconer::falco {
namespace {

/// A ConfigMap holds a mebibyte. Source: Kubernetes, core validation's MaxSecretSize.
constexpr std::size_t config_map_room = 1 << 20;

/// Of an earlier line than "0.42.0". A candidate for 0.42.0 behaves as 0.42.0 does.
bool older_than(const offered_version& version, const char* than) {
    return *semver::parse(version.version) < *semver::parse(than + std::string("-0"));
}

/// A ConfigMap of rules, the name of its checksum annotation.
struct rules_map {
    std::string                        name{};
    std::string                        checksum{};
    std::map<std::string, std::string> files{};
};

std::vector<rules_map> rules_maps(const loaded_rules& rules) {
    std::vector<rules_map> all;
    for (const auto& file : rules.standard) {
        if (file.name == detections_file)
            all.push_back(
                {"falco-gardener-detections", "gardenerDetections", {{file.name, file.text}}}
            );
        else if (file.name == "falco_rules.yaml")
            all.push_back({"falco-rules", "falcoRules", {{file.name, file.text}}});
        else if (file.name == "falco-incubating_rules.yaml")
            all.push_back(
                {"falco-incubating-rules", "falcoIncubatingRules", {{file.name, file.text}}}
            );
        else
            all.push_back({"falco-sandbox-rules", "falcoSandboxRules", {{file.name, file.text}}});
    }
    if (!rules.exceptions.empty())
        all.push_back(
            {"falco-gardener-rules", "gardenerRules", {{exceptions_file, rules.exceptions}}}
        );
    if (rules.heartbeat)
        all.push_back(
            {"falco-heartbeat-rule",
             "falcoHeartbeatRule",
             {{heartbeat_file, std::string(manifest_text("manifests/heartbeat-rule.yaml"))}}}
        );
    // As many ConfigMaps as they need; the first has the name that it always had.
    std::size_t room = 0;
    for (const auto& file : rules.custom) {
        const bool first = all.empty() || !all.back().name.starts_with("falco-custom-rules");
        if (first || file.text.size() > room) {
            std::size_t number = 0;
            for (const auto& each : all) number += each.name.starts_with("falco-custom-rules");
            const auto suffix = number == 0 ? "" : '-' + std::to_string(number);
            all.push_back({"falco-custom-rules" + suffix, "customRules" + suffix, {}});
            room = config_map_room;
        }
        room -= file.text.size();
        all.back().files.emplace(file.name, file.text);
    }
    return all;
}

value falco_yaml(const falco_parts& parts) {
    auto config                        = manifest("falco.yaml");
    config["http_output"]["enabled"]   = !parts.outputs.outputs.empty();
    config["stdout_output"]["enabled"] = parts.outputs.to_stdout;
    if (parts.want.cluster.ipv6) config["webserver"]["listen_address"] = "::";
    for (const auto& path : parts.rules.paths) config["rules_files"].push_back(path);
    // From then on Falco itself knows no containers, and refuses rules that name their fields.
    // Source: falcosecurity/falco 0.41.0, config/falco.container_plugin.yaml.
    if (!older_than(parts.version, "0.41.0")) {
        config["load_plugins"].push_back("container");
        config["plugins"].push_back(manifest("container-plugin.yaml"));
    }
    put_plugins(config, parts.plugins);
    // Its schema no longer has them. Source: falco --config-schema of 0.43.0 and 0.44.1.
    if (!older_than(parts.version, "0.44.0"))
        for (const auto* gone : {"grpc", "grpc_output"}) config.erase(gone);
    return config;
}

/// As YAML. Nearly all clusters with one version have the same one, and writing it takes ten times
/// as long as writing the JSON by which it is found again. Whatever the YAML tells apart, the order
/// of keys included, that JSON does, too.
std::string shared_text_of(const value& config) {
    constexpr std::size_t             most_bytes = 256 * 1024;
    static rules::recent<std::string> texts(most_bytes);
    auto                              key = json_text(config);
    if (const auto* known = texts.find(key)) return *known;
    auto       made  = yaml_text(config);
    const auto bytes = made.size();
    return texts.keep(std::move(key), std::move(made), bytes);
}

value falcoctl_yaml(const falcoctl_options& wanted) {
    const auto texts = [](const std::optional<std::vector<std::string>>& from) {
        auto list = value::list();
        for (const auto& each : from.value_or(std::vector<std::string>{})) list.push_back(each);
        return list;
    };
    value config{
        {"artifact",
         {
             {"allowedTypes", wanted.allowed_types ? texts(wanted.allowed_types)
                                                   : value(value::list_type{"rulesfile"})},
             {"install", value::map()},
             {"follow", value::map()},
         }},
    };
    auto& install = config["artifact"]["install"];
    auto& follow  = config["artifact"]["follow"];
    for (auto* each : {&install, &follow}) {
        (*each)["rulesfilesDir"] = "/rulesfiles";
        (*each)["pluginsDir"]    = "/plugins";
    }
    if (wanted.install) {
        install["refs"]        = texts(wanted.install->refs);
        install["resolveDeps"] = wanted.install->resolve_deps.value_or(true);
    }
    follow["falcoversions"] = "http://localhost:8765/versions";
    if (wanted.follow) {
        follow["refs"]  = texts(wanted.follow->refs);
        follow["every"] = wanted.follow->every.value_or("6h");
    }
    // Without the key falcoctl looks into Falco's own index; an empty list would take it away.
    for (const auto& index : wanted.indexes.value_or(std::vector<falcoctl_index>{}))
        config["indexes"].push_back({{"name", index.name}, {"url", index.url}});
    return config;
}

bool follows_anything(const falcoctl_options& wanted) {
    return wanted.follow && !wanted.follow->refs.value_or(std::vector<std::string>{}).empty();
}

/// One DaemonSet is edited by one of these.
class daemonset {
public:
    explicit daemonset(const falco_parts& parts)
        : parts_(parts), want_(parts.want), object_(manifest("target/daemonset.yaml")) {
        put_labels(object_, "falco", parts.version.version);
    }

    value edit(const std::vector<rules_map>& maps, const std::string& config_text) && {
        annotate("config", sha256_hex(config_text));
        annotate("certs", want_.certificates.falco_checksum);
        edit_container();
        edit_runtime_socket();
        for (const auto& each : maps) add_rules(each);
        for (const auto& name : parts_.rules.shoot_config_maps) add_shoot_rules(name);
        if (parts_.rules.heartbeat) add_heartbeat();
        if (parts_.falcoctl != nullptr) add_falcoctl();
        add_plugins();

        put_placement(pod(), want_.service);
        put_priority(pod(), want_.cluster.is, want_.settings.priority_class);
        if (want_.cluster.is == extension_class::shoot)
            allow(
                object_["spec"]["template"]["metadata"]["labels"],
                {"to-dns", "to-falcosidekick", "from-seed"}
            );
        return std::move(object_);
    }

private:
    value& pod() { return object_["spec"]["template"]["spec"]; }
    value& falco() { return named(pod()["containers"], "falco"); }

    void annotate(const std::string& what, const std::string& checksum) {
        if (!checksum.empty())
            object_["spec"]["template"]["metadata"]["annotations"]["checksum/" + what] = checksum;
    }

    void edit_container() {
        auto& container    = falco();
        container["image"] = image_of(parts_.version.image, want_.settings.registry_mirror);
        // 0.42 prints what Kubernetes knows of a container without being asked, and refuses it.
        if (older_than(parts_.version, "0.42.0")) container["args"].push_back("-pk");
        container["env"].push_back(environment("FALCO_VERSION", parts_.version.version));

        const auto put = [&](const char* kind, const std::optional<resource_amounts>& asked) {
            if (!asked) return;
            auto& amounts = container["resources"][kind];
            if (asked->cpu) amounts["cpu"] = *asked->cpu;
            if (asked->memory) amounts["memory"] = *asked->memory;
        };
        put("requests", want_.service.resources.requests);
        put("limits", want_.service.resources.limits);
    }

    /// Gardener's nodes run containerd; a socket that is not there would become a folder. Names of
    /// volumes are the Go extension's.
    void edit_runtime_socket() {
        const auto name = older_than(parts_.version, "0.41.2") ? "containerd-socket"
                                                               : "container-engine-socket-2";
        falco()["volumeMounts"].push_back(mount(name, "/host/run/containerd/containerd.sock"));
        pod()["volumes"].push_back(
            {{"name", name},
             {"hostPath", {{"path", "/run/containerd/containerd.sock"}, {"type", "Socket"}}}}
        );
    }

    void add_rules(const rules_map& map) {
        std::string all;
        for (const auto& [name, text] : map.files)
            all += name + '\n' + std::to_string(text.size()) + '\n' + text;
        annotate(map.checksum, sha256_hex(all));
        named(pod()["volumes"], "rules-volume")["projected"]["sources"].push_back(
            {{"configMap", {{"name", map.name}}}}
        );
    }

    void add_shoot_rules(const std::string& name) {
        const auto volume = "shoot-custom-rules-" + name;
        falco()["volumeMounts"].push_back(mount(volume, "/etc/falco/shoot-custom-rules/" + name));
        pod()["volumes"].push_back(
            {{"name", volume},
             {"projected",
              {{"defaultMode", 420},
               {"sources", value::list_type{{{"configMap", {{"name", name}}}}}}}}}
        );
    }

    void add_heartbeat() {
        auto container     = manifest("target/heartbeat-container.yaml");
        container["image"] = image_of(want_.settings.agent_image, want_.settings.registry_mirror);
        container["env"].push_back(environment("FALCO_VERSION", parts_.version.version));
        pod()["containers"].push_back(std::move(container));
        pod()["volumes"].push_back(
            {{"name", "heartbeat-key"},
             {"secret", {{"secretName", "falco-heartbeat"}, {"optional", true}}}}
        );
    }

    /// It fetches rule files before Falco starts, and looks for newer ones beside it. What it
    /// pulls lies in /tmp first, what it knows of indexes in its user's home. Source: falcoctl,
    /// cmd/artifact/install/install.go; internal/config/config.go.
    void add_falcoctl() {
        const auto container = [&](const char* name, const char* verb) {
            value one{
                {"name", name},
                {"image", image_of(parts_.falcoctl->image, want_.settings.registry_mirror)},
                {"imagePullPolicy", "IfNotPresent"},
                {"args", value::list_type{"artifact", verb, "--log-format=json"}},
                {"env", value::list_type{environment("HOME", "/")}},
                {"securityContext",
                 {{"allowPrivilegeEscalation", false},
                  {"readOnlyRootFilesystem", true},
                  {"capabilities", {{"drop", value::list_type{"ALL"}}}}}},
                {"resources",
                 {{"requests", {{"cpu", "5m"}, {"memory", "32Mi"}}},
                  {"limits", {{"memory", "256Mi"}}}}},
                {"volumeMounts",
                 value::list_type{
                     mount("falcoctl-config", "/etc/falcoctl"),
                     {{"name", "falcoctl-rulesfiles"}, {"mountPath", "/rulesfiles"}},
                     {{"name", "falcoctl-plugins"}, {"mountPath", "/plugins"}},
                     {{"name", "falcoctl-home"}, {"mountPath", "/.config"}},
                     {{"name", "falcoctl-scratch"}, {"mountPath", "/tmp"}},
                 }},
            };
            return one;
        };
        pod()["initContainers"].push_back(container("falcoctl-artifact-install", "install"));
        // It ends with an error, again and again, where it has nothing to follow.
        if (follows_anything(*want_.service.falcoctl))
            pod()["containers"].push_back(container("falcoctl-artifact-follow", "follow"));
        falco()["volumeMounts"].push_back(mount("falcoctl-rulesfiles", falcoctl_rules));
        auto& volumes = pod()["volumes"];
        volumes.push_back({{"name", "falcoctl-config"}, {"configMap", {{"name", "falco-falcoctl"}}}}
        );
        for (const char* name :
             {"falcoctl-rulesfiles", "falcoctl-plugins", "falcoctl-home", "falcoctl-scratch"})
            volumes.push_back({{"name", name}, {"emptyDir", value::map()}});
        if (want_.cluster.is == extension_class::shoot)
            allow(object_["spec"]["template"]["metadata"]["labels"], {"to-public-networks"});
        annotate("falcoctl", sha256_hex(yaml_text(falcoctl_yaml(*want_.service.falcoctl))));
    }

    void add_plugins() {
        put_plugin_libraries(pod(), parts_.plugins, want_.settings.registry_mirror);
        const auto fetched = plugin_config_map(parts_.plugins, want_.settings.registry_mirror);
        if (!fetched) return;
        annotate("plugins", sha256_hex(json_text(*fetched)));
        if (want_.cluster.is == extension_class::shoot)
            allow(object_["spec"]["template"]["metadata"]["labels"], {"to-public-networks"});
    }

    const falco_parts&   parts_;
    const delivery_want& want_;
    value                object_;
};

/// What Falco shows to know that it talks to Falcosidekick, and to be known. Empty without it.
value certificates_of(const certificate_delivery& certificates) {
    return opaque_secret(
        "falco-certs",
        {
            {"client.key", certificates.client.key.reveal()},
            {"client.crt", certificates.client.certificate},
            {"client.ca.crt", certificates.client_trust},
            {"server.ca.crt", certificates.server_trust},
        }
    );
}

/// For Prometheus, which finds pods by Services.
value metrics_service(const std::string& version) {
    value object{
        {"apiVersion", "v1"},
        {"kind", "Service"},
        {"metadata", {{"name", "falco-metrics"}, {"namespace", "kube-system"}}},
        {"spec",
         {
             {"clusterIP", "None"},
             {"selector",
              {{"app.kubernetes.io/name", "falco"}, {"app.kubernetes.io/instance", "falco"}}},
             {"ports",
              value::list_type{
                  {{"name", "metrics"}, {"port", 8765}, {"targetPort", 8765}, {"protocol", "TCP"}}
              }},
         }},
    };
    put_labels(object, "falco", version);
    return object;
}

}  // namespace

std::vector<value> falco_manifests(const falco_parts& parts) {
    const auto& version = parts.version.version;
    const auto  text    = shared_text_of(falco_yaml(parts));
    const auto  maps    = rules_maps(parts.rules);

    std::vector<value> all;
    const auto         add = [&](value object) -> value& {
        put_labels(object, "falco", version);
        return all.emplace_back(std::move(object));
    };
    add(config_map("falco", {{"falco.yaml", text}}));
    for (const auto& each : maps) add(config_map(each.name, each.files));
    if (parts.falcoctl != nullptr)
        add(config_map(
            "falco-falcoctl",
            {{"falcoctl.yaml", yaml_text(falcoctl_yaml(*parts.want.service.falcoctl))}}
        ));
    if (auto fetched = plugin_config_map(parts.plugins, parts.want.settings.registry_mirror))
        add(std::move(*fetched));
    add(certificates_of(parts.want.certificates));
    if (parts.rules.heartbeat && !parts.want.heartbeat_key.empty())
        add(opaque_secret("falco-heartbeat", {{"key", parts.want.heartbeat_key.reveal()}}));
    all.push_back(daemonset(parts).edit(maps, text));
    all.push_back(metrics_service(version));
    return all;
}

}  // namespace falconer::falco
