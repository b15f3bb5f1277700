// The landscape's secret of heartbeats, from its file.
#pragma once

#include "falconer/log.hpp"
#include "falconer/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>

namespace falconer::app {

/// Read again when the file changes; the same file serves controllers and ingestors.
class heartbeat_secret_file {
public:
    /// Shorter ones could be guessed.
    static constexpr std::size_t shortest = 32;

    /// Empty: the landscape has none.
    explicit heartbeat_secret_file(std::filesystem::path file = {}) : file_(std::move(file)) {}

    /// True: there is another one now. Errors: a file that cannot be read, or holds fewer bytes
    /// than `shortest`; once for each change, and what was read before stays in use.
    result<bool> read();

    const secret& now() const noexcept { return now_; }

private:
    std::filesystem::path file_;
    std::string           seen_{};  // the file's stamp
    secret                now_{};
};

}  // namespace falconer::app
