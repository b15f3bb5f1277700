// Flags of the Go binaries that Gardener's machinery passes, on top of the configuration.
#pragma once

#include "app/configuration.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace falconer::cli {

/// Source: the Go extension's charts and cmd; gardener/gardener, extensions/pkg/webhook/cmd and
/// extensions/pkg/controller/cmd. What was not given leaves the configuration alone.
///
/// Lifetime: outlives the command that it was added to.
struct gardener_flags {
    std::optional<std::string>   mode{}, url{}, host{}, space{}, owner_space{};
    std::optional<std::uint16_t> port{}, service_port{};
    std::optional<bool>        restricted_usage{}, restricted_central{}, otlp{}, leader_election{};
    std::optional<std::string> leader_id{}, leader_space{}, kubeconfig{}, garden_kubeconfig{},
        health{}, metrics{};
    std::optional<std::string>  heartbeat_space{}, log_level{}, log_format{};
    std::optional<std::int64_t> heartbeat_seconds{}, rounds{};
    std::vector<std::string>    classes{};
    /// Given, and of no effect here, with the reason: to be said once in the log.
    std::vector<std::string> without_effect{};

    void add_to(CLI::App& command);
    /// Problems go to `problems`, each with the flag's name. `roles`: that are to run.
    void apply_to(
        app::configuration& how, const std::set<std::string>& roles,
        std::vector<std::string>& problems
    ) const;

private:
    void add_those_without_effect(CLI::App& command);
    void apply_to(app::controller_configuration& how, std::vector<std::string>& problems) const;
    void apply_to(log_options& how, std::vector<std::string>& problems) const;
};

}  // namespace falconer::cli
