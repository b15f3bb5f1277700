// Which texts are too long to be shared: they would stay in the dictionary for everybody.
#pragma once

#include <cstddef>
#include <string_view>

namespace falconer::store {

/// Characters of a source, or of one tag, that the dictionary takes.
inline constexpr std::size_t most_characters = 256;

bool is_long_source(std::string_view text) noexcept;
/// Whether one of the strings of this JSON array is too long, or what is around them.
bool are_long_tags(std::string_view json_array) noexcept;

}  // namespace falconer::store
