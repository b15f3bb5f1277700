#include "archive_process.hpp"

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <asio/posix/stream_descriptor.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

extern char** environ;

namespace falconer::app {
namespace {

constexpr auto ourselves = "/proc/self/exe";

/// A program in a process group of its own, ended with its owner.
class helper {
public:
    helper(asio::any_io_executor loop, int pid, int handle) : pid_(pid), handle_(loop, handle) {}
    ~helper() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    helper(const helper&)            = delete;
    helper& operator=(const helper&) = delete;

    asio::posix::stream_descriptor& handle() { return handle_; }

    /// Once the handle is readable. Yields as waitpid(2).
    int status() {
        int is = 0;
        ::waitpid(pid_, &is, 0);
        pid_ = -1;
        return is;
    }

private:
    int                            pid_;
    asio::posix::stream_descriptor handle_;  // readable when it has ended. Source: pidfd_open(2)
};

result<int> spawn(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);  // its report
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t none, usual;  // we ignore SIGPIPE; its commands may want to end by it
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &usual);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setflags(
        &how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF
    );
    pid_t     pid = 0;
    const int bad = ::posix_spawn(&pid, ourselves, &files, &how, arguments.data(), environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    if (bad != 0)
        return failure{errc::unavailable, std::string("db archive: ") + std::strerror(bad)};
    return pid;
}

}  // namespace

task<result<void>> archive_in_process(
    asio::any_io_executor loop, std::filesystem::path configuration, std::string day,
    std::string clusters
) {
    std::vector<std::string> command{"falconer", "db", "archive", "--day", day, "--config"};
    command.push_back(configuration.string());
    if (!clusters.empty()) {
        command.emplace_back("--clusters");
        command.push_back(clusters);
    }
    auto pid = spawn(command);
    if (!pid) co_return std::move(pid).error();
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0));
    if (handle < 0) {
        const int why = errno;
        ::kill(-*pid, SIGKILL);
        ::waitpid(*pid, nullptr, 0);
        co_return failure{errc::unavailable, std::string("pidfd_open: ") + std::strerror(why)};
    }
    helper at_work(loop, *pid, handle);
    auto   end = at_work.handle().async_wait(asio::posix::descriptor_base::wait_read, no_throw);
    auto [bad] = co_await std::move(end);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw std::system_error(asio::error::operation_aborted);
    if (bad) co_return failure{errc::unavailable, "db archive: " + bad.message()};
    const int status = at_work.status();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) co_return result<void>{};
    co_return failure{
        errc::unavailable, "falconer db archive has failed; why, it has said on standard error"
    };
}

}  // namespace falconer::app
