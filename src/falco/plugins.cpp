#include "plugins.hpp"

#include "config_schema.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

std::string names_of(const releases& offered) {
    std::string all;
    for (const auto& [name, versions] : offered.plugins) all += (all.empty() ? "" : ", ") + name;
    return all.empty() ? "; none is" : "; there are: " + all;
}

std::string meant(const releases& offered, const std::string& wrong) {
    std::vector<std::string_view> names;
    for (const auto& [name, versions] : offered.plugins) names.push_back(name);
    return did_you_mean(wrong, names);
}

void check_config(
    const offered_plugin& is, const plugin_choice& choice, const std::string& path,
    field_problems& problems
) {
    const auto at = path + ".initConfig";
    if (choice.init_config) {
        if (is.schema.is_null() && !choice.init_config->entries().empty()) {
            problems.push_back({at, "nothing can be set of plug-in '" + is.name + "' here"});
            return;
        }
        bool taken = false;
        for (const auto& [key, value, line] : choice.init_config->entries()) {
            if (is.config.find(key) == nullptr) continue;
            taken = true;
            problems.push_back(
                {at + '.' + in_one_line(key), "is set by the landscape, and cannot be changed", line
                }
            );
        }
        if (taken) return;
    }
    if (!is.schema.is_null()) check_against(is.schema, init_config_of(is, choice), at, problems);
}

}  // namespace

const offered_plugin* plugin_for(
    const releases& offered, std::string_view name, std::string_view falco_version
) {
    const auto versions = offered.plugins.find(name);
    if (versions == offered.plugins.end()) return nullptr;
    const auto            falco = semver::parse(falco_version);
    const offered_plugin* found = nullptr;
    for (const auto& [number, each] : versions->second) {
        const auto since = semver::parse(each.since_falco);
        if (!since || !falco || *since <= *falco) found = &each;
    }
    return found;
}

void check_plugin(
    const plugin_choice& choice, const releases& offered, std::string_view falco_version,
    const std::string& path, field_problems& problems
) {
    const auto at = path + ".name";
    if (choice.name.empty()) return;  // which has been said
    if (choice.name == container_plugin) {
        problems.push_back({at, "'container' is always loaded, from Falco 0.41 on; leave it out"});
        return;
    }
    if (!offered.plugins.contains(choice.name)) {
        const auto guess = meant(offered, choice.name);
        problems.push_back(problem_of_landscape(
            at, "no profile offers a plug-in " + described(value(choice.name)) +
                    (guess.empty() ? names_of(offered) : guess)
        ));
        return;
    }
    const auto* is = plugin_for(offered, choice.name, falco_version);
    if (is == nullptr) {
        const auto& first = offered.plugins.find(choice.name)->second.begin()->second;
        problems.push_back(problem_of_landscape(
            at, "no plug-in '" + choice.name + "' is offered for Falco " +
                    std::string(falco_version) + "; the first one is for " + first.since_falco
        ));
        return;
    }
    if (!is->artifact.empty() && offered.falcoctl.empty())
        problems.push_back(problem_of_landscape(
            at, "no profile offers a version of falcoctl, which fetches this plug-in"
        ));
    check_config(*is, choice, path, problems);
}

value init_config_of(const offered_plugin& is, const plugin_choice& choice) {
    auto all = is.config.is_null() ? value::map() : is.config;
    if (choice.init_config)
        for (const auto& [key, value, line] : choice.init_config->entries()) all[key] = value;
    return all;
}

std::vector<loaded_plugin> loaded_plugins(
    const std::vector<plugin_choice>& chosen, const releases& offered,
    std::string_view falco_version
) {
    std::vector<loaded_plugin> all;
    for (const auto& each : chosen)
        if (const auto* is = plugin_for(offered, each.name, falco_version))
            all.push_back({is->name, is->version, is->source});
    return all;
}

}  // namespace falconer::falco
