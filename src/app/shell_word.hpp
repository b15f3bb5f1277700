// Words of command lines that we print, for a shell to take as they are.
#pragma once

#include <string>
#include <string_view>

namespace falconer::app {

/// The text itself where a POSIX shell makes nothing of any character in it, else quoted.
std::string shell_word(std::string_view text);

}  // namespace falconer::app
