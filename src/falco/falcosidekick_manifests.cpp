#include "falcosidekick_manifests.hpp"

#include "digest.hpp"
#include "manifest_edits.hpp"
#include "manifests.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

bool takes_service_account(const planned_outputs& outputs) {
    return std::ranges::any_of(outputs.outputs, &planned_output::takes_service_account);
}

void take_token_out(value& pod) {
    remove_named(pod["volumes"], "sa-token");
    auto& init = named(pod["initContainers"], "configure");
    remove_named(init["volumeMounts"], "sa-token");
    auto args = value::list();
    for (const auto& each : init["args"].items())
        if (!each.text()->starts_with("--token-file=")) args.push_back(each);
    init["args"] = std::move(args);
}

value deployment(
    const delivery_want& want, const offered_version& version, const planned_outputs& outputs,
    const std::string& config
) {
    auto  object    = manifest("target/falcosidekick-deployment.yaml");
    auto& pods      = object["spec"]["template"];
    auto& pod       = pods["spec"];
    auto& metadata  = pods["metadata"];
    auto& checksums = metadata["annotations"];
    put_labels(object, "falcosidekick", version.version);
    checksums["checksum/config"] = sha256_hex(config);
    checksums["checksum/certs"]  = want.certificates.falcosidekick_checksum;
    const auto& mirror           = want.settings.registry_mirror;
    named(pod["initContainers"], "configure")["image"] =
        image_of(want.settings.agent_image, mirror);
    named(pod["containers"], "falcosidekick")["image"] = image_of(version.image, mirror);
    if (takes_service_account(outputs)) {
        // Its token is read when a pod starts and lives for 30 days: this rolls the pods in time.
        if (!want.service_account_epoch.empty())
            checksums["falco.gardener.cloud/service-account-epoch"] = want.service_account_epoch;
        named(pod["volumes"], "sa-token")["secret"].erase("optional");
    } else {
        take_token_out(pod);
    }
    put_placement(pod, want.service);
    put_priority(pod, want.cluster.is, want.settings.priority_class);
    if (want.cluster.is == extension_class::shoot)
        allow(
            metadata["labels"],
            {"to-dns", "to-public-networks", "to-private-networks", "from-falco", "from-seed"}
        );
    return object;
}

value certificates_of(const certificate_delivery& certificates) {
    const auto& server = certificates.server;
    return opaque_secret(
        "falcosidekick-certs",
        {
            {"server.key", server.key.reveal()},
            {"server.crt", server.certificate},
            {"falcosidekick.pem", server.key.reveal() + server.certificate},
            {"ca.crt", certificates.client_trust},
            {"ca.pem", certificates.client_trust},
        }
    );
}

/// One role for all outputs that present the token.
std::vector<std::string> urls_of(const planned_outputs& outputs) {
    std::vector<std::string> all;
    for (const auto& each : outputs.outputs)
        if (each.takes_service_account && !each.non_resource_url.empty())
            all.push_back(each.non_resource_url);
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
    return all;
}

}  // namespace

std::string falcosidekick_yaml(
    const std::string& cluster_identity, const planned_outputs& outputs
) {
    auto config                          = manifest("falcosidekick.yaml");
    config["customfields"]["cluster_id"] = cluster_identity;
    for (const auto& each : outputs.outputs) config[each.key] = each.stanza;
    return yaml_text(config);
}

std::vector<value> falcosidekick_manifests(
    const delivery_want& want, const offered_version& version, const planned_outputs& outputs
) {
    const auto config = falcosidekick_yaml(want.cluster.identity, outputs);

    std::vector<value> all;
    const auto         add = [&](value object) {
        put_labels(object, "falcosidekick", version.version);
        all.push_back(std::move(object));
    };
    add(opaque_secret("falcosidekick", {{"config.yaml", config}}));
    add(certificates_of(want.certificates));
    add(deployment(want, version, outputs, config));
    add(manifest("target/falcosidekick-service.yaml"));
    add(manifest("target/falcosidekick-poddisruptionbudget.yaml"));
    add(manifest("target/networkpolicy-egress.yaml"));
    add(manifest("target/networkpolicy-ingress.yaml"));
    if (const auto urls = urls_of(outputs); !urls.empty()) {
        auto  role  = manifest("target/clusterrole.yaml");
        auto& paths = role["rules"].push_back(
            {{"nonResourceURLs", value::list()}, {"verbs", value::list_type{"create"}}}
        )["nonResourceURLs"];
        for (const auto& each : urls) paths.push_back(each);
        add(std::move(role));
        add(manifest("target/clusterrolebinding.yaml"));
    }
    return all;
}

std::vector<value> shoot_seed_manifests(const delivery_want& want, const planned_outputs& outputs) {
    std::vector<value> all;
    const auto         add = [&](value object) {
        object["metadata"]["namespace"] = want.cluster.control_plane;
        all.push_back(std::move(object));
    };
    if (takes_service_account(outputs)) add(manifest("seed/token-secret.yaml"));
    add(manifest("seed/scrapeconfig.yaml"));
    return all;
}

}  // namespace falconer::falco
