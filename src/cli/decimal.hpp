// Whole numbers on a command line.
#pragma once

#include <CLI/CLI.hpp>

namespace falconer::cli {

/// A whole number as people write one. By itself the library takes 010 for eight, 0x10 for sixteen,
/// and what is too large for the largest. Stands before what else is checked of it.
extern const CLI::Validator a_decimal;

}  // namespace falconer::cli
