// falconer: the composition of all commands.
#include "cli/commands.hpp"

#include <iostream>

int main(int argc, char** argv) {
    namespace cli = falconer::cli;

    CLI::App root{"Falco runtime security for every cluster of a Gardener landscape.", "falconer"};
    root.require_subcommand(1);
    int exit_code = cli::success;
    cli::add_db_command(root, exit_code);
    cli::add_doctor_command(root, exit_code);
    cli::add_event_command(root, exit_code);
    cli::add_quarantine_command(root, exit_code);
    cli::add_serve_command(root, exit_code);
    cli::add_spool_command(root, exit_code);
    cli::add_token_command(root, exit_code);
    cli::add_up_command(root, exit_code);
    cli::add_version_command(root, exit_code);
    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        return root.exit(wrong) == 0 ? cli::success : cli::wrong_usage;
    }
    if (exit_code == cli::success && !std::cout.flush()) {
        std::cerr << "falconer: not all of the output could be written\n";
        return cli::answer_is_no;
    }
    return exit_code;
}
