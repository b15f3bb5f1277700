// The keys of a rule file's entries, and what `override` may do with them. Source:
// falcosecurity/falco 0.40.0 to 0.44.1, userspace/engine/rule_loader_reader.cpp.
#pragma once

#include "falco_release.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

inline constexpr std::array<std::string_view, 13> rule_keys{
    "rule",    "desc", "condition",  "output",   "priority",      "source",
    "enabled", "tags", "exceptions", "override", "warn_evttypes", "skip-if-unknown-filter",
    "append",
};
inline constexpr std::array<std::string_view, 4> macro_keys{
    "macro", "condition", "append", "override"
};
inline constexpr std::array<std::string_view, 4> list_keys{"list", "items", "append", "override"};
inline constexpr std::array<std::string_view, 5> entries{
    "required_engine_version", "required_plugin_versions", "list", "macro", "rule"
};
inline constexpr std::array<std::string_view, 5> appendable{
    "condition", "output", "desc", "tags", "exceptions"
};
inline constexpr std::array<std::string_view, 11> replaceable{
    "condition", "output",          "desc",
    "tags",      "exceptions",      "priority",
    "enabled",   "warn_evttypes",   "skip-if-unknown-filter",
    "capture",   "capture_duration"
};
inline constexpr std::size_t                     from_start = 9;  // the others came with 0.42
inline constexpr std::array<std::string_view, 1> of_macro{"condition"};
inline constexpr std::array<std::string_view, 1> of_list{"items"};
inline constexpr std::array<std::string_view, 9> priorities{"emergency",     "alert",   "critical",
                                                            "error",         "warning", "notice",
                                                            "informational", "info",    "debug"};

inline std::vector<std::string_view> rule_keys_of(const falco_release& release) {
    std::vector<std::string_view> known(rule_keys.begin(), rule_keys.end());
    if (release.is_at_least("0.42.0")) known.insert(known.end(), {"capture", "capture_duration"});
    return known;
}

inline std::span<const std::string_view> replaceable_in(const falco_release& release) {
    const std::span all(replaceable);
    return release.is_at_least("0.42.0") ? all : all.first(from_start);
}

}  // namespace falconer::falco::rules
