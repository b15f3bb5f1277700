#include "admission_configuration.hpp"

#include "admission/review_handler.hpp"
#include "configuration.hpp"
#include "falconer/go_bool.hpp"
#include "rules_source_section.hpp"

#include <cstdlib>
#include <string_view>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string environment(const char* name) {
    const char* const said = std::getenv(name);
    return said == nullptr ? "" : said;
}

void read_path(yaml_document::reader& in, std::string_view key, std::filesystem::path& into) {
    std::string text = into.string();
    in.read(key, text);
    into = text;
}

}  // namespace

admission_configuration::admission_configuration() {
    http.limits.body_bytes = admissions::largest_review;
}

std::vector<std::string> admission_configuration::problems() const {
    std::vector<std::string> all;
    if (mode == webhook_mode::url && url.empty() && listen.address().is_unspecified())
        all.emplace_back(
            "admission.url: is needed in mode url: how the garden's API server calls us"
        );
    if (mode == webhook_mode::url && !url.empty() && !admissions::webhook_url(url))
        all.push_back(
            "admission.url: expected a host, host:port or https URL, found '" + url + "'"
        );
    for (const auto& each : certificates.problems())
        all.push_back("admission.certificates." + each);
    return all;
}

void read_admission(yaml_document::reader in, admission_configuration& into) {
    auto listen = endpoint_text(into.listen);
    in.read("listen", listen);
    if (const auto where = parse_endpoint(listen))
        into.listen = *where;
    else
        in.complain("listen", "expected an address and a port such as [::]:10250");
    in.read_choice(
        "mode", into.mode, {{"service", webhook_mode::service}, {"url", webhook_mode::url}}
    );
    in.read("url", into.url);
    in.read("service", into.service);
    in.read("servicePort", into.service_port, 1, 65'535);
    in.read("namespace", into.namespace_name);
    in.read("ownerNamespace", into.owner_namespace);
    read_path(in, "kubeconfig", into.kubeconfig);
    read_path(in, "sourceKubeconfig", into.source_kubeconfig);
    in.read("sourceInCluster", into.source_in_cluster);
    read_path(in, "rules", into.rules);
    read_rules_source(in.section("rulesSource"), into.rules_source);

    bool restricted = false, central = false, otlp = false;
    in.read("restrictedUsage", restricted);
    in.read("restrictedCentralizedLogging", central);
    in.read("otlpLogging", otlp);
    const auto only = [](bool is) {
        return is ? falco::allowance::annotated_namespaces : falco::allowance::everybody;
    };
    into.usage           = only(restricted);
    into.central_logging = only(central);
    into.otlp            = otlp ? falco::otlp_logging::on : falco::otlp_logging::off;

    in.read("leaderElection", into.leader_election);
    in.read("leaderElectionID", into.lease);
    in.read("leaderElectionNamespace", into.lease_namespace);

    auto              certificates = in.section("certificates");
    constexpr auto    day          = std::chrono::hours(24);
    constexpr seconds longest      = day * 3650;
    certificates.read_duration(
        "authorityLifetime", into.certificates.authority, seconds(20s), longest
    );
    certificates.read_duration("lifetime", into.certificates.leaf, seconds(20s), longest);
    certificates.read_duration("overlap", into.certificates.overlap, seconds(1s), longest);
    certificates.read_duration("settle", into.certificates.settle, seconds(1s), seconds(1h));

    read_farewell(in.section("drain"), into.drain);
}

void apply_environment(admission_configuration& into) {
    if (into.kubeconfig.empty()) into.kubeconfig = environment("GARDEN_KUBECONFIG");
    if (into.kubeconfig.empty()) into.kubeconfig = environment("KUBECONFIG");
    if (environment("SOURCE_CLUSTER") == "enabled") {
        if (into.source_kubeconfig.empty())
            into.source_kubeconfig = environment("SOURCE_KUBECONFIG");
        into.source_in_cluster = into.source_kubeconfig.empty();
    }
    if (into.namespace_name.empty()) into.namespace_name = environment("WEBHOOK_CONFIG_NAMESPACE");
    if (into.lease_namespace.empty())
        into.lease_namespace = environment("LEADER_ELECTION_NAMESPACE");
    if (const auto restricted = parse_go_bool(environment("RESTRICTED_USAGE")))
        into.usage =
            *restricted ? falco::allowance::annotated_namespaces : falco::allowance::everybody;
}

}  // namespace falconer::app
