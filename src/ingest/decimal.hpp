// Which numbers the store keeps exactly.
#pragma once

#include <string_view>

namespace falconer::ingest {

/// Written out without an exponent a number has at most that many digits, before and behind the
/// point together. The zero before a point counts; zeros in front of others do not.
inline constexpr int max_digits = 38;

/// Whether the store keeps `number`, which is a number as JSON writes them, exactly.
bool is_exact(std::string_view number) noexcept;

}  // namespace falconer::ingest
