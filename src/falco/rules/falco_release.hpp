// What the rule engine of a Falco is able to do: config/rules/falco_versions.yaml, and the plug-ins
// that it loads.
#pragma once

#include "falconer/falco/rule_lint.hpp"
#include "falconer/falco/semver.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

struct falco_release {
    std::string                version{};  // as it was asked for
    semver                     number{};
    std::string                engine{};
    std::optional<std::string> container{};  // the plug-in it needs; nothing: it has none
    /// A later line than any that is known: its engine may be newer than this.
    bool                       unknown = false;
    std::vector<loaded_plugin> plugins{};  // besides `container`

    bool is_at_least(std::string_view other) const;
    /// Null: it is not loaded.
    const loaded_plugin* find_plugin(std::string_view name) const noexcept;
    /// Whether there are events of this source.
    bool has_events_of(std::string_view source) const noexcept;
};

/// Empty: the newest. Nothing: it is no version.
std::optional<falco_release> find_release(std::string_view version);

}  // namespace falconer::falco::rules
