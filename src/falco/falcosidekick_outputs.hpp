// The keys of Falcosidekick's configuration that are outputs, and those that are not.
#pragma once

#include <string>
#include <string_view>

namespace falconer::falco {

/// Why an operator's destination cannot have this key: empty, or "is not lower case, as …".
std::string problem_of_output(std::string_view key);

/// What is worth knowing of one that can: a newer Falcosidekick may have more outputs than are
/// known here; this one leaves events lying under a key that it does not know. Empty: nothing.
std::string doubt_about_output(std::string_view key);

}  // namespace falconer::falco
