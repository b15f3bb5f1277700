// Whether this run judges how long things take by the clock.
#pragma once

#include <cstdlib>
#include <string_view>

namespace falconer::test {

/// Nightly, on a machine that does nothing else (FALCONER_JUDGE_TIMES=1). Every other run writes
/// them down only: there they say more about the machine than about us.
inline bool times_are_judged() {
    const char* said = std::getenv("FALCONER_JUDGE_TIMES");
    return said != nullptr && std::string_view(said) == "1";
}

}  // namespace falconer::test
