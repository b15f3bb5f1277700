// falconer serve: runs the roles.
#include "commands.hpp"

#include "app/server.hpp"
#include "descriptors.hpp"
#include "falconer/steady_time_source.hpp"
#include "ingest/key_ring.hpp"

#include <asio/io_context.hpp>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

namespace falconer::cli {
namespace {

struct serve_options {
    std::string              config{};
    std::vector<std::string> roles{};
    bool                     check = false;
};

/// The roles asked for, or all that this build has. Problems go to `problems`.
std::set<std::string> roles_of(const serve_options& opt, std::vector<std::string>& problems) {
    if (opt.roles.empty()) return app::roles_built();
    std::set<std::string> roles;
    for (const auto& role : opt.roles) {
        if (!app::roles_known().contains(role))
            problems.push_back(
                "--roles: there is no role '" + role +
                "'; there are admission, console, controller, ingestor"
            );
        else if (!app::roles_built().contains(role))
            problems.push_back("--roles: the role '" + role + "' is not part of this build");
        roles.insert(role);
    }
    return roles;
}

void check_readable(const char* key, const std::string& path, std::vector<std::string>& problems) {
    if (!path.empty() && !std::ifstream(path))
        problems.push_back(std::string(key) + ": " + path + " cannot be read");
}

/// What the files that the configuration names have to say.
void check_files(
    const app::configuration& how, const std::set<std::string>& roles,
    std::vector<std::string>& problems
) {
    check_readable("store.passwordFile", how.store.postgres.password_file, problems);
    check_readable("store.reader.passwordFile", how.store.reader.password_file, problems);
    check_readable("store.migrator.passwordFile", how.store.migrator.password_file, problems);
    check_readable("store.tls.caFile", how.store.postgres.ssl_root_cert, problems);
    check_readable("store.tls.certificateFile", how.store.postgres.ssl_cert, problems);
    check_readable("store.tls.keyFile", how.store.postgres.ssl_key, problems);
    if (!roles.contains("ingestor")) return;
    const auto& ingestor = how.ingestor;
    if (!ingestor.keys_file.empty()) {
        auto keys = ingest::key_ring::load(
            {.file = ingestor.keys_file, .issuer = ingestor.issuer, .audience = ingestor.audience}
        );
        if (!keys) problems.push_back("ingestor.keysFile: " + keys.error().detail);
    }
    if (ingestor.tls) {
        auto loaded =
            net::tls_server_context::load(*ingestor.tls, std::chrono::system_clock::now());
        if (!loaded) problems.push_back("ingestor.tls: " + loaded.error().detail);
    }
}

int serve(const serve_options& opt) {
    std::vector<std::string> problems;
    const auto               roles = roles_of(opt, problems);
    auto                     got   = app::read_configuration_file(opt.config, roles);
    problems.insert(problems.end(), got.problems.begin(), got.problems.end());
    check_files(got.value, roles, problems);
    if (!problems.empty()) {
        for (const auto& problem : problems) std::cerr << problem << '\n';
        return wrong_usage;
    }
    if (opt.check) {
        std::cout << opt.config << ": no problem found\n";
        return success;
    }
    set_up_logging(got.value.logging);
    raise_descriptor_limit();
    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    app::server        server{loop.get_executor(), time, std::move(got.value), roles};
    return app::run_process(loop, server);
}

}  // namespace

void add_serve_command(CLI::App& root, int& exit_code) {
    auto  opt = std::make_shared<serve_options>();
    auto* sub = root.add_subcommand("serve", "Runs the roles of a configuration until SIGTERM");
    sub->footer(
        "SIGTERM drains; a second one means now. SIGHUP reads keys and certificates again.\n"
        "Every option of the configuration: config/examples/falconer.yaml\n\n"
        "Example:\n  falconer serve --config /etc/falconer/falconer.yaml --roles ingestor"
    );
    sub->add_option("--config", opt->config, "The configuration, a YAML file")->required();
    sub->add_option(
           "--roles", opt->roles, "Roles to run, with commas between; default: all there are"
    )
        ->delimiter(',');
    sub->add_flag("--check", opt->check, "Only read the configuration and report every problem");
    sub->callback([opt, &exit_code] { exit_code = serve(*opt); });
}

}  // namespace falconer::cli
