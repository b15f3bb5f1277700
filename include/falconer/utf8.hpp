// UTF-8 as RFC 3629 has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace falconer {

/// Whether `text` is UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

/// The first line of `text`, counted from 1, that is not UTF-8; 0: all of it is.
int line_not_utf8(std::string_view text) noexcept;

/// How many code points `text` has. It must be UTF-8.
std::size_t code_points(std::string_view text) noexcept;

/// Appends the code point. It must be at most U+10FFFF.
void append_utf8(char32_t code_point, std::string& out);

/// `text` for people, in one line: printable ASCII as it is, everything else as \uXXXX, cut behind
/// about `limit` characters. `text` must be UTF-8.
std::string excerpt(std::string_view text, std::size_t limit = 60);

}  // namespace falconer
