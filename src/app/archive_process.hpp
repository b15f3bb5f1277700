// Days written out by a process of their own: it blocks on disks and compresses, and the ingestor
// goes on.
#pragma once

#include "falconer/async.hpp"

#include <asio/any_io_executor.hpp>

#include <filesystem>
#include <string>

namespace falconer::app {

/// Runs `falconer db archive` of this same program, with this configuration. What goes wrong there
/// it writes to standard error itself.
///
/// Errors : unavailable  it could not be started, or it has failed
/// Cancel : it is ended; nothing half-done counts.
task<result<void>> archive_in_process(
    asio::any_io_executor loop, std::filesystem::path configuration, std::string day,
    std::string clusters
);

}  // namespace falconer::app
