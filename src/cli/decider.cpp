#include "decider.hpp"

#include "store_access.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace falconer::cli {

std::string login_name() {
    for (const char* each : {"SUDO_USER", "USER", "LOGNAME"})
        if (const char* name = std::getenv(each); name != nullptr && *name != '\0') return name;
    const passwd* me = ::getpwuid(::getuid());
    return me != nullptr ? me->pw_name : std::to_string(::getuid());
}

void add_decider(CLI::App& command, std::string& by) {
    by = login_name();
    command.add_option("--by", by, "Who decides; default: who is logged in")->check(not_empty);
}

}  // namespace falconer::cli
