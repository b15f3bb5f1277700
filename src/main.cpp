// falconer: the composition of all commands.
#include "cli/commands.hpp"

#include <algorithm>
#include <iostream>
#include <string>

namespace {

/// Option groups are nameless subcommands to the library.
template <class App>
auto commands_of(App& group) {
    return group.get_subcommands([](App* each) { return !each->get_name().empty(); });
}

/// A group's help ends with an example of one of its commands.
void add_examples(CLI::App& group) {
    const auto commands = commands_of(group);
    for (auto* each : commands) add_examples(*each);
    if (commands.empty() || group.get_footer().size() > 1) return;
    const auto text = commands.front()->get_footer();
    if (const auto at = text.find("Example:"); at != std::string::npos)
        group.footer(text.substr(at) + "\n\nEach command has its own --help.");
}

/// What is wrong where a command should stand; empty: nothing.
std::string unknown_command(const CLI::App& root, int argc, char** argv) {
    std::string     so_far = root.get_name();
    const CLI::App* group  = &root;
    for (int i = 1;; ++i) {
        const auto commands = commands_of(*group);
        if (commands.empty() || (i < argc && argv[i][0] == '-')) return {};
        const std::string word = i < argc ? argv[i] : "";
        const auto        next = std::ranges::find(commands, word, [](const CLI::App* each) {
            return each->get_name();
        });
        if (next == commands.end()) {
            std::string names;
            for (const auto* each : commands) names += ' ' + each->get_name();
            const auto wrong =
                i < argc ? "there is no command '" + word + "'" : "a command is needed";
            return so_far + ": " + wrong + "; there are:" + names + '\n';
        }
        so_far += ' ' + word;
        group   = *next;
    }
}

/// "one of --data or --config"
std::string choice_of(const CLI::App& group) {
    std::string names;
    for (const auto* option : group.get_options())
        if (option != group.get_help_ptr())
            names += (names.empty() ? "one of " : " or ") + option->get_name();
    return names;
}

/// What must be given and is not, a line each: the library stops at the first.
std::string missing(const CLI::App& root) {
    const CLI::App* command = &root;
    std::string     name    = root.get_name();
    while (!command->get_subcommands().empty()) {
        command  = command->get_subcommands().front();
        name    += ' ' + command->get_name();
    }
    std::string lines;
    const auto  say = [&](const std::string& what) {
        lines += name + ": " + what + " is required\n";
    };
    for (const auto* option : command->get_options()) {
        if (option->count() > 0) continue;
        if (option->get_required()) say(option->get_name());
        // What a command is about may be left out only for what stands in its place.
        const auto instead = option->get_excludes();
        if (option->get_positional() && !instead.empty() &&
            std::ranges::none_of(instead, [](const auto* each) { return each->count() > 0; }))
            say("one of " + option->get_name() + " or " + (*instead.begin())->get_name());
    }
    for (const auto* group : command->get_subcommands([](const CLI::App* each) {
             return each->get_name().empty() && each->get_require_option_min() > 0;
         })) {
        const auto options = group->get_options();
        if (std::ranges::none_of(options, [](const auto* each) { return each->count() > 0; }))
            say(choice_of(*group));
    }
    return lines;
}

}  // namespace

int main(int argc, char** argv) {
    namespace cli = falconer::cli;

    CLI::App root{"Falco runtime security for every cluster of a Gardener landscape.", "falconer"};
    root.require_subcommand(1);
    int exit_code = cli::success;
    cli::add_up_command(root, exit_code);
    cli::add_serve_command(root, exit_code);
    cli::add_doctor_command(root, exit_code);
    cli::add_db_command(root, exit_code);
    cli::add_clusters_command(root, exit_code);
    cli::add_quarantine_command(root, exit_code);
    cli::add_spool_command(root, exit_code);
    cli::add_token_command(root, exit_code);
    cli::add_event_command(root, exit_code);
    cli::add_render_command(root, exit_code);
    cli::add_review_command(root, exit_code);
    cli::add_versions_command(root, exit_code);
    cli::add_rules_command(root, exit_code);
    cli::add_agent_command(root, exit_code);
    cli::add_version_command(root, exit_code);
    add_examples(root);
    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        if (const auto unknown = unknown_command(root, argc, argv);
            wrong.get_exit_code() != 0 && !unknown.empty()) {
            std::cerr << unknown;
            return cli::wrong_usage;
        }
        if (const auto lines = missing(root);
            wrong.get_name() == "RequiredError" && !lines.empty()) {
            std::cerr << lines << "Run with --help for more information.\n";
            return cli::wrong_usage;
        }
        return root.exit(wrong) == 0 ? cli::success : cli::wrong_usage;
    } catch (const std::exception& broken) {  // a mistake of ours; what is under way is freed
        std::cerr << "falconer: ended by a mistake of its own: " << broken.what() << '\n';
        return cli::answer_is_no;
    }
    if (exit_code == cli::success && !std::cout.flush()) {
        std::cerr << "falconer: not all of the output could be written\n";
        return cli::answer_is_no;
    }
    return exit_code;
}
