// A secret that somebody else keeps: read where it lies, and again when it changes.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace falconer::alerts {

inline constexpr std::size_t longest_secret = 4096;  // bytes of a file

/// Lines of a file. Nothing of it is ever part of a message.
/// Threading: the loop thread only.
class secret_text {
public:
    secret_text() = default;
    explicit secret_text(std::filesystem::path file) : file_(std::move(file)) {}

    bool is_named() const noexcept { return !file_.empty(); }

    /// Its lines that are not empty, without blanks around them; at least one.
    /// Errors: those of reading the file, which they name; malformed, when there is nothing in it.
    result<std::vector<secret>> lines();
    /// The only line. Errors: as lines(); malformed, when there are several.
    result<secret> line();

private:
    std::filesystem::path file_{};
    std::string           stamp_{};
    std::vector<secret>   lines_{};
};

}  // namespace falconer::alerts
