// Text of strangers on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace falconer::cli {

/// At most so many bytes of it in one line, whole characters only, and nothing that moves a cursor:
/// what an attacker wrote must not. Controls (also those of U+0080 to U+009F) and what is not UTF-8
/// become a question mark.
std::string printable(std::string_view text, std::size_t most);

/// All of it, lines and tabs as they are; every other control, and what is not UTF-8, as \xNN.
std::string printable_lines(std::string_view text);

}  // namespace falconer::cli
