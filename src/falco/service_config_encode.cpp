// FalcoServiceConfig as it is written back into a shoot.
#include "falconer/falco/service_config.hpp"

namespace falconer::falco {
namespace {

value as_value(bool is) {
    return is;
}
value as_value(std::int64_t is) {
    return is;
}
value as_value(const std::string& is) {
    return is;
}
value as_value(const text_map& is) {
    auto all = value::map();
    for (const auto& [key, text] : is) all[key] = text;
    return all;
}
value as_value(const toleration& is) {
    return encode(is);
}
value as_value(const resource_amounts& is);
value as_value(const falco_resources& is);
value as_value(const custom_rule& is);
value as_value(const falco_rules& is);
value as_value(const destination& is);
value as_value(const plugin_choice& is);
value as_value(const gardener_rules& is);
value as_value(const falcoctl_index& is);
value as_value(const falcoctl_install& is);
value as_value(const falcoctl_follow& is);
value as_value(const falcoctl_options& is);
value as_value(const custom_webhook& is);

template <class T>
value as_value(const std::vector<T>& is) {
    auto all = value::list();
    for (const auto& each : is) all.push_back(as_value(each));
    return all;
}

/// Only what was said.
template <class T>
void put(value& into, std::string_view key, const std::optional<T>& is) {
    if (is) into[key] = as_value(*is);
}

value as_value(const resource_amounts& is) {
    auto out = value::map();
    put(out, "cpu", is.cpu);
    put(out, "memory", is.memory);
    return out;
}

value as_value(const falco_resources& is) {
    auto out = value::map();
    put(out, "requests", is.requests);
    put(out, "limits", is.limits);
    return out;
}

value as_value(const custom_rule& is) {
    auto out = value::map();
    put(out, "resourceName", is.resource_name);
    put(out, "shootConfigMap", is.shoot_config_map);
    return out;
}

value as_value(const falco_rules& is) {
    auto out = value::map();
    put(out, "standard", is.standard);
    put(out, "custom", is.custom);
    return out;
}

value as_value(const destination& is) {
    value out{{"name", is.name}};
    put(out, "enabled", is.enabled);
    put(out, "resourceSecretName", is.resource_secret_name);
    return out;
}

value as_value(const plugin_choice& is) {
    value out{{"name", is.name}};
    if (is.init_config) out["initConfig"] = *is.init_config;
    return out;
}

value as_value(const gardener_rules& is) {
    auto out = value::map();
    put(out, "useFalcoRules", is.use_falco_rules);
    put(out, "useFalcoIncubatingRules", is.use_incubating_rules);
    put(out, "useFalcoSandboxRules", is.use_sandbox_rules);
    put(out, "useGardenerDetections", is.use_detections);
    if (is.rule_refs) {
        out["ruleRefs"] = value::list();
        for (const auto& ref : *is.rule_refs) out["ruleRefs"].push_back(value{{"ref", ref}});
    }
    put(out, "plugins", is.plugins);
    return out;
}

value as_value(const falcoctl_index& is) {
    return {{"name", is.name}, {"url", is.url}};
}

value as_value(const falcoctl_install& is) {
    auto out = value::map();
    put(out, "refs", is.refs);
    put(out, "resolveDeps", is.resolve_deps);
    return out;
}

value as_value(const falcoctl_follow& is) {
    auto out = value::map();
    put(out, "refs", is.refs);
    put(out, "every", is.every);
    return out;
}

value as_value(const falcoctl_options& is) {
    auto out = value::map();
    put(out, "indexes", is.indexes);
    put(out, "allowedTypes", is.allowed_types);
    put(out, "install", is.install);
    put(out, "follow", is.follow);
    return out;
}

value as_value(const custom_webhook& is) {
    auto out = value::map();
    put(out, "enabled", is.enabled);
    put(out, "address", is.address);
    put(out, "customHeaders", is.headers);
    put(out, "checkCerts", is.check_certs);
    return out;
}

}  // namespace

value encode(const toleration& is) {
    auto out = value::map();
    put(out, "key", is.key);
    put(out, "operator", is.op);
    put(out, "value", is.is);
    put(out, "effect", is.effect);
    put(out, "tolerationSeconds", is.seconds);
    return out;
}

value encode(const service_config& config) {
    value out{{"apiVersion", config_api_version}, {"kind", config_kind}};
    put(out, "falcoVersion", config.falco_version);
    put(out, "autoUpdate", config.auto_update);

    put(out, "heartbeatEvent", config.heartbeat_event);
    put(out, "nodeSelector", config.node_selector);
    put(out, "tolerations", config.tolerations);
    if (config.resources) out["falcoConfig"]["resources"] = as_value(*config.resources);
    put(out, "rules", config.rules);
    put(out, "plugins", config.plugins);
    put(out, "destinations", config.destinations);

    put(out, "resources", config.managed_by);
    put(out, "gardener", config.gardener);
    put(out, "falcoctl", config.falcoctl);
    put(out, "customWebhook", config.webhook);
    return out;
}

value written_back(
    const value& provider_config, const service_config& was, const service_config& is
) {
    const auto before  = encode(was);
    auto       after   = encode(is);
    auto       written = provider_config.is_map() ? provider_config : value::map();
    // What was not written at all says nothing; apiVersion and kind are said of everything.
    if (written.entries().empty()) return after;
    for (const auto& [key, said, line] : after.entries()) {
        const auto* same = before.find(key);
        if (same == nullptr || !(*same == said)) written[key] = said;
    }
    return written;
}

}  // namespace falconer::falco
