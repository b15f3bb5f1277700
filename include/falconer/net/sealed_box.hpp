// Texts that somebody else keeps for us and can neither read nor change.
#pragma once

#include "falconer/log.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::net {

/// AES-256-GCM under one key. Copies have the same.
class sealed_box {
public:
    /// Of this process alone.
    static sealed_box with_random_key();
    /// Of every process that has this text, which must be hard to guess.
    explicit sealed_box(const secret& key);

    /// In the letters of base64url. What is sealed for one purpose is not opened for another.
    std::string seal(std::string_view text, std::string_view purpose) const;
    /// Nothing: it is not ours, or not as we made it.
    std::optional<std::string> open(std::string_view sealed, std::string_view purpose) const;

private:
    explicit sealed_box(const std::array<std::uint8_t, 32>& key) : key_(key) {}

    std::array<std::uint8_t, 32> key_;
};

}  // namespace falconer::net
