// Programs that we start, and that end no later than we do.
#pragma once

#include "falconer/async.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace falconer::sandbox {

struct child_options {
    std::string           user{};    // run as that one; only root may ask. Empty: as ourselves
    std::filesystem::path output{};  // its standard output and error are added here
    int                   death_signal = 9;  // what it gets when we die
};

/// Whether util-linux's setpriv is there, which everything is started with.
bool setpriv_is_there();

/// Threading: the loop thread.
class child_process {
public:
    /// In a process group of its own: a Ctrl-C on our terminal is for us to pass on. With a small
    /// environment of its own, not ours.
    /// Errors: unavailable, when it cannot be started.
    static result<std::unique_ptr<child_process>> start(
        asio::any_io_executor loop, const std::vector<std::string>& command,
        const child_options& how
    );
    /// Kills it and its process group if it still runs.
    ~child_process();
    child_process(const child_process&)            = delete;
    child_process& operator=(const child_process&) = delete;

    int  pid() const noexcept { return pid_; }
    void signal(int which) noexcept;

    /// Waits for its end: its exit code, or 128 + the signal that ended it.
    task<int> exited();

private:
    child_process(asio::any_io_executor loop, int pid, int handle)
        : pid_(pid), handle_(loop, handle) {}

    int                            pid_;
    bool                           running_ = true;
    int                            code_    = 0;
    asio::posix::stream_descriptor handle_;  // readable when it has ended (pidfd_open(2))
};

struct finished {
    int         exit_code = 0;
    std::string output{};  // standard output and error
};

/// Runs a program to its end.
/// Errors : timed_out   it was killed, with its process group
///          unavailable it could not be started
task<result<finished>> run_program(
    asio::any_io_executor loop, time_source& time, std::vector<std::string> command,
    std::string user, std::chrono::milliseconds limit
);

}  // namespace falconer::sandbox
