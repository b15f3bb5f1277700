// A folder of rules: one folder per version, in it the standard files.
#pragma once

#include "falconer/falco/rule_files.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace falconer::app {

struct rules_folder {
    falco::rule_catalogue    catalogue{};
    std::vector<std::string> problems{};
};

/// Those that the image brings, for whoever names no folder. Empty: there are none.
std::filesystem::path built_in_rules();

/// Files that are no standard ones are left alone. A problem: a folder that cannot be read.
rules_folder read_rules_folder(const std::filesystem::path& folder);

}  // namespace falconer::app
