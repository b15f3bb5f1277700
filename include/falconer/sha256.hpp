// The digest by which things are known without being kept.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace falconer {

std::array<std::uint8_t, 32> sha256(std::string_view of);

}  // namespace falconer
