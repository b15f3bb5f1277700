// What the role `admission` is told: by its section of the configuration, by flags, by its pod.
#pragma once

#include "admission/webhook_certificates.hpp"
#include "admission/webhook_configurations.hpp"
#include "falconer/falco/review.hpp"
#include "falconer/strict_yaml.hpp"
#include "net/http_server.hpp"
#include "rules_feed.hpp"

#include <asio/ip/tcp.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace falconer::app {

/// How API servers call us: by our Service, or by a URL (from another cluster).
enum class webhook_mode : std::uint8_t { service, url };

struct admission_configuration {
    asio::ip::tcp::endpoint listen{asio::ip::address_v6::any(), 10250};
    webhook_mode            mode = webhook_mode::service;
    std::string             url{};  // mode url: "svc.garden", or with scheme and port
    std::string             service      = admissions::webhook_configuration;
    std::uint16_t           service_port = 443;
    std::string             namespace_name{};   // of our Service, Secret and Lease
    std::string             owner_namespace{};  // with whose end our registration ends

    std::filesystem::path kubeconfig{};               // of the garden; empty: the pod's own cluster
    std::filesystem::path source_kubeconfig{};        // of Secret and Lease; empty: the garden's
    bool                  source_in_cluster = false;  // … or the pod's own cluster

    std::filesystem::path rules{};  // a folder per version; empty: standard files are not at hand
    rules_feed_options    rules_source{};

    falco::allowance    usage           = falco::allowance::everybody;
    falco::allowance    central_logging = falco::allowance::everybody;
    falco::otlp_logging otlp            = falco::otlp_logging::off;

    bool        leader_election = true;
    std::string lease           = "falconer-admission";
    std::string lease_namespace{};

    admissions::webhook_certificate_policy certificates{};
    net::http_server_options               http{};
    net::http_server::farewell             drain{};

    admission_configuration();
    /// What no single option is to blame for, a sentence each.
    std::vector<std::string> problems() const;
};

void read_admission(yaml_document::reader in, admission_configuration& into);

/// What the configuration leaves open and Gardener's machinery tells a pod: GARDEN_KUBECONFIG,
/// SOURCE_CLUSTER, SOURCE_KUBECONFIG, WEBHOOK_CONFIG_NAMESPACE, LEADER_ELECTION_NAMESPACE.
/// RESTRICTED_USAGE, if it is a boolean as Go reads them, overrides whatever was said. Source: the
/// Go extension's cmd/gardener-extension-admission-shoot-falco-service/app.
void apply_environment(admission_configuration& into);

}  // namespace falconer::app
