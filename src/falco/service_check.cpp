#include "falconer/falco/service_check.hpp"

#include "destinations.hpp"
#include "falcoctl_check.hpp"
#include "falconer/falco/rule_files.hpp"
#include "falconer/spelling.hpp"
#include "http_texts.hpp"
#include "kube_names.hpp"
#include "plugins.hpp"
#include "pod_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace falconer::falco {
namespace {

constexpr std::array<std::string_view, 4> standard_names{
    falco_rules_file, incubating_rules_file, sandbox_rules_file, gardener_detections
};

/// So many names are compared with a wrong one: it costs, and who has more will find it.
constexpr std::size_t most_guesses = 64;

std::string at(const std::string& path, std::size_t i) {
    return path + '[' + std::to_string(i) + ']';
}

/// Behind a guess, which ends a sentence, or in its stead.
std::string there_are(const std::string& guess, const std::string& all) {
    if (all.empty()) return {};
    return (guess.empty() ? "; there are: " : " There are: ") + all;
}

class checker {
public:
    checker(const service_config& config, const service_surroundings& around, std::string path)
        : config_(config), around_(around), path_(std::move(path)) {}

    field_problems check() && {
        check_version();
        if (config_.written == config_dialect::current) {
            check_pods(config_, path_, problems_);
            check_rules();
            check_plugins("plugins", config_.plugins);
            check_destinations();
        } else {
            check_gep27();
        }
        return std::move(problems_);
    }

private:
    void complain(const std::string& field, std::string what) {
        problems_.push_back({path_ + '.' + field, std::move(what)});
    }

    /// It may have been right when it was written.
    void complain_of_landscape(const std::string& field, const std::string& what) {
        problems_.push_back(problem_of_landscape(path_ + '.' + field, what));
    }

    void check_version() {
        if (!config_.falco_version)
            return complain(
                "falcoVersion",
                "no version can be chosen: none that is supported has not expired" + choices()
            );
        if (around_.version == version_rule::any) return;
        const auto& chosen = *config_.falco_version;
        const auto  number = semver::parse(chosen);
        const auto  found =
            number ? around_.offered.falco.find(*number) : around_.offered.falco.end();
        if (found == around_.offered.falco.end())
            complain_of_landscape(
                "falcoVersion",
                "no profile offers " + described(value(chosen)) + choices(meant_version(chosen))
            );
        else if (around_.version == version_rule::choosable && found->second.expired(around_.now))
            complain(
                "falcoVersion",
                described(value(chosen)) + " expired at " + found->second.end_text() + choices()
            );
    }

    std::string choices(const std::string& guess = {}) const {
        return guess + there_are(guess, choosable_versions(around_.offered.falco, around_.now));
    }

    std::string meant_version(const std::string& wrong) const {
        std::vector<std::string_view> names;
        for (const auto& [number, each] : around_.offered.falco)
            if (!each.expired(around_.now)) names.emplace_back(each.version);
        // Beside one dot more or less every version looks like every other.
        return wrong.starts_with('v') ? did_you_mean(wrong, names) : "";
    }

    // --- rules ---

    void check_reference(const std::string& field, const std::string& name, const char* kind) {
        const referenced_resource*    other = nullptr;
        std::vector<std::string_view> names;
        for (const auto& each : around_.resources) {
            const bool fits = each.kind == kind && each.api_version == "v1";
            if (fits && each.name == name) return;
            if (each.name == name) other = &each;
            if (fits && names.size() < most_guesses) names.emplace_back(each.name);
        }
        auto what =
            std::string("spec.resources has no v1 ") + kind + " named " + described(value(name));
        if (other != nullptr)
            what += "; the entry of that name is a " + in_one_line(other->api_version) + ' ' +
                    in_one_line(other->kind);
        else
            what += did_you_mean(name, names);
        complain(field, std::move(what));
    }

    void check_standard(const std::vector<std::string>& names) {
        std::set<std::string_view> seen;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto field = at("rules.standard", i);
            if (std::ranges::find(standard_names, names[i]) == standard_names.end())
                complain(
                    field, "there are no standard rules " + described(value(names[i])) +
                               did_you_mean(names[i], standard_names)
                );
            else if (!seen.insert(names[i]).second)
                complain(field, described(value(names[i])) + " is there twice");
        }
    }

    void check_custom(const std::vector<custom_rule>& all) {
        std::set<std::string_view> resources, config_maps;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& one   = all[i];
            const auto  field = at("rules.custom", i);
            if (one.resource_name.has_value() == one.shoot_config_map.has_value()) {
                complain(field, "exactly one of resourceName and shootConfigMap is needed");
            } else if (one.resource_name) {
                check_reference(field + ".resourceName", *one.resource_name, "ConfigMap");
                if (!resources.insert(*one.resource_name).second)
                    complain(
                        field + ".resourceName",
                        described(value(*one.resource_name)) + " is there twice"
                    );
            } else {
                const auto& name = *one.shoot_config_map;
                if (!is_dns_label(std::string(shoot_rules_volume) + name) || !is_dns_label(name))
                    complain(
                        field + ".shootConfigMap",
                        "a volume is named after it: at most " +
                            std::to_string(63 - shoot_rules_volume.size()) +
                            " lower-case letters, digits and dashes, found " +
                            described(value(name))
                    );
                else if (!config_maps.insert(name).second)
                    complain(field + ".shootConfigMap", described(value(name)) + " is there twice");
            }
        }
    }

    void check_rules() {
        if (!config_.rules) return complain("rules", "is needed");
        const auto standard = config_.rules->standard.value_or(std::vector<std::string>{});
        const auto custom   = config_.rules->custom.value_or(std::vector<custom_rule>{});
        check_standard(standard);
        check_custom(custom);
        if (standard.empty() && custom.empty())
            complain("rules", "Falco without any rules sees nothing; name some");
    }

    void check_plugins(
        const std::string& field, const std::optional<std::vector<plugin_choice>>& chosen
    ) {
        const auto                         all = chosen.value_or(std::vector<plugin_choice>{});
        std::set<std::string_view>         seen;
        std::map<std::string, std::string> brought;  // see beside_which()
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& each = all[i];
            if (!each.name.empty() && !seen.insert(each.name).second)
                complain(at(field, i) + ".name", described(value(each.name)) + " is there twice");
            const auto  other  = beside_which(each.name, brought);
            const auto* before = around_.plugins_before;
            if (before != nullptr && std::ranges::find(*before, each) != before->end()) continue;
            if (!other.empty())
                complain_of_landscape(
                    at(field, i) + ".name", described(value(each.name)) + " and " +
                                                described(value(other)) +
                                                " cannot stand in one pod; choose one of them"
                );
            check_plugin(
                each, around_.offered, config_.falco_version.value_or(""),
                path_ + '.' + at(field, i), problems_
            );
        }
    }

    /// Libraries that are brought stand in one folder, and containers that bring them are called
    /// after the plug-ins, with a dash for what no container's name has. `brought`: what is taken
    /// there, and by which. Empty: this one takes what nobody else has.
    std::string beside_which(const std::string& name, std::map<std::string, std::string>& brought)
        const {
        const auto* is = plugin_for(around_.offered, name, config_.falco_version.value_or(""));
        if (is == nullptr || (is->image.empty() && is->artifact.empty())) return {};
        std::string other;
        const auto  take = [&](std::string what) {
            const auto& by = brought.emplace(std::move(what), name).first->second;
            if (by != name) other = by;
        };
        take(is->library);
        auto container = name;
        std::ranges::replace(container, '_', '-');
        if (!is->image.empty()) take("of " + container);
        return other;
    }

    // --- destinations ---

    /// Falcosidekick's output; nothing, if there is no such destination.
    std::optional<std::string> output_of(const std::string& name) const {
        const auto* kind = find_destination(name);
        if (kind != nullptr) {
            const bool usable =
                around_.is == extension_class::shoot ? kind->for_shoots : kind->for_seeds;
            return usable ? std::optional<std::string>(kind->key) : std::nullopt;
        }
        const auto* global = around_.settings.find_global(name);
        return global != nullptr ? std::optional(global->key) : std::nullopt;
    }

    std::string meant_destination(const std::string& wrong) const {
        std::vector<std::string_view> names;
        for (const auto& each : destination_kinds())
            if (around_.is == extension_class::shoot ? each.for_shoots : each.for_seeds)
                names.emplace_back(each.name);
        for (const auto& each : around_.settings.global_defaults) names.emplace_back(each.name);
        return did_you_mean(wrong, names);
    }

    std::string all_destinations() const {
        auto names = destinations_of(around_.is);
        for (const auto& each : around_.settings.global_defaults) names += ", " + each.name;
        return names;
    }

    void check_destination(const destination& one, const std::string& field) {
        const auto* kind = find_destination(one.name);
        if (kind != nullptr && kind->needs_secret && one.is_enabled()) {
            if (!one.resource_secret_name || one.resource_secret_name->empty())
                complain(field + ".resourceSecretName", "is needed by " + one.name);
            else
                check_reference(field + ".resourceSecretName", *one.resource_secret_name, "Secret");
        }
        if (one.name == "central" && one.is_enabled() && !around_.central_is_offered)
            complain_of_landscape(field + ".name", "central is not offered in this landscape");
    }

    void check_destinations() {
        const auto all = config_.destinations.value_or(std::vector<destination>{});
        if (all.empty()) return complain("destinations", "at least one is needed");
        std::set<std::string>              names;
        std::map<std::string, std::string> taken;  // output → destination
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& one    = all[i];
            const auto  field  = at("destinations", i);
            const auto  output = output_of(one.name);
            if (!output) {
                if (around_.unknown == stranger::left_out && is_stranger(one, around_.settings))
                    continue;
                const auto guess = meant_destination(one.name);
                complain(
                    field + ".name", "there is no destination " + described(value(one.name)) +
                                         " here" + guess + there_are(guess, all_destinations())
                );
                continue;
            }
            if (!names.insert(one.name).second)
                complain(field + ".name", described(value(one.name)) + " is there twice");
            check_destination(one, field);
            if (!one.is_enabled() || output->empty()) continue;
            const auto [first, fresh] = taken.emplace(*output, one.name);
            if (!fresh && first->second != one.name)
                complain(
                    field + ".name", one.name + " and " + first->second +
                                         " both need Falcosidekick's output " + *output +
                                         "; disable one of them"
                );
        }
    }

    // --- GEP-27 ---

    void check_gep27() {
        const bool by_falcoctl = config_.managed_by == "falcoctl";
        if (by_falcoctl && around_.offered.falcoctl.empty())
            complain_of_landscape("resources", "no profile offers a version of falcoctl");
        const auto                 rules = config_.gardener.value_or(gardener_rules{});
        const auto                 refs  = rules.rule_refs.value_or(std::vector<std::string>{});
        std::set<std::string_view> seen;
        for (std::size_t i = 0; i < refs.size(); ++i) {
            const auto field = at("gardener.ruleRefs", i) + ".ref";
            check_reference(field, refs[i], "ConfigMap");
            if (!seen.insert(refs[i]).second)
                complain(field, described(value(refs[i])) + " is there twice");
        }
        const bool any = rules.use_falco_rules.value_or(false) ||
                         rules.use_incubating_rules.value_or(false) ||
                         rules.use_sandbox_rules.value_or(false) ||
                         rules.use_detections.value_or(false) || !refs.empty();
        if (!by_falcoctl && !any)
            complain("gardener", "Falco without any rules sees nothing; use some");
        if (!by_falcoctl) check_plugins("gardener.plugins", rules.plugins);
        if (by_falcoctl)
            check_falcoctl(
                config_.falcoctl.value_or(falcoctl_options{}), path_ + ".falcoctl", problems_
            );
        if (config_.webhook && config_.webhook->enabled.value_or(false))
            check_webhook(*config_.webhook);
    }

    void check_webhook(const custom_webhook& hook) {
        const auto address = hook.address.value_or("");
        const auto wrong   = problem_of_address(address, address_place::config);
        if (!wrong.empty()) complain("customWebhook.address", wrong + found_unless_secret(address));
        for (const auto& [name, text] : hook.headers.value_or(text_map{})) {
            const auto field = "customWebhook.customHeaders." + in_one_line(name);
            if (const auto odd = problem_of_header_name(name); !odd.empty())
                complain(field, "its name " + odd);
            if (const auto odd = problem_of_header_value(text); !odd.empty())
                complain(field, "its text " + odd);
        }
    }

    const service_config&       config_;
    const service_surroundings& around_;
    std::string                 path_;
    field_problems              problems_{};
};

}  // namespace

std::string choosable_versions(const offered_versions& offered, utc_time now) {
    std::string all;
    for (const auto& [number, each] : offered) {
        if (each.expired(now)) continue;
        all += (all.empty() ? "" : ", ") + each.version;
        if (each.is != classification::supported) all += " (" + std::string(name_of(each.is)) + ')';
    }
    return all;
}

bool is_stranger(const destination& one, const operator_settings& settings) {
    return find_destination(one.name) == nullptr && settings.find_global(one.name) == nullptr &&
           one.resource_secret_name.value_or("").empty();
}

field_problem problem_of_landscape(const std::string& path, const std::string& what) {
    return {{}, path + ": " + what};
}

field_problems check_service(
    const service_config& config, const service_surroundings& around, const std::string& path
) {
    return checker(config, around, path).check();
}

}  // namespace falconer::falco
