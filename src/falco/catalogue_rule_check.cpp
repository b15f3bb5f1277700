#include "falconer/falco/catalogue_rule_check.hpp"

#include "falconer/falco/rule_lint.hpp"
#include "falconer/falco/service_config.hpp"

#include <algorithm>

namespace falconer::falco {

void catalogue_rule_check::read_ahead() const {
    falco::read_ahead(detections());
    for (const auto& [version, set] : *standard_)
        for (const auto& [name, text] : set) falco::read_ahead({name, text});
}

std::vector<std::vector<std::string>> catalogue_rule_check::problems_of(const rules_in_use& rules
) const {
    return told_of(rules, [](const rule_problem& each) { return each.is == rule_severity::error; });
}

std::vector<std::vector<std::string>> catalogue_rule_check::skipped_in(const rules_in_use& rules
) const {
    return told_of(rules, [](const rule_problem& each) { return each.skipped; });
}

std::vector<std::vector<std::string>> catalogue_rule_check::told_of(
    const rules_in_use& rules, bool (*told)(const rule_problem&)
) const {
    std::vector<rule_file> loaded;
    const auto*            set    = find_rules(*standard_, rules.rules_version);
    bool                   unseen = rules.others_unseen;
    if (std::ranges::find(rules.standard, gardener_detections) != rules.standard.end())
        loaded.push_back(detections());
    // In Falco's own order, whatever the user's: each file builds on those before it.
    for (const auto name : {falco_rules_file, incubating_rules_file, sandbox_rules_file}) {
        if (std::ranges::find(rules.standard, name) == rules.standard.end()) continue;
        const std::string file(standard_rule_file(name));
        if (set != nullptr && set->contains(file))
            loaded.push_back({file, set->at(file)});
        else
            unseen = true;
    }
    if (auto ours = exceptions_for(loaded); !ours.empty())
        loaded.push_back({exceptions_file, std::move(ours)});
    const auto first = loaded.size();
    for (const auto* each : rules.custom) loaded.push_back(*each);

    std::vector<std::vector<std::string>> all(rules.custom.size());
    std::vector<std::size_t>              more(all.size());
    const auto                            found = lint_rules(
        loaded, first,
        {.falco_version = rules.falco_version,
                                    .others_unseen = unseen,
                                    .complete      = true,
                                    .plugins       = rules.plugins}
    );
    for (const auto& each : found) {
        if (!told(each)) continue;
        const auto file = std::ranges::find(rules.custom, each.file, &rule_file::name);
        if (file == rules.custom.end()) continue;
        const auto which = static_cast<std::size_t>(file - rules.custom.begin());
        if (all[which].size() < most_told)
            all[which].push_back(each.text());
        else
            ++more[which];
    }
    for (std::size_t i = 0; i < all.size(); ++i)
        if (more[i] > 0)
            all[i].push_back(
                rules.custom[i]->name + ": and " + std::to_string(more[i]) + " more problems"
            );
    return all;
}

}  // namespace falconer::falco
