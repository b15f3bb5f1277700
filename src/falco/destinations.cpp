#include "destinations.hpp"

#include "destination_secrets.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/spelling.hpp"
#include "repeated_keys.hpp"
#include "template_text.hpp"

#include <algorithm>
#include <array>

namespace falconer::falco {
namespace {

constexpr std::array kinds{
    destination_kind{.name = "stdout", .key = ""},
    destination_kind{.name = "logging", .key = "loki", .for_seeds = false},
    destination_kind{.name = "otlp", .key = "otlp", .for_seeds = false},
    destination_kind{.name = "central", .key = "webhook"},
    destination_kind{.name = "custom", .key = "webhook", .needs_secret = true},
    destination_kind{.name = "opensearch", .key = "elasticsearch", .needs_secret = true},
    destination_kind{.name = "splunk", .key = "splunk", .needs_secret = true},
};

const secret* token_of(const output_sources& from, cluster_token kind) {
    const auto found = from.tokens.find(kind);
    return found == from.tokens.end() ? nullptr : &found->second;
}

/// Gardener's log store beside the shoot's control plane.
planned_output to_vali(const cluster_facts& cluster) {
    planned_output out{.key = "loki"};
    out.takes_service_account = true;
    out.non_resource_url      = "/vali/api/v1/push";
    out.stanza                = {
        {"hostport", "https://v-" + cluster.short_id() + '.' + cluster.ingress_domain},
        {"endpoint", out.non_resource_url},
        {"format", "json"},
        {"checkcert", false},  // Gardener's own authority, which the pod does not know
        {"customheaders", {{"Authorization", "Bearer " + std::string(service_account_token)}}},
    };
    return out;
}

/// The OpenTelemetry collector there.
planned_output to_collector(const cluster_facts& cluster) {
    planned_output out{.key = "otlp"};
    out.takes_service_account = true;
    out.non_resource_url      = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const auto host           = "https://otc-" + cluster.short_id() + '.' + cluster.ingress_domain;
    out.stanza                = {
        {"logs",
                        {
             {"endpoint", host + out.non_resource_url},
             {"protocol", "grpc"},
             // One text: a mapping keeps Falcosidekick from starting.
             {"headers", "Authorization=Bearer " + std::string(service_account_token)},
             {"checkcert", false},
         }},
        // Falcosidekick looks at this one even where no traces are sent.
        {"traces", {{"checkcert", "false"}}},
    };
    return out;
}

planned_output to_central(const operator_settings& settings, const secret& token) {
    planned_output out{.key = "webhook"};
    out.stanza = {
        {"address", settings.central.url},
        {"method", "POST"},
        {"checkcert", true},
        {"customheaders",
         {
             {"Authorization", "Bearer " + token.reveal()},
             // Go's client sends a request again when a kept connection was just being closed only
             // if it carries this. Source: net/http, Transport.
             {"Idempotency-Key", "falcosidekick"},
         }},
    };
    return out;
}

planned_output to_webhook(const custom_webhook& hook) {
    planned_output out{.key = "webhook"};
    out.stanza = {
        {"address", hook.address.value_or("")},
        {"method", "POST"},
        {"checkcert", hook.check_certs.value_or(true)},
    };
    if (hook.headers && !hook.headers->empty()) {
        auto& headers = out.stanza["customheaders"];
        headers       = value::map();
        for (const auto& [name, text] : *hook.headers) headers[name] = text;
    }
    return out;
}

/// One call plans all of them.
class planner {
public:
    planner(const output_sources& from, field_problems& problems)
        : from_(from), problems_(problems) {}

    void plan(const destination& want, const std::string& path) {
        if (!want.is_enabled()) return;
        const auto* kind = find_destination(want.name);
        if (kind == nullptr) return plan_global(want, path);
        if (kind->key.empty()) {
            done_.to_stdout = true;
        } else if (kind->name == "logging") {
            put_at_the_seed(to_vali(from_.cluster), *kind, path);
        } else if (kind->name == "otlp") {
            put_at_the_seed(to_collector(from_.cluster), *kind, path);
        } else if (kind->name == "central") {
            plan_central(path);
        } else {
            plan_secret(*kind, want, path);
        }
    }
    void plan(const custom_webhook& hook, const std::string& path) { put(to_webhook(hook), path); }

    planned_outputs take() && { return std::move(done_); }

private:
    void complain(const std::string& path, std::string what) {
        problems_.push_back({path, std::move(what)});
    }

    void put(planned_output out, const std::string& path) {
        const auto taken = std::ranges::find(done_.outputs, out.key, &planned_output::key);
        if (taken != done_.outputs.end())
            return complain(
                path, "Falcosidekick's output " + out.key + " is taken by an earlier destination"
            );
        done_.outputs.push_back(std::move(out));
    }

    /// A Cluster may be without a seed: there is no host to send to then. Source:
    /// gardener/gardener, pkg/extensions/cluster.go.
    void put_at_the_seed(
        planned_output out, const destination_kind& kind, const std::string& path
    ) {
        if (!from_.cluster.ingress_domain.empty()) return put(std::move(out), path);
        problems_.push_back(problem_of_landscape(
            path + ".name", std::string(kind.name) +
                                " is reached below the seed's ingress domain, and the Cluster "
                                "names none (spec.seed.spec.ingress.domain)"
        ));
    }

    void plan_central(const std::string& path) {
        const auto wrong = [&](const char* what) {
            problems_.push_back(problem_of_landscape(path + ".name", what));
        };
        if (!from_.settings.central.enabled)
            return wrong("central is not offered in this landscape");
        const auto* token = token_of(from_, cluster_token::central);
        if (token == nullptr) return wrong("there is no token for central");
        put(to_central(from_.settings, *token), path);
    }

    void plan_secret(
        const destination_kind& kind, const destination& want, const std::string& path
    ) {
        const auto at = path + ".resourceSecretName";
        if (!want.resource_secret_name || want.resource_secret_name->empty())
            return complain(at, "is needed by " + want.name);
        const auto* resource = from_.cluster.find(*want.resource_secret_name, "Secret");
        if (resource == nullptr || resource->api_version != "v1")
            return complain(
                at, "spec.resources has no v1 Secret named " +
                        described(value(*want.resource_secret_name))
            );
        const auto found  = from_.secrets.find(resource->copy());
        const auto called = "Secret " + in_one_line(resource->copy());
        if (found == from_.secrets.end())
            return problems_.push_back(
                problem_of_landscape(at, called + " is not in the control plane's namespace")
            );
        auto read = stanza_from_secret(want.name, found->second);
        for (const auto& each : read.problems) complain(at, called + ": " + each);
        if (read.problems.empty())
            put({std::string(kind.key), std::move(read.stanza), false, {}}, path);
    }

    void plan_global(const destination& want, const std::string& path) {
        const auto skip = [&](const std::string& why) {
            done_.warnings.push_back(
                "destination " + in_one_line(want.name) + " is left out: " + why
            );
        };
        const auto* is = from_.settings.find_global(want.name);
        if (is == nullptr) return skip("the landscape has no such destination");
        if (std::ranges::find(done_.outputs, is->key, &planned_output::key) != done_.outputs.end())
            return skip("Falcosidekick's output " + is->key + " is taken");

        planned_output out{.key = is->key};
        auto           stanza =
            expand(is->stanza, [&](std::string_view name) { return variable(name, out); });
        if (!stanza) return skip(stanza.error().detail);
        if (stanza->is_text()) {
            stanza = parse_yaml(*stanza->text());
            if (!stanza) return skip(stanza.error().detail);
            if (!stanza->is_map()) return skip("it is no mapping");
            field_problems twice;
            find_repeated_keys(*stanza, is->key, twice);
            if (!twice.empty()) return skip(twice.front().text());
        }
        out.stanza = std::move(*stanza);
        if (out.key == "loki") out.non_resource_url = "/vali/api/v1/push";
        if (out.key == "otlp")
            out.non_resource_url = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
        put(std::move(out), path);
    }

    result<std::string> variable(std::string_view name, planned_output& out) {
        if (name == "SeedIngressDomain") {
            if (!from_.cluster.ingress_domain.empty()) return from_.cluster.ingress_domain;
            return failure{
                errc::not_found,
                "it is reached below the seed's ingress domain, and nothing names one"
            };
        }
        if (name == "ServiceAccountToken") {
            out.takes_service_account = true;
            return std::string(service_account_token);
        }
        if (name == "ClusterIdentityToken") {
            if (const auto* token = token_of(from_, cluster_token::cluster_identity))
                return token->reveal();
            return failure{
                errc::not_found, "falco.clusterIdentityToken, whose token it wants, is not there"
            };
        }
        return failure{errc::malformed, "there is no variable " + std::string(name)};
    }

    const output_sources& from_;
    field_problems&       problems_;
    planned_outputs       done_{};
};

}  // namespace

std::span<const destination_kind> destination_kinds() noexcept {
    return kinds;
}

const destination_kind* find_destination(std::string_view name) noexcept {
    const auto* found = std::ranges::find(kinds, name, &destination_kind::name);
    return found == kinds.end() ? nullptr : found;
}

std::string destinations_of(extension_class is) {
    std::string names;
    for (const auto& each : kinds)
        if (is == extension_class::shoot ? each.for_shoots : each.for_seeds)
            names += (names.empty() ? "" : ", ") + std::string(each.name);
    return names;
}

std::set<cluster_token> tokens_for(
    const falco_service& service, const operator_settings& settings
) {
    std::set<cluster_token> all;
    for (const auto& each : service.destinations) {
        if (!each.is_enabled()) continue;
        if (each.name == "central" && settings.central.enabled) all.insert(cluster_token::central);
        const auto* global = settings.find_global(each.name);
        if (global != nullptr && settings.identity_tokens &&
            mentions(global->stanza, "ClusterIdentityToken"))
            all.insert(cluster_token::cluster_identity);
    }
    return all;
}

planned_outputs plan_outputs(
    const falco_service& service, const output_sources& from, const std::string& path,
    field_problems& problems
) {
    planner plan(from, problems);
    for (std::size_t i = 0; i < service.destinations.size(); ++i)
        plan.plan(service.destinations[i], path + ".destinations[" + std::to_string(i) + ']');
    if (service.webhook) plan.plan(*service.webhook, path + ".customWebhook");
    return std::move(plan).take();
}

}  // namespace falconer::falco
