// Small files that somebody names: keys, certificates, passwords.
#pragma once

#include "falconer/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace falconer {

/// The whole of a regular file: whatever else stands in its place (a directory, a pipe) is a
/// failure like a missing one. `most`: bytes.
///
/// Errors : not_found, denied, too_large, unavailable; only the reason, "Is a directory", to be
///          followed or preceded by the file's name
result<std::string> read_file(const std::filesystem::path& file, std::size_t most = 1 << 20);

}  // namespace falconer
