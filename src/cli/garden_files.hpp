// A garden as files hold it: what a review may look up without one.
#pragma once

#include "falconer/falco/garden_view.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace falconer::cli {

class garden_files final : public falco::garden_view {
public:
    explicit garden_files(falco::releases offered) : offered_(std::move(offered)) {}

    /// Namespaces, Projects, ConfigMaps and Secrets; other kinds are not looked at. Errors:
    /// malformed, a second object of a name.
    result<void> add(value object);

    const value*           namespace_named(std::string_view name) const override;
    const value*           project_of(std::string_view namespace_name) const override;
    const falco::releases& offered() const override { return offered_; }

    // What no file holds is somewhere else, perhaps.
    falco::seen_rules custom_rules(std::string_view in_namespace, std::string_view config_map)
        const override;
    falco::seen_secret secret(std::string_view in_namespace, std::string_view name) const override;

private:
    using key = std::pair<std::string, std::string>;  // namespace, name

    falco::releases                                                offered_;
    std::map<std::string, value>                                   namespaces_{}, projects_{};
    std::map<key, std::shared_ptr<const falco::custom_rule_files>> rules_{};
    std::map<key, value>                                           secrets_{};
};

}  // namespace falconer::cli
