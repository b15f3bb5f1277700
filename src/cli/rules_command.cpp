// falconer rules lint: whether Falco accepts rule files, and what in them does not do what was
// meant.
#include "commands.hpp"

#include "app/object_files.hpp"
#include "falconer/falco/rule_lint.hpp"
#include "falconer/falco/semver.hpp"

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

struct lint_command {
    std::string              falco_version{};
    std::vector<std::string> before{}, files{}, plugins{};
};

/// "k8saudit@0.11.0=k8s_audit"; the source only where it brings events.
std::optional<falco::loaded_plugin> parse_plugin(const std::string& text) {
    const auto at = text.find('@'), source = text.find('=');
    if (at == 0 || at == std::string::npos || (source != std::string::npos && source < at))
        return std::nullopt;
    falco::loaded_plugin is{
        .name    = text.substr(0, at),
        .version = text.substr(at + 1, source == std::string::npos ? source : source - at - 1),
        .source  = source == std::string::npos ? "" : text.substr(source + 1)
    };
    if (!falco::semver::parse(is.version)) return std::nullopt;
    return is;
}

int lint(const lint_command& opt) {
    std::vector<falco::rule_file>     loaded;
    std::vector<falco::loaded_plugin> plugins;
    std::vector<std::string>          problems;
    for (const auto& each : opt.plugins) {
        if (auto is = parse_plugin(each))
            plugins.push_back(std::move(*is));
        else
            problems.push_back(
                "--plugin: '" + each + "' is none, such as json@0.7.3 or k8saudit@0.11.0=k8s_audit"
            );
    }
    if (!opt.falco_version.empty() && !falco::semver::parse(opt.falco_version))
        problems.push_back(
            "--falco-version: '" + opt.falco_version + "' is no version, such as 0.43.0"
        );
    for (const auto* names : {&opt.before, &opt.files}) {
        for (const auto& name : *names) {
            auto text = app::read_text_file(name);
            if (text)
                loaded.push_back({name, std::move(*text)});
            else
                problems.push_back(text.error().detail);
        }
    }
    if (!problems.empty()) {
        for (const auto& each : problems) std::cerr << each << '\n';
        return wrong_usage;
    }
    const auto found = falco::lint_rules(
        loaded, opt.before.size(), {.falco_version = opt.falco_version, .plugins = plugins}
    );
    for (const auto& each : found) std::cout << each.text() << '\n';
    return falco::refused(found) ? answer_is_no : success;
}

void add_lint_command(CLI::App& rules, int& exit_code) {
    auto* const sub = rules.add_subcommand(
        "lint",
        "Says what Falco would refuse in rule files, and what in them never fires or costs much"
    );
    const auto opt = std::make_shared<lint_command>();
    sub->add_option(
           "--falco-version", opt->falco_version,
           "The Falco that loads them; without it, the newest"
    )
        ->type_name("V");
    sub->add_option(
           "--with", opt->before,
           "A file that Falco loads before them, mostly a standard one; may be given several times"
    )
        ->type_name("FILE")
        ->allow_extra_args(false);  // what follows are the files themselves
    sub->add_option(
           "--plugin", opt->plugins,
           "A plug-in that Falco loads, and the source of the events that it brings, if it does; "
           "may "
           "be given several times"
    )
        ->type_name("NAME@V[=SOURCE]")
        ->allow_extra_args(false);
    sub->add_option("files", opt->files, "The rule files, in Falco's order")
        ->required()
        ->type_name("FILE");
    sub->footer(
        "Each problem is a line, FILE:LINE:COLUMN: error|warning: TEXT. Of files given with --with "
        "only errors\nare told. Exit code 1, if there is any error.\n\n"
        "Example:\n"
        "  falconer rules lint --falco-version 0.43.0 --with "
        "config/rules/demo/5.0.0/falco_rules.yaml "
        "my_rules.yaml\n"
        "  my_rules.yaml:4:28: error: there is no macro 'containr'; did you mean 'container'?"
    );
    sub->callback([opt, &exit_code] { exit_code = lint(*opt); });
}

}  // namespace

void add_rules_command(CLI::App& root, int& exit_code) {
    auto* const rules = root.add_subcommand("rules", "Falco's rule files");
    rules->require_subcommand(1);
    add_lint_command(*rules, exit_code);
    add_rules_pull_command(*rules, exit_code);
}

}  // namespace falconer::cli
