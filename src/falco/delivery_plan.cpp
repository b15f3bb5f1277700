#include "falconer/falco/delivery_plan.hpp"

#include "destinations.hpp"
#include "falco_manifests.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/falco/version_policy.hpp"
#include "falcosidekick_manifests.hpp"
#include "loaded_rules.hpp"
#include "plugins.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

const offered_version* with_image(
    const offered_version* version, const std::string& what, field_problems& problems
) {
    if (version != nullptr && !version->image.empty()) return version;
    problems.push_back(
        {{},
         version == nullptr ? "no profile offers a supported version of " + what
                            : "no profile names an image of " + what + ' ' + version->version}
    );
    return nullptr;
}

const offered_version* find(const offered_versions& offered, const std::string& version) {
    const auto number = semver::parse(version);
    const auto found  = number ? offered.find(*number) : offered.end();
    return found == offered.end() ? nullptr : &found->second;
}

/// Why there are none: it is the user's to mend.
field_problems no_rules(const delivery_want& want, const loaded_rules& rules) {
    if (!rules.broken.empty()) return rules.broken;
    const bool gep27 = want.service.written == config_dialect::gep27;
    return {
        {want.path + (gep27 ? ".gardener" : ".rules"),
         "Falco without any rules sees nothing; name some"}
    };
}

planned_plugins plan_plugins(const delivery_want& want, field_problems& problems) {
    planned_plugins all;
    const auto&     falco = want.service.falco_version.value_or("");
    bool            fetch = false;
    for (const auto& each : want.service.plugins) {
        const auto* is = plugin_for(want.offered, each.name, falco);
        if (is == nullptr) {
            problems.push_back(problem_of_landscape(
                want.path, "no profile offers the plug-in '" + each.name + "' for Falco " + falco
            ));
            continue;
        }
        fetch = fetch || !is->artifact.empty();
        all.loaded.push_back({*is, init_config_of(*is, each)});
    }
    if (!fetch) return all;
    const auto* falcoctl =
        with_image(newest_supported(want.offered.falcoctl, want.now), "falcoctl", problems);
    if (falcoctl != nullptr) all.fetcher = falcoctl->image;
    return all;
}

}  // namespace

delivery_needs needs_of(const falco_service& service, const operator_settings& settings) {
    delivery_needs needs;
    needs.falcosidekick =
        service.webhook || std::ranges::any_of(service.destinations, [](const destination& each) {
            return each.is_enabled() && each.name != "stdout";
        });
    needs.tokens = tokens_for(service, settings);
    return needs;
}

delivery_plan plan_delivery(const delivery_want& want) {
    delivery_plan plan;
    auto&         problems = plan.problems;

    const auto& chosen  = want.service.falco_version.value_or("");
    const auto* version = find(want.offered.falco, chosen);
    if (version == nullptr)
        problems.push_back(problem_of_landscape(
            want.path + ".falcoVersion", "no profile offers version '" + chosen + "'"
        ));
    else
        version = with_image(version, "Falco", problems);

    const output_sources from{want.cluster, want.settings, want.secrets, want.tokens};
    const auto           outputs = plan_outputs(want.service, from, want.path, problems);
    plan.warnings                = outputs.warnings;

    const offered_version* sidekick = nullptr;
    if (!outputs.outputs.empty())
        sidekick = with_image(
            newest_supported(want.offered.falcosidekick, want.now), "Falcosidekick", problems
        );
    const offered_version* falcoctl = nullptr;
    if (want.service.falcoctl)
        falcoctl =
            with_image(newest_supported(want.offered.falcoctl, want.now), "falcoctl", problems);
    const auto plugins = plan_plugins(want, problems);
    const auto rules = load_rules(want, version == nullptr ? "" : version->rules_version, problems);
    if (!problems.empty()) return plan;
    plan.broken_rules = rules.broken;
    if (rules.paths.empty()) {
        // Falco ends right after it starts where it is told to load nothing.
        problems = no_rules(want, rules);
        return plan;
    }

    plan.target = falco_manifests({want, *version, falcoctl, rules, outputs, plugins});
    if (sidekick != nullptr) {
        auto more = falcosidekick_manifests(want, *sidekick, outputs);
        std::ranges::move(more, std::back_inserter(plan.target));
        if (want.cluster.is == extension_class::shoot)
            plan.seed = shoot_seed_manifests(want, outputs);
    }
    return plan;
}

}  // namespace falconer::falco
