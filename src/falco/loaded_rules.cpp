#include "loaded_rules.hpp"

#include "falconer/falco/rule_lint.hpp"
#include "falconer/falco/service_check.hpp"
#include "falconer/spelling.hpp"
#include "manifests.hpp"
#include "plugins.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace falconer::falco {
namespace {

constexpr std::string_view folder       = "/etc/falco/rules.d/";
constexpr std::string_view shoot_folder = "/etc/falco/shoot-custom-rules/";
constexpr std::size_t      most_told    = 5;  // problems of broken rules; the rest is counted

class loader {
public:
    loader(const delivery_want& want, field_problems& problems)
        : want_(want), problems_(problems) {}

    loaded_rules load(const std::string& rules_version) && {
        if (want_.service.falcoctl) {
            done_.by_falcoctl = true;
            done_.paths.emplace_back(falcoctl_rules);
            return std::move(done_);
        }
        load_standard(rules_version);
        done_.exceptions = exceptions_for(done_.standard);
        if (!done_.exceptions.empty()) add_path(exceptions_file);
        done_.heartbeat = want_.service.heartbeat_event;
        if (done_.heartbeat) add_path(heartbeat_file);
        const auto ours  = done_.paths.size();
        const bool gep27 = want_.service.written == config_dialect::gep27;
        for (std::size_t i = 0; i < want_.service.custom_rules.size(); ++i)
            load_custom(
                want_.service.custom_rules[i],
                want_.path + (gep27 ? ".gardener.ruleRefs[" : ".rules.custom[") +
                    std::to_string(i) + (gep27 ? "].ref" : "].resourceName")
            );
        if (!problems_.empty()) return std::move(done_);
        // What cannot be read is not looked into further: the rest may depend on it.
        if (done_.broken.empty() && !done_.custom.empty()) done_.broken = check(done_.custom);
        if (!done_.broken.empty()) fall_back(ours);
        return std::move(done_);
    }

private:
    void add_path(const std::string& name) { done_.paths.push_back(std::string(folder) + name); }

    /// What Falco would refuse in these files, behind all that it loads before them.
    field_problems check(const std::vector<rule_file>& custom) const {
        auto loaded = done_.standard;
        if (!done_.exceptions.empty()) loaded.push_back({exceptions_file, done_.exceptions});
        if (done_.heartbeat)
            loaded.push_back(
                {heartbeat_file, std::string(manifest_text("manifests/heartbeat-rule.yaml"))}
            );
        const auto first = loaded.size();
        loaded.insert(loaded.end(), custom.begin(), custom.end());
        const auto         falco = want_.service.falco_version.value_or("");
        const lint_options how{
            .falco_version = falco,
            // Nobody here sees what those hold.
            .others_unseen = !done_.shoot_config_maps.empty(),
            .complete      = true,
            .plugins       = loaded_plugins(want_.service.plugins, want_.offered, falco),
        };
        field_problems broken;
        std::size_t    more = 0;
        for (const auto& each : lint_rules(loaded, first, how)) {
            const auto from = origins_.find(each.file);
            if (each.is != rule_severity::error || is_standard_rule_file(each.file)) continue;
            if (broken.size() == most_told)
                ++more;
            else if (from == origins_.end())  // of those that are delivered at present
                broken.push_back({{}, each.text()});
            else
                broken.push_back({from->second.path, from->second.called + ": " + each.text()});
        }
        if (more > 0)
            broken.push_back(
                {broken.back().path, "and " + std::to_string(more) + " more problems in its rules"}
            );
        return broken;
    }

    /// Never half a set: what Falco runs with now stays, if it still can, else there is none.
    void fall_back(std::size_t ours) {
        done_.custom.clear();
        done_.paths.resize(ours);
        if (want_.delivered_rules != nullptr && check(*want_.delivered_rules).empty())
            done_.custom = *want_.delivered_rules;
        for (const auto& each : done_.custom) add_path(each.name);
        for (const auto& each : done_.shoot_config_maps)
            done_.paths.push_back(std::string(shoot_folder) + each);
    }

    void load_standard(const std::string& rules_version) {
        const auto& names = want_.service.standard_rules;
        // In front: of an event that both know they say more, and the first that matches tells it.
        const auto ours = std::ranges::count(names, gardener_detections);
        if (ours > 0) {
            done_.standard.push_back(detections());
            add_path(detections_file);
        }
        if (names.size() == static_cast<std::size_t>(ours)) return;
        const auto* set = find_rules(want_.rules, rules_version);
        if (set == nullptr) {
            problems_.push_back(
                // Whoever asked for the version could not know: this is the operator's to mend.
                {{},
                 "the rules of version " + rules_version + ", which Falco " +
                     want_.service.falco_version.value_or("") + " comes with, are not there"}
            );
            return;
        }
        // In Falco's own order, whatever the user's: each file builds on those before it.
        for (const auto standard : {falco_rules_file, incubating_rules_file, sandbox_rules_file}) {
            if (std::ranges::find(names, standard) == names.end()) continue;
            const std::string name(standard_rule_file(standard));
            const auto        text = set->find(name);
            if (text == set->end()) {
                problems_.push_back(
                    {{}, "version " + rules_version + " of the rules has no " + name}
                );
                continue;
            }
            done_.standard.push_back({name, text->second});
            add_path(name);
        }
    }

    void load_custom(const custom_rule& rule, const std::string& at) {
        if (rule.shoot_config_map) {
            done_.shoot_config_maps.push_back(*rule.shoot_config_map);
            done_.paths.push_back(std::string(shoot_folder) + *rule.shoot_config_map);
            return;
        }
        const auto& name     = rule.resource_name.value_or("");
        const auto* resource = want_.cluster.find(name, "ConfigMap");
        if (resource == nullptr) {
            problems_.push_back(
                {at, "spec.resources has no ConfigMap named " + described(value(name))}
            );
            return;
        }
        const auto found  = want_.config_maps.find(resource->copy());
        const auto called = "ConfigMap " + in_one_line(resource->copy());
        if (found == want_.config_maps.end()) {
            problems_.push_back(
                problem_of_landscape(at, called + " is not in the control plane's namespace")
            );
            return;
        }
        auto read = read_custom_rules(found->second);
        for (const auto& each : read.problems) done_.broken.push_back({at, called + ": " + each});
        for (auto& file : read.files) {
            origins_.emplace(file.name, origin{at, called});
            add_custom(std::move(file), at);
        }
    }

    void add_custom(rule_file file, const std::string& at) {
        if (is_standard_rule_file(file.name)) {
            done_.broken.push_back({at, "rule file " + file.name + " is named like a standard one"}
            );
        } else if (!names_.insert(file.name).second) {
            done_.broken.push_back({at, "rule file " + file.name + " is there twice"});
        } else {
            add_path(file.name);
            done_.custom.push_back(std::move(file));
        }
    }

    const delivery_want& want_;
    field_problems&      problems_;
    struct origin {
        std::string path{}, called{};
    };
    loaded_rules                  done_{};
    std::set<std::string>         names_{};
    std::map<std::string, origin> origins_{};  // of custom files
};

}  // namespace

std::vector<rule_file> custom_rules_in(const std::vector<value>& delivered) {
    std::map<std::string, std::string> texts;
    result<value>                      config = failure{errc::not_found, "falco.yaml"};
    for (const auto& object : delivered) {
        if (object.text_at({"kind"}) != "ConfigMap") continue;
        const auto name = object.text_at({"metadata", "name"});
        if (name == "falco") config = parse_yaml(object.text_at({"data", "falco.yaml"}));
        const auto* data = object.find("data");
        if (!name.starts_with("falco-custom-rules") || data == nullptr) continue;
        for (const auto& [key, is, line] : data->entries())
            if (is.is_text()) texts.emplace(key, *is.text());
    }
    std::vector<rule_file> files;
    const auto*            paths = config ? config->find("rules_files") : nullptr;
    if (paths == nullptr) return files;
    for (const auto& each : paths->items()) {
        std::string_view path = each.is_text() ? *each.text() : std::string_view{};
        if (!path.starts_with(folder)) continue;
        path.remove_prefix(folder.size());
        if (is_standard_rule_file(path)) continue;
        const auto found = texts.find(std::string(path));
        if (found == texts.end()) return {};  // half a set is none
        files.push_back({found->first, found->second});
    }
    return files;
}

loaded_rules load_rules(
    const delivery_want& want, const std::string& rules_version, field_problems& problems
) {
    return loader(want, problems).load(rules_version);
}

}  // namespace falconer::falco
