#include "webhook_configurations.hpp"

#include "falconer/base64.hpp"
#include "falconer/net/http_client.hpp"
#include "review_handler.hpp"
#include "webhook_certificates.hpp"

#include <utility>

namespace falconer::admissions {
namespace {

constexpr auto selector_label = "extensions.extensions.gardener.cloud/shoot-falco-service";
constexpr auto not_remedied   = "remediation.webhook.shoot.gardener.cloud/exclude";

value texts(std::initializer_list<const char*> all) {
    auto made = value::list();
    for (const auto* each : all) made.push_back(each);
    return made;
}

value rule_for(webhook_kind is, const char* resource) {
    return {
        {"apiGroups", texts({"core.gardener.cloud"})},
        {"apiVersions", texts({is == webhook_kind::mutating ? "v1beta1" : "*"})},
        {"operations", texts({"CREATE", "UPDATE"})},
        {"resources", texts({resource})},
        {"scope", "*"}
    };
}

value client_config(webhook_kind is, const webhook_address& at, const std::string& bundle) {
    const auto path = std::string(is == webhook_kind::mutating ? mutate_path : validate_path);
    value      made;
    if (at.url.empty())
        made["service"] = {
            {"namespace", at.namespace_name},
            {"name", at.service},
            {"path", path},
            {"port", std::int64_t{at.port}}
        };
    else
        made["url"] = at.url + path;
    made["caBundle"] = encode_base64(bundle);
    return made;
}

/// With all that an API server would add, so that what it keeps can be compared.
value webhook(webhook_kind is, const webhook_address& at, const std::string& bundle) {
    value rules = value::list();
    for (const auto* each : {"shoots", "seeds"}) rules.push_back(rule_for(is, each));
    const bool mutates = is == webhook_kind::mutating;
    value      made{
             {"name", std::string(mutates ? "mutator" : "validator") +
                          ".admission-shoot-falco-service.extensions.gardener.cloud"},
             {"clientConfig", client_config(is, at, bundle)},
             {"rules", std::move(rules)},
             {"objectSelector", {{"matchLabels", {{selector_label, "true"}}}}},
             {"namespaceSelector", value::map()},
             {"failurePolicy", "Fail"},
             {"matchPolicy", "Exact"},
             {"sideEffects", "None"},
             {"timeoutSeconds", 10},
             {"admissionReviewVersions", texts({"v1", "v1beta1"})}
    };
    if (mutates) made["reinvocationPolicy"] = "Never";
    return made;
}

value owner_reference(const webhook_owner& owner) {
    return {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"name", owner.name},
            {"uid", owner.uid},   {"controller", true},  {"blockOwnerDeletion", false}};
}

/// `trust`, and what others have put beside it: their own replicas may still be called.
std::string with_others(const std::string& trust, const std::string& found) {
    std::string text = trust;
    for (const auto& each : certificates_in(found))
        if (text.find(each) == std::string::npos) text += each;
    return text;
}

value repaired(
    webhook_kind is, value object, const webhook_address& at, const webhook_owner& owner,
    const std::string& bundle
) {
    const auto type                            = type_of(is);
    object["apiVersion"]                       = type.api_version();
    object["kind"]                             = type.kind;
    object["metadata"]["name"]                 = webhook_configuration;
    object["metadata"]["labels"][not_remedied] = "true";
    if (!owner.uid.empty()) {
        value references = value::list();
        references.push_back(owner_reference(owner));
        object["metadata"]["ownerReferences"] = std::move(references);
    }
    value webhooks = value::list();
    webhooks.push_back(webhook(is, at, bundle));
    object["webhooks"] = std::move(webhooks);
    return object;
}

/// Every webhook of it trusts `bundle`.
value trusting(value object, const std::string& bundle) {
    if (auto* webhooks = object.find("webhooks"))
        for (std::size_t i = 0; i < webhooks->items().size(); ++i)
            webhooks->item(i)["clientConfig"]["caBundle"] = encode_base64(bundle);
    return object;
}

}  // namespace

kube_type type_of(webhook_kind is) {
    const bool mutates = is == webhook_kind::mutating;
    return {
        .group      = "admissionregistration.k8s.io",
        .version    = "v1",
        .kind       = mutates ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration",
        .plural     = mutates ? "mutatingwebhookconfigurations" : "validatingwebhookconfigurations",
        .namespaced = false
    };
}

std::optional<std::string> webhook_url(std::string_view said) {
    auto text = std::string(said.find("://") == said.npos ? "https://" : "") + std::string(said);
    while (text.ends_with('/')) text.pop_back();
    const auto place = net::parse_place(text);
    if (!place || !place->tls || place->host.empty()) return std::nullopt;
    return text;
}

std::vector<std::string> names_of(const webhook_address& at) {
    if (!at.url.empty()) {
        const auto place = net::parse_place(at.url);
        return {place ? place->host : at.url};
    }
    const auto in = at.service + "." + at.namespace_name;
    return {at.service, in, in + ".svc"};
}

std::string bundle_in(const value& configuration) {
    const auto* const webhooks = configuration.find("webhooks");
    if (webhooks == nullptr) return {};
    for (const auto& each : webhooks->items()) {
        auto decoded = decode_base64(each.text_at({"clientConfig", "caBundle"}));
        if (decoded && !decoded->empty()) return std::move(*decoded);
    }
    return {};
}

std::optional<value> wanted_configuration(
    webhook_kind is, const value& found, const webhook_address& at, const webhook_owner& owner,
    const std::string& trust, webhook_repair how
) {
    const auto        there   = bundle_in(found);
    const auto* const has     = found.find("webhooks");
    const bool        nothing = has == nullptr || has->items().empty();
    value             made;
    if (nothing || how == webhook_repair::everything)
        made = repaired(is, found, at, owner, trust.empty() ? there : trust);
    else if (is_trusted_by(trust, there))
        return std::nullopt;
    else
        made = trusting(found, with_others(trust, there));
    if (made == found) return std::nullopt;
    return made;
}

}  // namespace falconer::admissions
