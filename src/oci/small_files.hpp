// Files of a size that one reads in one go, and not a byte beyond.
#pragma once

#include "falconer/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace falconer::oci {

/// Errors: not_found, denied, too_large (more than `most` bytes), unavailable. Each names the file.
result<std::string> read_small_file(const std::filesystem::path& file, std::size_t most);

/// Made, readable for all. Errors: unavailable, with the file's name.
result<void> write_small_file(const std::filesystem::path& file, std::string_view text);

}  // namespace falconer::oci
