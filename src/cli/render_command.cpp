// falconer render: every object that would be delivered for a cluster, without a cluster.
#include "commands.hpp"

#include "app/configuration.hpp"
#include "app/heartbeat_secret_file.hpp"
#include "app/image_overwrite.hpp"
#include "app/object_files.hpp"
#include "app/rules_folder.hpp"
#include "app/token_mints.hpp"
#include "falconer/falco/credentials_plan.hpp"
#include "falconer/falco/delivery_plan.hpp"
#include "falconer/falco/extension_protocol.hpp"
#include "falconer/falco/extension_service.hpp"
#include "now_option.hpp"

#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

struct render_options {
    std::string              extension{}, cluster{}, config{}, rules{}, now{};
    std::vector<std::string> profiles{}, objects{};
    std::string              target = "all";
};

/// What was read, and what is wrong with it.
struct render_input {
    value                        extension{}, cluster{};
    falco::operator_settings     settings{};
    falco::releases              offered{};
    falco::rule_catalogue        rules{};
    std::map<std::string, value> config_maps{}, secrets{};
    utc_time                     now{};
    std::vector<std::string>     problems{};
};

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
    to.insert(to.end(), more.begin(), more.end());
}

value read_one(const std::string& path, const char* kinds, std::vector<std::string>& problems) {
    auto file = app::read_objects(path);
    append(problems, file.problems);
    if (file.objects.size() == 1) return std::move(file.objects.front());
    if (file.problems.empty())
        problems.push_back(
            path + ": holds " + std::to_string(file.objects.size()) + " objects; expected one, " +
            kinds
        );
    return {};
}

void expect_kind(
    const value& object, std::initializer_list<std::string_view> kinds, const std::string& path,
    std::vector<std::string>& problems
) {
    if (!object.is_map()) return;
    const auto  kind = object.text_at({"kind"});
    std::string wanted;
    for (const auto each : kinds) {
        if (kind == each) return;
        wanted += (wanted.empty() ? "" : " or ") + std::string(each);
    }
    problems.push_back(path + ": kind: expected " + wanted + ", found " + described(value(kind)));
}

/// An Extension of another type is somebody else's. Of none: it was written by hand.
void expect_ours(
    const value& extension, const std::string& path, std::vector<std::string>& problems
) {
    const auto* type = extension.find_path({"spec", "type"});
    if (type == nullptr || type->is_null() || *type == value(falco::extension_type)) return;
    problems.push_back(app::located(
        path, {"spec.type",
               "expected " + std::string(falco::extension_type) + ", found " + described(*type),
               type->line()}
    ));
}

void read_config(const render_options& opt, render_input& into) {
    if (!opt.config.empty()) {
        auto read = app::read_configuration_file(opt.config, {});
        append(into.problems, read.problems);
        into.settings = std::move(read.value.falco);
        app::heartbeat_secret_file beats(into.settings.heartbeat_secret_file);
        if (auto done = beats.read(); !done)
            into.problems.push_back("heartbeat.secretFile: " + done.error().detail);
        into.settings.heartbeat_secret = beats.now();
    }
    app::apply_environment(into.settings, into.problems);
    for (const auto& each : into.settings.warnings) std::cerr << "warning: " << each << '\n';
}

void read_references(const render_options& opt, render_input& into) {
    const auto home = into.extension.text_at({"metadata", "namespace"});
    for (const auto& path : opt.objects) {
        auto file = app::read_objects(path);
        append(into.problems, file.problems);
        for (auto& object : file.objects) {
            const std::string name(object.text_at({"metadata", "name"}));
            const std::string kind(object.text_at({"kind"}));
            auto*             list = kind == "ConfigMap" ? &into.config_maps
                                     : kind == "Secret"  ? &into.secrets
                                                         : nullptr;
            // Whatever else is in that namespace, and what is in another.
            const auto there = object.text_at({"metadata", "namespace"});
            if (list == nullptr || (!there.empty() && there != home)) continue;
            if (!list->emplace(name, std::move(object)).second)
                into.problems.push_back(path + ": a second " + kind + ' ' + described(value(name)));
        }
    }
}

render_input read_all(const render_options& opt) {
    render_input in;
    const auto   now = read_now(opt.now);
    if (now)
        in.now = *now;
    else
        in.problems.push_back(now.error().detail);
    in.extension = read_one(opt.extension, "an Extension", in.problems);
    in.cluster   = read_one(opt.cluster, "a Cluster, a Seed or a Garden", in.problems);
    expect_kind(in.extension, {"Extension"}, opt.extension, in.problems);
    expect_ours(in.extension, opt.extension, in.problems);
    expect_kind(in.cluster, {"Cluster", "Seed", "Garden"}, opt.cluster, in.problems);
    auto profiles = app::read_profiles(opt.profiles);
    append(in.problems, profiles.problems);
    in.offered = std::move(profiles.all);
    read_config(opt, in);
    if (const auto folder =
            opt.rules.empty() ? app::built_in_rules() : std::filesystem::path(opt.rules);
        !folder.empty()) {
        auto rules = app::read_rules_folder(folder);
        append(in.problems, rules.problems);
        in.rules = std::move(rules.catalogue);
    }
    read_references(opt, in);
    return in;
}

int complain(const std::vector<std::string>& problems) {
    for (const auto& each : problems) std::cerr << each << '\n';
    return answer_is_no;
}

std::vector<std::string> lines_of(const field_problems& problems, const std::string& path) {
    std::vector<std::string> all;
    for (const auto& each : problems) all.push_back(app::located(path, each));
    return all;
}

result<std::optional<falco::kept_secret>> find_kept(
    const render_input& in, const std::string& name
) {
    const auto found = in.secrets.find(name);
    if (found == in.secrets.end()) return std::optional<falco::kept_secret>{};
    auto kept = falco::as_kept(found->second);
    if (!kept) return std::move(kept).error();
    return std::optional(std::move(*kept));
}

struct rendering {
    falco::delivery_plan delivery{};
    std::vector<value>   kept{};  // the Secrets that make the next rendering the same
};

result<rendering> render_all(
    const render_input& in, const falco::cluster_facts& cluster,
    const falco::falco_service& service, const std::string& path
) {
    auto mint = app::token_mints::of(in.settings);
    if (!mint) return std::move(mint).error();
    const auto certificate_name  = falco::certificate_secret_of(cluster.is);
    const auto token_name        = falco::token_secret_of(cluster.is);
    auto       kept_certificates = find_kept(in, certificate_name);
    if (!kept_certificates) return std::move(kept_certificates).error();
    auto kept_tokens = find_kept(in, token_name);
    if (!kept_tokens) return std::move(kept_tokens).error();

    const falco::credentials_want want{
        .cluster  = cluster,
        .service  = service,
        .settings = in.settings,
        .needs    = falco::needs_of(service, in.settings),
        .mint     = &*mint,
    };
    auto made = falco::plan_credentials(*kept_certificates, *kept_tokens, want, in.now);
    if (!made) return std::move(made).error();

    rendering done;
    done.delivery            = falco::plan_delivery({
                   .cluster     = cluster,
                   .service     = service,
                   .settings    = in.settings,
                   .offered     = in.offered,
                   .rules       = in.rules,
                   .config_maps = in.config_maps,
                   .secrets     = in.secrets,
                   .certificates =
            made->certificates ? made->certificates->delivery : falco::certificate_delivery{},
                   .tokens                = made->ready,
                   .heartbeat_key         = made->heartbeat_key,
                   .service_account_epoch = made->service_account_epoch,
                   .now                   = in.now,
                   .path                  = path,
    });
    const auto& in_namespace = cluster.control_plane;
    if (made->certificates)
        done.kept.push_back(
            falco::as_object(made->certificates->kept, certificate_name, in_namespace)
        );
    if (!made->tokens.data.empty())
        done.kept.push_back(falco::as_object(made->tokens, token_name, in_namespace));
    return done;
}

void print(const std::vector<value>& objects) {
    for (const auto& each : objects) std::cout << "---\n" << yaml_text(each);
}

int render(const render_options& opt) {
    const auto in = read_all(opt);
    if (!in.problems.empty()) return complain(in.problems);
    for (const auto& each : in.offered.warnings) std::cerr << "warning: " << each << '\n';

    field_problems problems;
    const auto     cluster = falco::read_cluster(in.extension, in.cluster, problems);
    if (!problems.empty()) return complain(lines_of(problems, opt.extension));
    const auto asked = falco::read_service(in.extension, cluster, in.offered, in.settings, in.now);
    if (!asked.problems.empty()) return complain(lines_of(asked.problems, opt.extension));

    const auto done = render_all(in, cluster, asked.service, falco::provider_config_path);
    if (!done) return complain({done.error().detail});
    if (!done->delivery.problems.empty())
        return complain(lines_of(done->delivery.problems, opt.extension));
    if (!done->delivery.broken_rules.empty())
        return complain(lines_of(done->delivery.broken_rules, opt.extension));
    for (const auto& each : done->delivery.warnings) std::cerr << "warning: " << each << '\n';

    if (opt.target != "seed") print(done->delivery.target);
    if (opt.target != "shoot") print(done->delivery.seed);
    if (opt.target == "all") print(done->kept);
    return success;
}

}  // namespace

void add_render_command(CLI::App& root, int& exit_code) {
    auto* const sub = root.add_subcommand("render", "Prints what would be delivered for a cluster");
    const auto  opt = std::make_shared<render_options>();
    const auto  file = [&](const char* name, std::string& into, const char* what) {
        return sub->add_option(name, into, what)->type_name("FILE");
    };
    file("--extension", opt->extension, "The Extension")->required();
    file(
        "--cluster", opt->cluster,
        "Its Cluster; of class seed also the Seed itself, of class garden the Garden"
    )
        ->required();
    sub->add_option("--profile", opt->profiles, "FalcoProfiles; may be given several times")
        ->required()
        ->type_name("FILE");
    file("--config", opt->config, "Falconer's configuration, of which section falco counts");
    sub->add_option(
           "--objects", opt->objects,
           "ConfigMaps and Secrets of the control plane's namespace; may be given several times"
    )
        ->type_name("FILE");
    sub->add_option(
           "--rules", opt->rules,
           "A folder with a folder per rules version; default: those of the image"
    )
        ->type_name("DIR");
    sub->add_option("--now", opt->now, "The time of asking; without it, now")->type_name("RFC3339");
    sub->add_option("--target", opt->target, "Which objects; default: all")
        ->check(CLI::IsMember({"shoot", "seed", "all"}));
    sub->footer(
        "With the Secrets that --target all prints among --objects the same input gives the same "
        "bytes;\nwithout them new keys are made. On a problem: exit code 1, one line for each on "
        "standard error.\nIMAGEVECTOR_OVERWRITE in the environment counts, as it does for falconer "
        "serve.\n\n"
        "Example:\n"
        "  falconer render --extension config/examples/extension.yaml --cluster "
        "config/examples/cluster.yaml \\\n"
        "      --profile config/examples/profile.yaml --rules config/rules/demo"
    );
    sub->callback([opt, &exit_code] { exit_code = render(*opt); });
}

}  // namespace falconer::cli
