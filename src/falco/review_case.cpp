#include "review_case.hpp"

#include "cluster_resources.hpp"
#include "falconer/falco/extension_protocol.hpp"
#include "falconer/go_bool.hpp"

namespace falconer::falco {
namespace {

constexpr std::string_view extension_label =
    "extensions.extensions.gardener.cloud/shoot-falco-service";
constexpr std::string_view exempt_namespace = "garden";

/// A mapping, or nothing at all.
const value* mapping_at(
    const value& in, std::string_view key, const std::string& path, field_problems& problems
) {
    const auto* found = in.find(key);
    if (found == nullptr || found->is_null() || found->is_map()) return found;
    problems.push_back({path, "expected a mapping, found " + described(*found)});
    return nullptr;
}

std::optional<reviewed_entry> find_entry(const value& spec, field_problems& problems) {
    const auto* all = spec.find("extensions");
    if (all == nullptr || all->is_null()) return {};
    if (!all->is_list()) {
        problems.push_back({"spec.extensions", "expected a list, found " + described(*all)});
        return {};
    }
    for (std::size_t i = 0; i < all->items().size(); ++i) {
        const auto& each = all->items()[i];
        if (each.text_at({"type"}) != extension_type) continue;
        reviewed_entry entry{.at = i};
        if (const auto* off = each.find("disabled"); off != nullptr && !off->is_null()) {
            if (!off->boolean())
                problems.push_back(
                    {entry.path() + ".disabled", "expected true or false, found " + described(*off)}
                );
            entry.disabled = off->boolean().value_or(false);
        }
        const auto* config = each.find("providerConfig");
        entry.has_key      = config != nullptr;
        entry.config       = config != nullptr && !config->is_null() ? config : nullptr;
        return entry;
    }
    return {};
}

}  // namespace

reviewed_object read_reviewed(const value& object, extension_class is, field_problems& problems) {
    reviewed_object read{.is = is};
    if (!object.is_map()) {
        problems.push_back({"", "expected an object, found " + described(object)});
        return read;
    }
    if (const auto* metadata = mapping_at(object, "metadata", "metadata", problems)) {
        read.in_namespace   = metadata->text_at({"namespace"});
        const auto* deleted = metadata->find("deletionTimestamp");
        read.deleting       = deleted != nullptr && !deleted->is_null();
        read.labelled       = metadata->text_at({"labels", extension_label}) == "true";
    }
    static const value nothing = value::map();
    const auto*        spec    = mapping_at(object, "spec", "spec", problems);
    read.spec                  = spec != nullptr && spec->is_map() ? spec : &nothing;
    read.entry                 = find_entry(*read.spec, problems);
    read.resources             = resources_of(object);
    return read;
}

bool review_case::leaves_ours_alone() const {
    static const value nothing;
    const auto         resources = [](const reviewed_object& of) -> const value& {
        const auto* found = of.spec->find("resources");
        return found != nullptr ? *found : nothing;
    };
    const auto* was = config_before();
    const auto* is  = now.entry ? now.entry->config : nullptr;
    return was != nullptr && is != nullptr && *was == *is && resources(*before) == resources(now);
}

const value* review_case::config_before() const {
    if (!before || !before->entry || before->entry->disabled) return nullptr;
    return before->entry->config;
}

std::string_view review_case::version_before() const {
    const auto* config = config_before();
    return config != nullptr ? config->text_at({"falcoVersion"}) : std::string_view{};
}

std::vector<std::string> review_case::destinations_before() const {
    std::vector<std::string> names;
    const auto*              config = config_before();
    const auto*              all    = config != nullptr ? config->find("destinations") : nullptr;
    if (all == nullptr) return names;
    for (const auto& each : all->items()) names.emplace_back(each.text_at({"name"}));
    return names;
}

bool review_case::may(allowance who, std::string_view annotation) const {
    if (who == allowance::everybody || now.is != extension_class::shoot) return true;
    if (now.in_namespace == exempt_namespace) return true;
    const auto* const home = garden.namespace_named(now.in_namespace);
    if (home == nullptr) return false;
    return parse_go_bool(home->text_at({"metadata", "annotations", annotation})).value_or(false);
}

std::string review_case::default_destination() const {
    if (settings.operators.central.enabled && may_use_central()) return "central";
    return now.is == extension_class::shoot ? "logging" : "stdout";
}

}  // namespace falconer::falco
