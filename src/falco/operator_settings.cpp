#include "falconer/falco/operator_settings.hpp"

#include "destinations.hpp"
#include "falconer/duration.hpp"
#include "falcosidekick_outputs.hpp"
#include "http_texts.hpp"
#include "kube_names.hpp"
#include "repeated_keys.hpp"
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
    if (into.url.empty())
        in.complain("url", "is needed where centralStorage is enabled");
    else if (const auto wrong = problem_of_address(into.url, address_place::secret); !wrong.empty())
        in.complain("url", wrong + found_unless_secret(into.url));
    if (!into.token_issuer.given())
        in.complain("tokenIssuerPrivateKey", "is needed where centralStorage is enabled");
}

void read_output(
    field_reader& output, global_default& into, const std::vector<global_default>& others,
    std::vector<std::string>& warnings
) {
    if (output.read_needed("key", into.key)) {
        if (auto wrong = problem_of_output(into.key); !wrong.empty())
            output.complain("key", std::move(wrong));
        else if (std::ranges::find(others, into.key, &global_default::key) != others.end())
            output.complain("key", "another global default has this output");
        else if (const auto doubt = doubt_about_output(into.key); !doubt.empty())
            warnings.push_back(output.path_of("key") + ": " + doubt);
    }
    const auto* stanza = output.find("value");
    if (stanza == nullptr) return output.complain("value", "is needed");
    if (!stanza->is_map() && !stanza->is_text())
        return output.expected("value", "a mapping, or a text that is YAML");
    find_repeated_keys(*stanza, output.path_of("value"), output.problems());
    into.stanza = *stanza;
}

void read_globals(
    field_reader& in, std::vector<global_default>& into, std::vector<std::string>& warnings
) {
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
            read_output(output, one, into, warnings);
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
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto& each = all[i];
        if (each.is_null()) continue;
        const auto path = in.path_of("manifests") + '[' + std::to_string(i) + ']';
        // Lines of a text within the text are not those of the file.
        const auto* outer  = is.is_text() ? &is : &each;
        const auto  before = in.problems().size();
        if (each.text_at({"apiVersion"}).empty() || each.text_at({"kind"}).empty() ||
            each.text_at({"metadata", "name"}).empty())
            in.problems().push_back({path, "lacks apiVersion, kind or metadata.name", outer->line()}
            );
        find_repeated_keys(each, path, in.problems());
        if (is.is_text())
            for (auto at = before; at < in.problems().size(); ++at)
                in.problems()[at].line = is.line();
        into.push_back(std::move(each));
    }
}

bool is_one_word(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c != '\x7f'; });
}

/// What stands before a slash and the rest of an image's name. Source: distribution's reference
/// grammar.
bool is_mirror(std::string_view text) {
    return !text.starts_with('/') && !text.ends_with('/') && text.find("//") == text.npos &&
           std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view(".-_:/[]").find(c) != std::string_view::npos;
           });
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
    if (!is.priority_class.empty() && !is_dns_subdomain(is.priority_class))
        in.expected("priorityClassName", "the name of a PriorityClass");
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
    read_globals(in, is.global_defaults, is.warnings);
    in.read("agentImage", is.agent_image);
    is.names_agent_image = in.find("agentImage") != nullptr;
    if (!is_one_word(is.agent_image)) in.expected("agentImage", "an image, one word");
    in.read("registryMirror", is.registry_mirror);
    if (!is.registry_mirror.empty() && !is_mirror(is.registry_mirror))
        in.expected(
            "registryMirror",
            "a registry such as registry.example.com:5000/mirror, without https://"
        );
    if (in.find("defaultEventDestination") != nullptr)
        is.warnings.emplace_back("falco.defaultEventDestination has no effect");
    in.in("additional", [&](field_reader& additional) { read_additional(additional, is); });
    return is;
}

}  // namespace falconer::falco
