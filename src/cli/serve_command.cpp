// falconer serve: runs the roles.
#include "commands.hpp"

#include "app/descriptors.hpp"
#include "app/heartbeat_secret_file.hpp"
#include "app/image_overwrite.hpp"
#include "app/listeners.hpp"
#include "app/server.hpp"
#include "falconer/read_file.hpp"
#include "falconer/steady_time_source.hpp"
#include "gardener_flags.hpp"
#include "ingest/key_ring.hpp"
#include "ingest/spool_folder.hpp"

#include <unistd.h>
#include <asio/io_context.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>

namespace falconer::cli {
namespace {

struct serve_options {
    std::string              config{}, rules{};
    std::vector<std::string> roles{};
    bool                     check = false;
    gardener_flags           flags{};
};

constexpr std::size_t most_of_a_file = 16 << 20;

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

/// What a start would stumble over later, or nobody would notice: folders, and files of clusters.
void check_places(
    const app::configuration_reading& got, const std::set<std::string>& roles,
    std::vector<std::string>& problems
) {
    const auto& how      = got.value;
    const auto  complain = [&](const char* key, const std::string& what) {
        problems.push_back(got.place_of(key) + what);
    };
    const auto try_to_read = [&](const char* key, const std::string& path) {
        if (path.empty()) return;
        if (const auto text = read_file(path, most_of_a_file); !text)
            complain(key, path + " cannot be read: " + text.error().detail);
    };
    if (roles.contains("controller")) {
        try_to_read("controller.kubeconfig", how.controller.kubeconfig);
        try_to_read("controller.gardenKubeconfig", how.controller.garden_kubeconfig);
    }
    if (roles.contains("admission")) {
        try_to_read("admission.kubeconfig", how.admission.kubeconfig);
        try_to_read("admission.sourceKubeconfig", how.admission.source_kubeconfig);
    }
    if (roles.contains("console"))
        try_to_read("console.garden.kubeconfig", how.console.garden.kubeconfig);
    if (!roles.contains("ingestor")) return;
    std::error_code wrong;
    const auto&     data = how.store.data_folder;
    if (!data.empty() && !std::filesystem::is_directory(data, wrong))
        complain("store.dataFolder", data + ": " + (wrong ? wrong.message() : "is no directory"));
    const auto& spool = how.ingestor.spool.directory;
    if (spool.empty()) return;
    const auto found = ingest::look_at_spool_folder(spool);
    // Root may well ask on behalf of the user that will serve.
    const bool theirs = ::geteuid() == 0 && found.may_be_anothers();
    if (!found.will_do() && !theirs) complain("ingestor.spool.directory", found.objection.detail);
}

/// What the files that the configuration names have to say.
void check_files(
    const app::configuration_reading& got, const std::set<std::string>& roles,
    std::vector<std::string>& problems
) {
    const auto& how      = got.value;
    const auto  complain = [&](const char* key, const std::string& what) {
        problems.push_back(got.place_of(key) + what);
    };
    const auto try_to_read = [&](const char* key, const std::string& path) {
        if (const auto text = read_file(path, most_of_a_file); !text)
            complain(key, path + " cannot be read: " + text.error().detail);
    };
    const std::pair<const char*, const std::string&> to_be_read[] = {
        {"store.passwordFile", how.store.postgres.password_file},
        {"store.reader.passwordFile", how.store.reader.password_file},
        {"store.migrator.passwordFile", how.store.migrator.password_file},
        {"store.tls.caFile", how.store.postgres.ssl_root_cert},
        {"store.tls.certificateFile", how.store.postgres.ssl_cert},
        {"store.tls.keyFile", how.store.postgres.ssl_key},
    };
    for (const auto& [key, path] : to_be_read)
        if (!path.empty()) try_to_read(key, path);

    for (auto& each : got.problems_of_rules(roles)) problems.push_back(std::move(each));
    const auto& controller = how.controller;
    if (roles.contains("controller") && controller.seed_name.empty() &&
        controller.classes.contains(falco::extension_class::seed))
        complain(
            "controller.seedName",
            "is needed for class seed, here or as SEED_NAME in the environment"
        );
    for (auto& each : got.problems_of_peers(roles)) problems.push_back(std::move(each));
    if (roles.contains("admission"))
        for (auto& each : how.admission.problems()) problems.push_back(std::move(each));
    if (roles.contains("console")) {
        if (!got.value.has_console) complain("console", "is needed for the role of that name");
        if (!how.console.demo_users.empty() && !how.console.listen.address().is_loopback())
            complain(
                "console.demoUsersFile",
                "demo users sign in over loopback only: listen at 127.0.0.1"
            );
        if (!how.console.demo_users.empty())
            if (auto users = app::read_demo_users(how.console.demo_users); !users)
                complain("console.demoUsersFile", users.error().detail);
    }
    if (roles.contains("controller") || roles.contains("ingestor")) {
        app::heartbeat_secret_file beats(how.ingestor.heartbeat_secret);
        if (const auto read = beats.read(); !read)
            complain("heartbeat.secretFile", read.error().detail);
    }
    if (!roles.contains("ingestor")) return;
    const auto& ingestor = how.ingestor;
    if (!ingestor.keys_file.empty()) {
        auto keys = ingest::key_ring::load(app::keys_of(ingestor));
        if (!keys) complain("ingestor.keysFile", keys.error().detail);
    }
    if (!ingestor.tls) return;
    // What is there is looked at, also while another one is missing.
    const auto&                               tls      = *ingestor.tls;
    const auto                                before   = problems.size();
    const std::pair<const char*, std::string> of_tls[] = {
        {"ingestor.tls.certificateFile", tls.certificate.string()},
        {"ingestor.tls.keyFile", tls.key.string()},
        {"ingestor.tls.clientCAFile", tls.client_ca.string()},
    };
    for (const auto& [key, path] : of_tls)
        if (!path.empty()) try_to_read(key, path);
    if (problems.size() > before || tls.certificate.empty() || tls.key.empty()) return;
    auto loaded = net::tls_server_context::load(tls, std::chrono::system_clock::now());
    if (!loaded) complain("ingestor.tls", loaded.error().detail);
}

/// Over controller.rules and admission.rules: in one process there is one set.
void take_rules(
    const std::string& folder, app::configuration& how, std::vector<std::string>& problems
) {
    if (folder.empty()) return;
    std::error_code wrong;
    if (!std::filesystem::is_directory(folder, wrong))
        problems.push_back(
            "--rules: " + folder + ": " + (wrong ? wrong.message() : "is no directory")
        );
    how.controller.rules = how.admission.rules = folder;
}

int serve(const serve_options& opt) {
    std::vector<std::string> problems;
    auto                     roles = roles_of(opt, problems);
    auto                     got   = app::read_configuration_file(opt.config, roles);
    if (opt.roles.empty() && !got.value.has_controller) roles.erase("controller");
    if (opt.roles.empty() && !got.value.has_admission) roles.erase("admission");
    if (opt.roles.empty() && !got.value.has_console) roles.erase("console");
    opt.flags.apply_to(got.value, roles, problems);
    take_rules(opt.rules, got.value, problems);
    app::apply_environment(got.value.controller);
    app::apply_environment(got.value.admission);
    app::apply_environment(got.value.console);
    if (roles.contains("controller")) app::apply_environment(got.value.falco, problems);
    problems.insert(problems.end(), got.problems.begin(), got.problems.end());
    if (got.readable) {
        for (auto& each : app::clashing_listeners(got, roles)) problems.push_back(std::move(each));
        check_files(got, roles, problems);
        if (opt.check) check_places(got, roles, problems);
    }
    if (!problems.empty()) {
        for (const auto& problem : problems) std::cerr << problem << '\n';
        return wrong_usage;
    }
    if (opt.check) {
        std::cout << opt.config << ": no problem found\n";
        return success;
    }
    set_up_logging(got.value.logging);
    for (const auto& each : opt.flags.without_effect)
        log_of("app").warn("a flag has no effect here flag={}", each);
    app::raise_descriptor_limit();
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
        "SIGTERM drains; a second one means now. SIGHUP reads keys and certificates again,\n"
        "and the configuration's section alerts.\n"
        "Every option of the configuration: config/examples/falconer.yaml\n\n"
        "Example:\n  falconer serve --config /etc/falconer/falconer.yaml --roles ingestor"
    );
    sub->add_option("--config,--config-file", opt->config, "The configuration, a YAML file")
        ->required();
    sub->add_option(
           "--roles", opt->roles,
           "Roles to run, with commas between; default: all there are, controller, "
           "admission and console only if the configuration has their section"
    )
        ->delimiter(',');
    sub->add_flag("--check", opt->check, "Only read the configuration and report every problem");
    sub->add_option(
           "--rules", opt->rules,
           "A folder with a folder per rules version, over controller.rules and admission.rules; "
           "default: those of the image"
    )
        ->type_name("DIR");
    opt->flags.add_to(*sub);
    sub->callback([opt, &exit_code] { exit_code = serve(*opt); });
}

}  // namespace falconer::cli
