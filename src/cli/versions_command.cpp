// falconer versions plan: where a version would move, and why.
#include "commands.hpp"

#include "app/object_files.hpp"
#include "falconer/falco/version_policy.hpp"
#include "now_option.hpp"

#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

struct plan_options {
    std::vector<std::string> profiles{};
    std::string              current{};
    bool                     automatically = true;
    std::string              now{};
};

int plan(const plan_options& opt) {
    std::vector<std::string> problems;
    const auto               now = read_now(opt.now);
    if (!now) problems.push_back(now.error().detail);
    if (opt.current.empty()) problems.emplace_back("--current is empty");
    const auto read = app::read_profiles(opt.profiles);
    problems.insert(problems.end(), read.problems.begin(), read.problems.end());
    if (!problems.empty()) {
        for (const auto& each : problems) std::cerr << each << '\n';
        return wrong_usage;
    }
    for (const auto& each : read.all.warnings) std::cerr << "warning: " << each << '\n';

    const auto move = falco::plan_version(
        read.all.falco, opt.current,
        opt.automatically ? falco::auto_update::on : falco::auto_update::off, *now
    );
    constexpr std::array actions{"none", "auto", "forced"};
    std::cout << json_text(value{
                     {"action", actions[static_cast<std::size_t>(move.what)]},
                     {"target", move.target ? value(*move.target) : value()},
                     {"reason", move.reason},
                 })
              << '\n';
    return success;
}

}  // namespace

void add_versions_command(CLI::App& root, int& exit_code) {
    auto* const versions = root.add_subcommand("versions", "Falco's versions in a landscape");
    versions->require_subcommand(1);

    auto* const sub = versions->add_subcommand(
        "plan", "Says where a cluster's version moves in its next maintenance window"
    );
    const auto opt = std::make_shared<plan_options>();
    sub->add_option("--profile", opt->profiles, "FalcoProfiles; may be given several times")
        ->required()
        ->type_name("FILE");
    sub->add_option("--current", opt->current, "The version that runs")->required()->type_name("V");
    sub->add_option("--auto-update", opt->automatically, "Default: true")
        ->type_name("true|false")
        ->expected(0, 1)
        ->default_str("true");
    sub->add_option("--now", opt->now, "The time of asking; without it, now")->type_name("RFC3339");
    sub->footer(
        "The answer does not depend on the order of the profiles; what they disagree about is a "
        "warning.\n\n"
        "Example:\n"
        "  falconer versions plan --profile config/examples/profile.yaml --current 0.42.1\n"
        "  {\"action\":\"auto\",\"target\":\"0.43.0\",\"reason\":\"0.43.0 is the newest supported "
        "version\"}"
    );
    sub->callback([opt, &exit_code] { exit_code = plan(*opt); });
}

}  // namespace falconer::cli
