#include "review_check.hpp"

#include "destination_secrets.hpp"
#include "destinations.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/falco/version_policy.hpp"
#include "falconer/spelling.hpp"
#include "plugins.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace falconer::falco {
namespace {

/// Bytes of rule files beyond which a review looks into no further ConfigMap: memory has its
/// limits, and what is delivered to a cluster has narrower ones.
constexpr std::size_t most_rules = std::size_t{16} << 20;

/// Whether one of two paths stands at or within the other.
bool related(std::string_view a, std::string_view b) {
    if (a.size() > b.size()) std::swap(a, b);
    return b.starts_with(a) && (a.size() == b.size() || b[a.size()] == '.' || b[a.size()] == '[');
}

const referenced_resource* find_resource(
    const std::vector<referenced_resource>& all, const std::string& name, std::string_view kind
) {
    const auto found = std::ranges::find_if(all, [&](const auto& each) {
        return each.name == name && each.kind == kind && each.api_version == "v1";
    });
    return found == all.end() ? nullptr : &*found;
}

/// One call checks one config.
class reviewer {
public:
    reviewer(const review_case& is, const reviewed_entry& entry)
        : is_(is), entry_(entry), path_(entry.config_path()), untouched_(is.leaves_ours_alone()) {}

    review_findings check(const decoded_config& decoded) && {
        config_ = decoded.config;
        check_eligibility();
        for (const auto& each : decoded.problems) found_.problems.push_back(each);
        if (decoded.problems.empty() && config_ == service_config{}) {
            complain(path_, "is needed");
            return std::move(found_);
        }
        // What could not be read is not missing besides.
        if (!decoded.problems.empty())
            fill_defaults(config_, {.falco_version = some_version(), .destination = "logging"});
        check_permissions();
        check_meaning(decoded.problems);
        const auto means = meaning_of(config_, is_.default_destination());
        check_secrets();
        check_rule_files(means);
        warn_of_version();
        return std::move(found_);
    }

private:
    void complain(const std::string& path, std::string what) {
        found_.problems.push_back({path, std::move(what)});
    }
    /// Of what is referred to: a ConfigMap that breaks later must not keep a shoot from being
    /// hibernated or updated. Its delivery complains anyway.
    void complain_of_content(const std::string& path, const std::string& what) {
        if (untouched_)
            warn(path, what);
        else
            complain(path, what);
    }
    void warn(const std::string& path, const std::string& what) {
        found_.warnings.push_back(path + ": " + what);
    }
    std::string in_namespace() const {
        return "namespace " + described(value(is_.now.in_namespace));
    }
    std::string said(std::string_view annotation) const {
        return is_.garden.namespace_named(is_.now.in_namespace) == nullptr
                   ? "; there is no such namespace"
                   : ": its annotation " + std::string(annotation) + " is not \"true\"";
    }
    std::string some_version() const {
        const auto& all = is_.garden.offered().falco;
        return all.empty() ? "" : all.rbegin()->second.version;
    }

    /// Whoever has it already keeps it.
    void check_eligibility() {
        if (is_.config_before() != nullptr || is_.may(is_.settings.usage, enabled_annotation))
            return;
        complain(entry_.path(), in_namespace() + " may not use Falco" + said(enabled_annotation));
    }

    /// Listed is enough, disabled or not.
    void check_permissions() {
        if (is_.now.is != extension_class::shoot) return;
        if (config_.written == config_dialect::gep27) return check_silent_default();
        const auto all = config_.destinations.value_or(std::vector<destination>{});
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto at = path_ + ".destinations[" + std::to_string(i) + "].name";
            if (all[i].name == "central" && !is_.may_use_central())
                complain(
                    at, in_namespace() + " may not use the destination central" +
                            said(central_annotation) + "; use another, such as logging"
                );
            if (all[i].name == "otlp" && is_.settings.otlp == otlp_logging::off)
                complain(at, "the destination otlp is not offered in this landscape; use logging");
        }
    }

    /// That dialect cannot say where events go, so nothing else can be written there.
    void check_silent_default() {
        const bool webhook = config_.webhook && config_.webhook->enabled.value_or(false);
        if (webhook || !is_.settings.operators.central.enabled || is_.may_use_central()) return;
        complain(
            path_ + ".customWebhook",
            "is needed: without it events go to central, which " + in_namespace() +
                " may not use; or name destinations, in the current form of the config"
        );
    }

    void check_meaning(const field_problems& unread) {
        const auto before = is_.version_before();
        const bool same   = !before.empty() && config_.falco_version == before;
        const auto had    = same ? plugins_before() : std::vector<plugin_choice>{};
        const auto more   = check_service(
            config_,
            {
                  .is                 = is_.now.is,
                  .resources          = is_.now.resources,
                  .offered            = is_.garden.offered(),
                  .settings           = is_.settings.operators,
                  .now                = is_.time,
                  .version            = same ? version_rule::any : version_rule::choosable,
                  .central_is_offered = is_.settings.known == landscape::unknown ||
                                      is_.settings.operators.central.enabled,
                  .plugins_before = &had,
            },
            path_
        );
        for (const auto& each : more) {
            const bool follows = std::ranges::any_of(unread, [&](const auto& other) {
                return related(other.path, each.path);
            });
            if (!follows) found_.problems.push_back(each);
        }
    }

    std::vector<plugin_choice> plugins_before() const {
        const auto* was = is_.config_before();
        if (was == nullptr) return {};
        return meaning_of(decode_service_config(*was, path_).config, "").plugins;
    }

    // --- what is referred to ---

    void check_secrets() {
        const auto all = config_.destinations.value_or(std::vector<destination>{});
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto* kind = find_destination(all[i].name);
            if (kind == nullptr || !kind->needs_secret || !all[i].is_enabled()) continue;
            const auto* resource = find_resource(
                is_.now.resources, all[i].resource_secret_name.value_or(""), "Secret"
            );
            if (resource == nullptr) continue;  // which has been said
            const auto at   = path_ + ".destinations[" + std::to_string(i) + "].resourceSecretName";
            const auto seen = is_.garden.secret(is_.now.home(), resource->object);
            if (seen.is == sight::absent) warn_of_absence(at, "Secret", resource->object);
            if (seen.is != sight::known || seen.object == nullptr) continue;
            for (const auto& each : stanza_from_secret(all[i].name, *seen.object).problems)
                complain_of_content(at, "Secret " + in_one_line(resource->object) + ": " + each);
        }
    }

    /// No problem: who applies both at once is not told off for their order.
    void warn_of_absence(const std::string& at, const char* kind, const std::string& object) {
        warn(
            at, std::string(kind) + ' ' + described(value(object)) + " is not in namespace " +
                    std::string(is_.now.home()) + "; Falco waits for it"
        );
    }

    std::string rule_path(std::size_t i) const {
        const bool current = config_.written == config_dialect::current;
        return path_ + (current ? ".rules.custom[" : ".gardener.ruleRefs[") + std::to_string(i) +
               (current ? "].resourceName" : "].ref");
    }

    void check_rule_files(const falco_service& means) {
        rules_in_use rules{
            .falco_version = means.falco_version.value_or(""), .standard = means.standard_rules
        };
        const auto& offered = is_.garden.offered().falco;
        const auto  number  = semver::parse(rules.falco_version);
        const auto  version = number ? offered.find(*number) : offered.end();
        if (version != offered.end()) rules.rules_version = version->second.rules_version;
        std::vector<std::pair<std::string, std::string>>      places;  // path, ConfigMap
        std::map<std::string, std::string>                    names;  // of files → of the ConfigMap
        std::vector<std::shared_ptr<const custom_rule_files>> held;
        std::size_t                                           bytes = 0;
        for (std::size_t i = 0; i < means.custom_rules.size(); ++i) {
            const auto* resource = find_resource(
                is_.now.resources, means.custom_rules[i].resource_name.value_or(""), "ConfigMap"
            );
            rules.others_unseen |= means.custom_rules[i].shoot_config_map.has_value();
            if (resource == nullptr) continue;
            const auto at = rule_path(i);
            if (bytes > most_rules) {
                warn(
                    at, "is not looked into: the rule files before it have more than 16 MiB already"
                );
                rules.others_unseen = true;
                continue;
            }
            const auto seen = is_.garden.custom_rules(is_.now.home(), resource->object);
            if (seen.is == sight::absent) warn_of_absence(at, "ConfigMap", resource->object);
            if (seen.is != sight::known || seen.files == nullptr) {
                rules.others_unseen = true;
                continue;
            }
            held.push_back(seen.files);
            const auto called = "ConfigMap " + in_one_line(resource->object) + ": ";
            for (const auto& each : seen.files->problems) complain_of_content(at, called + each);
            // What could not be read is not missing besides.
            rules.others_unseen |= !seen.files->problems.empty();
            for (const auto& file : seen.files->files) {
                const auto [other, fresh] = names.emplace(file.name, resource->object);
                if (is_standard_rule_file(file.name))
                    complain_of_content(
                        at, called + file.name + " is named like a standard file; rename it"
                    );
                else if (!fresh)
                    complain_of_content(
                        at, called + file.name + " is also in ConfigMap " +
                                in_one_line(other->second) + "; rename one of them"
                    );
                bytes += file.text.size();
                rules.custom.push_back(&file);
                places.emplace_back(at, called);
            }
        }
        if (is_.settings.rules == nullptr || rules.custom.empty()) return;
        rules.plugins    = loaded_plugins(means.plugins, is_.garden.offered(), rules.falco_version);
        const auto wrong = is_.settings.rules->problems_of(rules);
        for (std::size_t i = 0; i < std::min(wrong.size(), places.size()); ++i)
            for (const auto& each : wrong[i])
                complain_of_content(places[i].first, places[i].second + each);
        const auto skipped = is_.settings.rules->skipped_in(rules);
        for (std::size_t i = 0; i < std::min(skipped.size(), places.size()); ++i)
            for (const auto& each : skipped[i]) warn(places[i].first, places[i].second + each);
    }

    // --- what is right and yet worth knowing ---

    void warn_of_version() {
        if (!config_.falco_version) return;
        const auto& offered = is_.garden.offered().falco;
        const auto  number  = semver::parse(*config_.falco_version);
        const auto  found   = number ? offered.find(*number) : offered.end();
        const auto* newest  = newest_supported(offered, is_.time);
        const auto  moves   = newest == nullptr
                                  ? std::string("no supported version is left to move to")
                                  : "it moves to " + newest->version + " in a maintenance window";
        const auto  at      = path_ + ".falcoVersion";
        const auto  version = described(value(*config_.falco_version));
        if (found == offered.end())
            warn(at, "no profile offers " + version + " any longer; " + moves);
        else if (found->second.expired(is_.time))
            warn(at, version + " has expired; " + moves);
        else if (found->second.is == classification::deprecated)
            warn(
                at,
                version + " is deprecated" +
                    (found->second.expires ? " and expires at " + text_of(*found->second.expires)
                                           : std::string())
            );
    }

    const review_case&    is_;
    const reviewed_entry& entry_;
    std::string           path_;
    bool                  untouched_;
    service_config        config_{};
    review_findings       found_{};
};

}  // namespace

review_findings check_review(
    const decoded_config& decoded, const review_case& is, const reviewed_entry& entry
) {
    return reviewer(is, entry).check(decoded);
}

}  // namespace falconer::falco
