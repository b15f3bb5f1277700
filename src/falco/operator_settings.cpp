#include "falconer/falco/operator_settings.hpp"

#include "destinations.hpp"
#include "falconer/duration.hpp"
#include "template_text.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

/// `shortest` is a round one, `named`.
void read_duration(
    field_reader& in, const char* key, std::chrono::seconds& into, std::chrono::seconds shortest,
    const char* named
) {
    std::string said;
    if (in.find(key) == nullptr || !in.read_needed(key, said)) return;
    const auto time = parse_duration(said);
    if (!time || *time < shortest || *time > std::chrono::days(36'500))
        return in.expected(key, "a duration such as 168h, of " + std::string(named) + " at least");
    into = std::chrono::duration_cast<std::chrono::seconds>(*time);
}

void read_token_lifetime(field_reader& in, std::chrono::seconds& into) {
    read_duration(in, "tokenLifetime", into, std::chrono::seconds(30), "30 seconds");
}

void read_certificate_age(field_reader& in, const char* key, std::chrono::seconds& into) {
    read_duration(in, key, into, std::chrono::minutes(1), "a minute");
}

void read_key(field_reader& in, key_source& into) {
    std::string key;
    in.read("tokenIssuerPrivateKey", key);
    in.read("tokenIssuerPrivateKeyFile", into.file);
    if (!key.empty() && !into.file.empty())
        in.complain("tokenIssuerPrivateKeyFile", "stands beside tokenIssuerPrivateKey; keep one");
    // The kind of the key is looked at by whoever signs with it; never is it repeated here.
    if (!key.empty() && key.find("-----BEGIN") == key.npos)
        in.complain("tokenIssuerPrivateKey", "is no PEM");
    into.inline_key = secret(std::move(key));
}

void read_central(field_reader& in, central_storage& into) {
    in.read("enabled", into.enabled);
    in.read("url", into.url);
    read_token_lifetime(in, into.token_lifetime);
    read_key(in, into.token_issuer);
    if (!into.enabled) return;
    if (into.url.empty()) in.complain("url", "is needed where centralStorage is enabled");
    if (!into.token_issuer.given())
        in.complain("tokenIssuerPrivateKey", "is needed where centralStorage is enabled");
}

void read_globals(field_reader& in, std::vector<global_default>& into) {
    in.each("globalDefaultDestinations", [&](const value& item, const std::string& path) {
        global_default one;
        field_reader   reader(item, path, in.problems());
        if (reader.read_needed("name", one.name)) {
            if (find_destination(one.name) != nullptr)
                reader.complain("name", "is the name of a standard destination");
            else if (std::ranges::find(into, one.name, &global_default::name) != into.end())
                reader.complain("name", "the same name again");
        }
        if (reader.find("falcosidekickOutput") == nullptr)
            reader.complain("falcosidekickOutput", "is needed");
        reader.in("falcosidekickOutput", [&](field_reader& output) {
            if (output.read_needed("key", one.key) &&
                std::ranges::find(into, one.key, &global_default::key) != into.end())
                output.complain("key", "another global default has this output");
            const auto* stanza = output.find("value");
            if (stanza == nullptr)
                output.complain("value", "is needed");
            else if (!stanza->is_map() && !stanza->is_text())
                output.expected("value", "a mapping, or a text that is YAML");
            else
                one.stanza = *stanza;
        });
        into.push_back(std::move(one));
    });
}

/// A list of mappings, or a text of YAML documents.
void read_manifests(const value& is, field_reader& in, std::vector<value>& into) {
    std::vector<value> all = is.items();
    if (is.is_text()) {
        auto read = parse_yaml_stream(*is.text());
        if (!read) return in.complain("manifests", read.error().detail);
        all = std::move(*read);
    } else if (!is.is_list()) {
        return in.expected("manifests", "a list of objects, or a text of YAML documents");
    }
    for (auto& each : all) {
        if (each.is_null()) continue;
        if (each.text_at({"apiVersion"}).empty() || each.text_at({"kind"}).empty() ||
            each.text_at({"metadata", "name"}).empty())
            return in.complain("manifests", "holds what lacks apiVersion, kind or metadata.name");
        into.push_back(std::move(each));
    }
}

/// Source: RFC 1123, section 2.1, as Kubernetes reads it.
bool is_label(std::string_view name) {
    const auto inner = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !name.empty() && name.size() <= 46 && std::ranges::all_of(name, inner) &&
           name.front() != '-' && name.back() != '-';
}

void read_additional(field_reader& in, operator_settings& is) {
    in.each("seedManagedResources", [&](const value& item, const std::string& path) {
        additional_resource one;
        field_reader        reader(item, path, in.problems());
        if (reader.read_needed("name", one.name)) {
            if (!is_label(one.name))
                reader.complain("name", "must be a DNS label of at most 46 characters");
            else if (std::ranges::find(is.additional, one.name, &additional_resource::name) !=
                     is.additional.end())
                reader.complain("name", "the same name again");
        }
        const auto* manifests = reader.find("manifests");
        if (reader.find("helm") != nullptr)
            is.warnings.push_back(
                path + ".helm has no effect: Helm charts are not rendered here; give manifests"
            );
        else if (manifests == nullptr)
            reader.complain("manifests", "is needed");
        if (manifests == nullptr) return;
        read_manifests(*manifests, reader, one.objects);
        is.additional.push_back(std::move(one));
    });
}

}  // namespace

result<std::vector<value>> objects_of(
    const additional_resource& one, const std::string& home, std::string_view ingress_domain
) {
    std::vector<value> all;
    const auto         meaning = [&](std::string_view name) -> result<std::string> {
        if (name == "SeedIngressDomain" && ingress_domain.empty())
            return failure{
                errc::unavailable,
                "<<.SeedIngressDomain>> is not known: the garden has not been reached (yet)"
            };
        if (name == "SeedIngressDomain") return std::string(ingress_domain);
        return failure{errc::malformed, "there is no <<." + std::string(name) + ">>"};
    };
    for (const auto& each : one.objects) {
        auto made = expand(each, meaning);
        if (!made) return std::move(made).error();
        if (made->text_at({"kind"}) != "Namespace" &&
            made->text_at({"metadata", "namespace"}).empty())
            (*made)["metadata"]["namespace"] = home;
        all.push_back(std::move(*made));
    }
    return all;
}

const global_default* operator_settings::find_global(std::string_view name) const {
    const auto found = std::ranges::find(global_defaults, name, &global_default::name);
    return found == global_defaults.end() ? nullptr : &*found;
}

std::string_view built_in_image() noexcept {
    return FALCONER_IMAGE;
}

operator_settings decode_operator_settings(const value& section, field_problems& problems) {
    operator_settings is;
    field_reader      in(section, "falco", problems);
    in.read("priorityClassName", is.priority_class);
    read_certificate_age(in, "certificateLifetime", is.certificates.leaf.lifetime);
    read_certificate_age(in, "certificateRenewAfter", is.certificates.leaf.renew_after);
    for (const auto& each : is.certificates.problems()) in.complain("certificateRenewAfter", each);
    in.in("centralStorage", [&](field_reader& central) { read_central(central, is.central); });
    in.in("clusterIdentityToken", [&](field_reader& tokens) {
        auto& into = is.identity_tokens.emplace();
        read_token_lifetime(tokens, into.lifetime);
        read_key(tokens, into.token_issuer);
        if (!into.token_issuer.given()) tokens.complain("tokenIssuerPrivateKey", "is needed");
    });
    read_globals(in, is.global_defaults);
    in.read("agentImage", is.agent_image);
    is.names_agent_image = in.find("agentImage") != nullptr;
    in.read("registryMirror", is.registry_mirror);
    if (in.find("defaultEventDestination") != nullptr)
        is.warnings.emplace_back("falco.defaultEventDestination has no effect");
    in.in("additional", [&](field_reader& additional) { read_additional(additional, is); });
    return is;
}

}  // namespace falconer::falco
