#include "garden_files.hpp"

namespace falconer::cli {
namespace {

template <class Map, class Key>
auto* find_in(Map& all, const Key& key) {
    const auto found = all.find(key);
    return found == all.end() ? nullptr : &found->second;
}

}  // namespace

result<void> garden_files::add(value object) {
    const std::string kind(object.text_at({"kind"}));
    const std::string name(object.text_at({"metadata", "name"}));
    const key         both{object.text_at({"metadata", "namespace"}), name};
    bool              fresh = true;
    if (kind == "Namespace")
        fresh = namespaces_.emplace(name, std::move(object)).second;
    else if (kind == "Project")
        fresh = projects_.emplace(name, std::move(object)).second;
    else if (kind == "ConfigMap")
        fresh = rules_
                    .emplace(
                        both, std::make_shared<const falco::custom_rule_files>(
                                  falco::read_custom_rules(object)
                              )
                    )
                    .second;
    else if (kind == "Secret")
        fresh = secrets_.emplace(both, std::move(object)).second;
    if (fresh) return {};
    return failure{errc::malformed, "a second " + kind + " named " + described(value(name))};
}

const value* garden_files::namespace_named(std::string_view name) const {
    return find_in(namespaces_, std::string(name));
}

const value* garden_files::project_of(std::string_view namespace_name) const {
    for (const auto& [name, project] : projects_)
        if (project.text_at({"spec", "namespace"}) == namespace_name) return &project;
    const auto* const home = namespace_named(namespace_name);
    if (home == nullptr) return nullptr;
    return find_in(
        projects_, std::string(home->text_at({"metadata", "labels", falco::project_label}))
    );
}

falco::seen_rules garden_files::custom_rules(
    std::string_view in_namespace, std::string_view config_map
) const {
    const auto* const found = find_in(rules_, key{in_namespace, config_map});
    if (found == nullptr) return {};
    return {.is = falco::sight::known, .files = *found};
}

falco::seen_secret garden_files::secret(std::string_view in_namespace, std::string_view name)
    const {
    const auto* const found = find_in(secrets_, key{in_namespace, name});
    if (found == nullptr) return {};
    return {.is = falco::sight::known, .object = found};
}

}  // namespace falconer::cli
