#include "gardener_flags.hpp"

#include "falconer/go_bool.hpp"

#include <asio/ip/address.hpp>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>

namespace falconer::cli {
namespace {

void take_endpoint(
    const char* flag, const std::optional<std::string>& said, asio::ip::tcp::endpoint& into,
    std::vector<std::string>& problems
) {
    if (!said) return;
    if (const auto where = app::parse_endpoint(*said))
        into = *where;
    else
        problems.push_back(
            std::string(flag) + ": expected an address and a port such as :8081, found '" + *said +
            "'"
        );
}

template <class Number>
bool is_within(
    const char* flag, std::int64_t said, Number least, Number most, const char* unit,
    std::vector<std::string>& problems
) {
    if (std::cmp_greater_equal(said, least) && std::cmp_less_equal(said, most)) return true;
    problems.push_back(
        std::string(flag) + ": expected " + std::to_string(least) + " to " + std::to_string(most) +
        unit + ", found " + std::to_string(said)
    );
    return false;
}

template <class Meaning>
void take_choice(
    const char* flag, const std::optional<std::string>& said,
    std::initializer_list<std::pair<std::string_view, Meaning>> choices, Meaning& into,
    std::vector<std::string>& problems
) {
    if (!said) return;
    std::string names;
    for (const auto& [name, is] : choices) {
        names += (names.empty() ? "" : ", ") + std::string(name);
        if (name == *said) into = is;
    }
    if (std::ranges::find(choices, *said, [](const auto& each) { return each.first; }) ==
        choices.end())
        problems.push_back(
            std::string(flag) + ": expected one of " + names + ", found '" + *said + "'"
        );
}

/// As Go reads switches. CLI11 by itself throws what nobody catches.
std::string wrong_switch(const std::string& said) {
    if (parse_go_bool(said)) return {};
    return "expected true or false, found '" + said + "'";
}

/// A switch that is off changes nothing, and a text that is empty names nothing.
struct idle_flag {
    const char* name;
    bool        is_switch;
    const char* why;
};
constexpr idle_flag idle_flags[] = {
    // What theirs are split into hangs together here: status, conditions and delivery of a shoot
    // are one actor's.
    {"--controllers", false, "the controller here is one: the role controller is all of it"},
    {"--disable-controllers", false,
     "the controller here is one: leave out the role controller, or run without it"},
    // Whoever ignored it would work on shoots that gardenlet has not released. The Go extension
    // never heeds this flag, either.
    {"--ignore-operation-annotation", true,
     "gardener.cloud/operation is the protocol by which gardenlet hands shoots over"},
    // What depends on Gardener's version is read off the objects themselves.
    {"--gardener-version", false, "nothing here depends on Gardener's version"},
    // An address without its authority's certificate would be an API server that nobody can check.
    {"--master", false, "the API server is the kubeconfig's: --kubeconfig"},
    // Objects say themselves whether there is a seed beside the shoot.
    {"--self-hosted-shoot-cluster,--autonomous-shoot-cluster", true,
     "whether a shoot has a seed is read off its Cluster"},
    // Certificates are kept in a Secret and in memory.
    {"--webhook-config-cert-dir", false, "certificates of the webhook are in no folder here"},
};

falco::allowance allowance_of(bool restricted) {
    return restricted ? falco::allowance::annotated_namespaces : falco::allowance::everybody;
}

}  // namespace

void gardener_flags::add_to(CLI::App& command) {
    const auto group = "As Gardener's charts pass them, over the configuration";
    const auto add   = [&](const char* name, auto& into, const char* what) {
        command.add_option(name, into, what)->group(group);
    };
    const auto add_switch = [&](const char* name, auto& into, const char* what) {
        // Not add_flag(name, into): that is a count, and sets what is not given to 0.
        command.add_flag_function(
                   name, [&into](std::int64_t given) { into = given > 0; }, what
        )
            ->check(wrong_switch, "", "")
            ->group(group);
    };
    add("--webhook-config-mode", mode, "How API servers call the webhook: service or url");
    add("--webhook-config-url", url, "… its host, with a port or not (mode url)");
    add("--webhook-config-server-host", host, "The address that the webhook listens at");
    add("--webhook-config-server-port", port, "… and its port");
    add("--webhook-config-service-port", service_port, "The port of its Service");
    add("--webhook-config-namespace", space, "The namespace of its Service and certificates");
    add("--webhook-config-owner-namespace", owner_space,
        "With whose end its registration ends, a namespace of the garden");
    add_switch("--restricted-usage", restricted_usage, "Falco only for annotated namespaces");
    add_switch(
        "--restricted-centralized-logging", restricted_central,
        "The destination central only for annotated namespaces"
    );
    add_switch("--otlp-logging", otlp, "The destination otlp may be chosen");
    add_switch("--leader-election", leader_election, "Whether replicas choose one of them");
    add("--leader-election-id", leader_id, "The name of the lease, controller's or admission's");
    add("--leader-election-namespace", leader_space, "… and its namespace");
    add("--kubeconfig", kubeconfig,
        "Of the seed (controller), of the garden (admission); else KUBECONFIG, else the pod's own");
    add("--garden-kubeconfig", garden_kubeconfig, "Of the garden; else GARDEN_KUBECONFIG");
    add("--health-bind-address", health, "Where health is told: :8081");
    add("--metrics-bind-address", metrics, "Where metrics are told: :8080");
    add("--heartbeat-namespace", heartbeat_space, "The namespace of the controller's heartbeat");
    add("--heartbeat-renew-interval-seconds", heartbeat_seconds, "How often it beats");
    add("--max-concurrent-reconciles", rounds, "How many shoots are worked on at once");
    command
        .add_option(
            "--extension-classes,--extension-class", classes,
            "What the controller looks after: shoot, seed, garden; with commas between"
        )
        ->delimiter(',')
        ->group(group);
    add("--log-level", log_level, "debug, info, warn or error");
    add("--log-format", log_format, "text or json");
    add_those_without_effect(command);
}

void gardener_flags::add_those_without_effect(CLI::App& command) {
    const auto group = "Of Gardener's charts, without effect here";
    for (const auto& each : idle_flags) {
        const auto note = [this, each] {
            const std::string names(each.name);
            without_effect.push_back(names.substr(0, names.find(',')) + ": " + each.why);
        };
        if (each.is_switch)
            command
                .add_flag_function(
                    each.name,
                    [note](std::int64_t given) {
                        if (given > 0) note();
                    },
                    each.why
                )
                ->check(wrong_switch, "", "")
                ->group(group);
        else
            command
                .add_option_function<std::string>(
                    each.name,
                    [note](const std::string& said) {
                        if (!said.empty()) note();
                    },
                    each.why
                )
                ->expected(0, 1)  // "--master=" is as good as nothing
                ->group(group);
    }
}

void gardener_flags::apply_to(
    app::controller_configuration& how, std::vector<std::string>& problems
) const {
    if (leader_election) how.leader_election = *leader_election;
    if (leader_id) how.lease = *leader_id;
    if (leader_space) how.lease_namespace = how.namespace_name = *leader_space;
    if (heartbeat_space) how.namespace_name = *heartbeat_space;
    if (kubeconfig) how.kubeconfig = *kubeconfig;
    if (garden_kubeconfig) how.garden_kubeconfig = *garden_kubeconfig;
    const auto beats = "--heartbeat-renew-interval-seconds";
    if (heartbeat_seconds && is_within(
                                 beats, *heartbeat_seconds, app::shortest_heartbeat.count(),
                                 app::longest_heartbeat.count(), " seconds", problems
                             ))
        how.heartbeat = std::chrono::seconds(*heartbeat_seconds);
    if (rounds && is_within(
                      "--max-concurrent-reconciles", *rounds, std::size_t{1},
                      app::most_rounds_at_once, "", problems
                  ))
        how.at_once = static_cast<std::size_t>(*rounds);
    if (classes.empty()) return;
    for (const auto& each : app::take_classes(classes, how.classes))
        problems.push_back("--extension-classes: " + each);
}

void gardener_flags::apply_to(log_options& how, std::vector<std::string>& problems) const {
    using namespace spdlog;
    take_choice<level::level_enum>(
        "--log-level", log_level,
        {{"debug", level::debug},
         {"info", level::info},
         {"warn", level::warn},
         {"error", level::err}},
        how.level, problems
    );
    take_choice<log_options::shape>(
        "--log-format", log_format,
        {{"text", log_options::shape::text}, {"json", log_options::shape::json}}, how.form, problems
    );
}

void gardener_flags::apply_to(
    app::configuration& how, const std::set<std::string>& roles, std::vector<std::string>& problems
) const {
    auto& to = how.admission;
    if (mode && *mode != "service" && *mode != "url")
        problems.push_back("--webhook-config-mode: expected service or url, found '" + *mode + "'");
    if (mode) to.mode = *mode == "url" ? app::webhook_mode::url : app::webhook_mode::service;
    if (url) to.url = *url;
    if (host && !host->empty()) {
        std::error_code not_one;
        const auto      address = asio::ip::make_address(*host, not_one);
        if (not_one)
            problems.push_back(
                "--webhook-config-server-host: expected an address, found '" + *host + "'"
            );
        else
            to.listen.address(address);
    }
    if (port) to.listen.port(*port);
    if (service_port) to.service_port = *service_port;
    if (space) to.namespace_name = *space;
    if (owner_space) to.owner_namespace = *owner_space;
    if (restricted_usage) to.usage = allowance_of(*restricted_usage);
    if (restricted_central) to.central_logging = allowance_of(*restricted_central);
    if (otlp) to.otlp = *otlp ? falco::otlp_logging::on : falco::otlp_logging::off;
    if (leader_election) to.leader_election = *leader_election;
    if (leader_id) to.lease = *leader_id;
    if (leader_id && roles.contains("controller") && roles.contains("admission"))
        problems.emplace_back(
            "--leader-election-id: controller and admission need a lease each; name them in the "
            "configuration, controller.leaderElectionID and admission.leaderElectionID"
        );
    if (leader_space) to.lease_namespace = *leader_space;
    if (kubeconfig) to.kubeconfig = *kubeconfig;
    if (garden_kubeconfig) to.kubeconfig = *garden_kubeconfig;
    apply_to(how.controller, problems);
    apply_to(how.logging, problems);
    take_endpoint("--health-bind-address", health, how.health, problems);
    take_endpoint("--metrics-bind-address", metrics, how.metrics, problems);
}

}  // namespace falconer::cli
