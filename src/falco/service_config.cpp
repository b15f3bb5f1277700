#include "falconer/falco/service_config.hpp"

#include "falconer/duration.hpp"

#include <array>

namespace falconer::falco {
namespace {

constexpr std::array current_keys{"heartbeatEvent", "nodeSelector", "tolerations", "falcoConfig",
                                  "rules",          "plugins",      "destinations"};
constexpr std::array gep27_keys{
    "resources", "gardener", "falcoctl", "customWebhook", "falcoAutoUpdate"
};

/// A config has dozens of values. Reading strictly compares each with each.
constexpr std::size_t most_values = 2'000;

std::size_t count_values(const value& is) {
    std::size_t count = 1;
    for (const auto& each : is.items()) count += count_values(each);
    for (const auto& each : is.entries()) count += count_values(each.is);
    return count;
}

/// In the order of `keys`: API servers hand on a mapping in another order than it was written in.
template <class Keys>
const value::entry* first_of(const value& object, const Keys& keys) {
    for (const std::string_view key : keys)
        for (const auto& entry : object.entries())
            if (entry.key == key) return &entry;
    return nullptr;
}

// --- the current dialect ------------------------------------------------------------------------

resource_amounts read_amounts(field_reader& in) {
    resource_amounts read;
    in.read("cpu", read.cpu);
    in.read("memory", read.memory);
    return read;
}

falco_resources read_resources(field_reader& in) {
    falco_resources read;
    in.in("requests", [&](field_reader& each) { read.requests = read_amounts(each); });
    in.in("limits", [&](field_reader& each) { read.limits = read_amounts(each); });
    return read;
}

std::vector<toleration> read_tolerations(field_reader& in) {
    std::vector<toleration> all;
    in.each("tolerations", [&](const value& item, const std::string& path) {
        field_reader reader(item, path, in.problems());
        auto&        one = all.emplace_back();
        reader.read("key", one.key);
        reader.read("operator", one.op);
        reader.read("value", one.is);
        reader.read("effect", one.effect);
        reader.read("tolerationSeconds", one.seconds);
    });
    return all;
}

falco_rules read_rules(field_reader& in) {
    falco_rules read;
    in.read("standard", read.standard);
    if (in.find("custom") != nullptr) read.custom.emplace();
    in.each("custom", [&](const value& item, const std::string& path) {
        field_reader reader(item, path, in.problems());
        auto&        one = read.custom->emplace_back();
        reader.read("resourceName", one.resource_name);
        reader.read("shootConfigMap", one.shoot_config_map);
    });
    return read;
}

std::vector<plugin_choice> read_plugins(field_reader& in) {
    std::vector<plugin_choice> all;
    in.each("plugins", [&](const value& item, const std::string& path) {
        field_reader reader(item, path, in.problems());
        auto&        one = all.emplace_back();
        reader.read_needed("name", one.name);
        if (const auto* is = reader.find("initConfig")) {
            if (is->is_map())
                one.init_config = *is;
            else
                reader.expected("initConfig", "a mapping");
        }
    });
    return all;
}

std::vector<destination> read_destinations(field_reader& in) {
    std::vector<destination> all;
    in.each("destinations", [&](const value& item, const std::string& path) {
        field_reader reader(item, path, in.problems());
        auto&        one = all.emplace_back();
        reader.read_needed("name", one.name);
        reader.read("enabled", one.enabled);
        reader.read("resourceSecretName", one.resource_secret_name);
    });
    return all;
}

void read_current(field_reader& in, service_config& into) {
    in.read("heartbeatEvent", into.heartbeat_event);
    in.read("nodeSelector", into.node_selector);
    if (in.find("tolerations") != nullptr) into.tolerations = read_tolerations(in);
    in.in("falcoConfig", [&](field_reader& falco) {
        into.resources.emplace();
        falco.in("resources", [&](field_reader& each) { into.resources = read_resources(each); });
    });
    in.in("rules", [&](field_reader& rules) { into.rules = read_rules(rules); });
    if (in.find("plugins") != nullptr) into.plugins = read_plugins(in);
    if (in.find("destinations") != nullptr) into.destinations = read_destinations(in);
}

// --- GEP-27's dialect ---------------------------------------------------------------------------

gardener_rules read_gardener(field_reader& in) {
    gardener_rules read;
    in.read("useFalcoRules", read.use_falco_rules);
    in.read("useFalcoIncubatingRules", read.use_incubating_rules);
    in.read("useFalcoSandboxRules", read.use_sandbox_rules);
    in.read("useGardenerDetections", read.use_detections);
    if (in.find("ruleRefs") != nullptr) read.rule_refs.emplace();
    in.each("ruleRefs", [&](const value& item, const std::string& path) {
        field_reader reader(item, path, in.problems());
        auto&        ref = read.rule_refs->emplace_back();
        reader.read_needed("ref", ref);
    });
    if (in.find("plugins") != nullptr) read.plugins = read_plugins(in);
    return read;
}

falcoctl_options read_falcoctl(field_reader& in) {
    falcoctl_options read;
    if (in.find("indexes") != nullptr) read.indexes.emplace();
    in.each("indexes", [&](const value& item, const std::string& path) {
        field_reader reader(item, path, in.problems());
        auto&        one = read.indexes->emplace_back();
        reader.read_needed("name", one.name);
        reader.read_needed("url", one.url);
    });
    in.read("allowedTypes", read.allowed_types);
    in.in("install", [&](field_reader& install) {
        read.install.emplace();
        install.read("refs", read.install->refs);
        install.read("resolveDeps", read.install->resolve_deps);
    });
    in.in("follow", [&](field_reader& follow) {
        read.follow.emplace();
        follow.read("refs", read.follow->refs);
        follow.read("every", read.follow->every);
        const auto every = parse_duration(read.follow->every.value_or("6h"));
        if (!every || *every < std::chrono::minutes(1))
            follow.expected("every", "a duration such as 6h, of a minute at least");
    });
    return read;
}

custom_webhook read_webhook(field_reader& in) {
    custom_webhook read;
    in.read("enabled", read.enabled);
    in.read("address", read.address);
    in.read("customHeaders", read.headers);
    in.read("checkCerts", read.check_certs);
    return read;
}

void read_gep27(field_reader& in, service_config& into) {
    in.read("resources", into.managed_by);
    if (into.managed_by && *into.managed_by != "gardener" && *into.managed_by != "falcoctl")
        in.expected("resources", "gardener or falcoctl");
    in.in("gardener", [&](field_reader& rules) { into.gardener = read_gardener(rules); });
    in.in("falcoctl", [&](field_reader& ctl) { into.falcoctl = read_falcoctl(ctl); });
    in.in("customWebhook", [&](field_reader& hook) { into.webhook = read_webhook(hook); });
    if (in.find("falcoAutoUpdate") == nullptr) return;
    if (into.auto_update)
        in.complain("falcoAutoUpdate", "is autoUpdate under another name; keep one of them");
    in.read("falcoAutoUpdate", into.auto_update);
}

}  // namespace

decoded_config decode_service_config(const value& provider_config, const std::string& path) {
    decoded_config decoded;
    const bool     empty = provider_config.is_map() && provider_config.entries().empty();
    if (provider_config.is_null() || empty) return decoded;
    if (count_values(provider_config) > most_values) {
        decoded.problems.push_back(
            {path, "has more than " + std::to_string(most_values) + " values",
             provider_config.line()}
        );
        return decoded;
    }
    auto& config = decoded.config;

    const auto* ours   = first_of(provider_config, current_keys);
    const auto* theirs = first_of(provider_config, gep27_keys);
    if (ours != nullptr && theirs != nullptr)
        decoded.problems.push_back(
            {path + '.' + theirs->key,
             "is a field of GEP-27's form and cannot stand beside " + ours->key +
                 ", a field of the current one",
             theirs->line}
        );
    if (theirs != nullptr && ours == nullptr) config.written = config_dialect::gep27;

    field_reader in(provider_config, path, decoded.problems);
    in.must_be("apiVersion", config_api_version);
    in.must_be("kind", config_kind);
    in.read("falcoVersion", config.falco_version);
    in.read("autoUpdate", config.auto_update);
    // Fields of the other dialect have been named; what is wrong inside them is still looked for.
    read_current(in, config);
    read_gep27(in, config);
    return decoded;
}

}  // namespace falconer::falco
