// What the rule engine of a Falco is able to do: config/rules/falco_versions.yaml.
#pragma once

#include "falconer/falco/semver.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace falconer::falco::rules {

struct falco_release {
    std::string                version{};  // as it was asked for
    semver                     number{};
    std::string                engine{};
    std::optional<std::string> container{};  // the plug-in it needs; nothing: it has none
    /// A later line than any that is known: its engine may be newer than this.
    bool unknown = false;

    bool is_at_least(std::string_view other) const;
};

/// Empty: the newest. Nothing: it is no version.
std::optional<falco_release> find_release(std::string_view version);

}  // namespace falconer::falco::rules
