// falconer up: everything on this machine, with nothing to configure.
#include "commands.hpp"

#include "app/descriptors.hpp"
#include "app/up.hpp"
#include "decimal.hpp"
#include "falconer/steady_time_source.hpp"
#include "store_access.hpp"

#include <unistd.h>
#include <asio/io_context.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

struct up_options {
    std::string data{};
    std::string listen = "127.0.0.1:3200";
    std::size_t shoots = 10;
    double      rate   = 1;
    std::string acknowledged{};
    bool        split = false;
    std::string rules_from{};
};

/// $XDG_DATA_HOME/falconer, or where that usually is. Root's home is closed to the user that
/// PostgreSQL then runs as.
/// Source: https://specifications.freedesktop.org/basedir-spec/
std::string usual_folder() {
    if (const char* home = std::getenv("XDG_DATA_HOME"); home != nullptr && *home == '/')
        return std::string(home) + "/falconer";
    if (::geteuid() == 0) return "/var/lib/falconer";
    const char* home = std::getenv("HOME");
    return home != nullptr && *home == '/' ? std::string(home) + "/.local/share/falconer"
                                           : "falconer-data";
}

int up(const up_options& opt) {
    const auto listen = app::parse_endpoint(opt.listen);
    if (!listen) {
        std::cerr << "falconer up: --listen: expected an address and a port such as "
                     "127.0.0.1:3200, found '"
                  << opt.listen << "'\n";
        return wrong_usage;
    }
    set_up_logging({.level = spdlog::level::warn});
    app::raise_descriptor_limit();
    asio::io_context    loop{1};
    steady_time_source  time{loop.get_executor()};
    app::up_application everything{
        loop.get_executor(),
        time,
        {.data             = opt.data.empty() ? usual_folder() : opt.data,
         .listen           = *listen,
         .shoots           = opt.shoots,
         .rate             = opt.rate,
         .acknowledged_log = opt.acknowledged,
         .split            = opt.split,
         .rules_from       = opt.rules_from}
    };
    return app::run_process(loop, everything);
}

}  // namespace

void add_up_command(CLI::App& root, int& exit_code) {
    auto  opt = std::make_shared<up_options>();
    auto* sub = root.add_subcommand(
        "up", "Everything on this machine: a private PostgreSQL, all roles, a demo fleet"
    );
    sub->footer(
        "Prints what to try. Ctrl-C stops all it has started; a second start on the same folder "
        "finds its data again.\n\n"
        "Example:\n  falconer up --data ./falconer-data --shoots 200"
    );
    sub->add_option("--data", opt->data, "Folder for all data; default: " + usual_folder())
        ->check(not_empty);
    sub->add_option(
           "--listen", opt->listen, "Where events are taken; another port if that one is taken"
    )
        ->capture_default_str();
    sub->add_option(
           "--shoots", opt->shoots, "Clusters of the demo fleet, those of the last start besides"
    )
        ->transform(a_decimal)
        ->check(CLI::Range(0, 20'000))
        ->capture_default_str();
    sub->add_option("--rate", opt->rate, "Events per second of each")
        ->check(CLI::Range(0.001, 1000.0))
        ->capture_default_str();
    sub->add_flag(
        "--split", opt->split,
        "Each role in a process of its own, started again when it ends: kill one and look"
    );
    sub->add_option(
           "--rules-from", opt->rules_from,
           "Where rules come from that a FalcoProfile names and the demo has not: a registry, a "
           "mirror or a folder, as of `rules pull`"
    )
        ->type_name("URL|DIR")
        ->check(not_empty);
    sub->add_option(
        "--log-acknowledged", opt->acknowledged,
        "File that gets the uuid of every event the fleet saw acknowledged"
    );
    sub->callback([opt, &exit_code] { exit_code = up(*opt); });
}

}  // namespace falconer::cli
