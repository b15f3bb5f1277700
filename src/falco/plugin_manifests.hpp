// Plug-ins in what is delivered: Falco's configuration, and how their libraries come into its pod.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "falconer/value.hpp"

#include <optional>
#include <string>
#include <vector>

namespace falconer::falco {

struct planned_plugin {
    const offered_plugin& is;
    value                 config{};  // all that it is told; a mapping
};
struct planned_plugins {
    std::vector<planned_plugin> loaded{};   // in the order in which they are chosen
    std::string                 fetcher{};  // falcoctl's image; empty: nothing is fetched
};

/// Behind those that are in falco.yaml already.
void put_plugins(value& falco_yaml, const planned_plugins& plugins);

/// Init containers that bring the libraries, and where Falco finds them.
void put_plugin_libraries(
    value& pod_spec, const planned_plugins& plugins, const std::string& mirror
);

/// What falcoctl fetches. Nothing: it fetches nothing.
std::optional<value> plugin_config_map(const planned_plugins& plugins, const std::string& mirror);

}  // namespace falconer::falco
