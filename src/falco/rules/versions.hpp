// What a file requires of Falco: the versions of its engine and of plug-ins.
#pragma once

#include "falco_release.hpp"
#include "rule_book.hpp"

namespace falconer::falco::rules {

void check_engine_version(
    const loaded_file& file, const node_entry& required, const falco_release& release,
    problem_list& problems
);
void check_plugin_versions(
    const loaded_file& file, const node_entry& required, const falco_release& release,
    problem_list& problems
);

}  // namespace falconer::falco::rules
