// Who takes a decision that the store keeps a trace of.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace falconer::cli {

/// Adds --by, with who is logged in by default.
void add_decider(CLI::App& command, std::string& by);

/// Who sits at the keyboard, also behind sudo; without any name, the number of the user.
std::string login_name();

}  // namespace falconer::cli
