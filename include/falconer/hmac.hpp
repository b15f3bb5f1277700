// A digest that only who shares the key can make. Source: RFC 2104.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace falconer {

std::array<std::uint8_t, 32> hmac_sha256(std::string_view key, std::string_view of);

}  // namespace falconer
