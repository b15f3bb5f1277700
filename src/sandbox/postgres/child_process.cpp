#include "child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace falconer::sandbox {
namespace {

/// Ours would steer it: PGOPTIONS, PGDATA, LD_PRELOAD, another PATH, another language.
constexpr const char* small_world[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", nullptr
};

/// util-linux's setpriv changes the user and asks for the death signal, in the right order.
std::vector<std::string> wrapped(
    const std::vector<std::string>& command, const child_options& how
) {
    std::vector<std::string> all{"setpriv", "--pdeathsig", ::sigabbrev_np(how.death_signal)};
    if (!how.user.empty()) {
        all.push_back("--reuid=" + how.user);
        all.push_back("--regid=" + how.user);
        all.emplace_back("--init-groups");
    }
    all.insert(all.end(), command.begin(), command.end());
    return all;
}

result<int> spawn(const std::vector<std::string>& command, int output) {
    std::vector<char*> arguments;
    for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, 1);
    posix_spawn_file_actions_adddup2(&files, output, 2);
    posix_spawn_file_actions_addchdir_np(&files, "/");

    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setpgroup(&how, 0);
    sigset_t usual;  // we ignore it; the child may want to end by it
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&how, &usual);
    posix_spawnattr_setflags(
        &how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF
    );

    int       pid = 0;
    const int why = ::posix_spawnp(
        &pid, arguments[0], &files, &how, arguments.data(), const_cast<char**>(small_world)
    );
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    if (why != 0) return failure{errc::unavailable, command[0] + ": " + std::strerror(why)};
    return pid;
}

}  // namespace

bool setpriv_is_there() {
    // As posix_spawnp(3) looks for it: by our PATH.
    const char*        path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
    for (std::string folder; std::getline(folders, folder, ':');)
        if (::access(((folder.empty() ? "." : folder) + "/setpriv").c_str(), X_OK) == 0)
            return true;
    return false;
}

result<std::unique_ptr<child_process>> child_process::start(
    asio::any_io_executor loop, const std::vector<std::string>& command, const child_options& how
) {
    const auto path   = how.output.empty() ? std::string("/dev/null") : how.output.string();
    const int  output = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) return failure{errc::unavailable, path + ": " + std::strerror(errno)};
    auto pid = spawn(wrapped(command, how), output);
    ::close(output);
    if (!pid) return std::move(pid).error();
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0));
    if (handle < 0) {
        const int why = errno;
        ::kill(*pid, SIGKILL);
        ::waitpid(*pid, nullptr, 0);
        return failure{errc::unavailable, std::string("pidfd_open: ") + std::strerror(why)};
    }
    return std::unique_ptr<child_process>(new child_process(std::move(loop), *pid, handle));
}

child_process::~child_process() {
    if (!running_) return;
    ::kill(-pid_, SIGKILL);  // its group: with what it started itself
    ::waitpid(pid_, nullptr, 0);
}

void child_process::signal(int which) noexcept {
    if (running_) ::kill(pid_, which);  // nobody else has its number before we have waited for it
}

task<int> child_process::exited() {
    while (running_) {
        int        state = 0;
        const auto done  = ::waitpid(pid_, &state, WNOHANG);
        if (done == pid_ || (done < 0 && errno == ECHILD)) {
            running_ = false;
            code_    = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
            break;
        }
        co_await handle_.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
    }
    co_return code_;
}

namespace {

task<result<int>> wait_for(child_process& child) {
    co_return co_await child.exited();
}

}  // namespace

task<result<finished>> run_program(
    asio::any_io_executor loop, time_source& time, std::vector<std::string> command,
    std::string user, std::chrono::milliseconds limit
) {
    // A file in memory: it takes all output without anybody having to read meanwhile.
    const int memory = ::memfd_create("output", MFD_CLOEXEC);
    if (memory < 0)
        co_return failure{errc::unavailable, std::string("memfd_create: ") + std::strerror(errno)};
    child_options how;
    how.user     = std::move(user);
    how.output   = "/proc/self/fd/" + std::to_string(memory);
    auto started = child_process::start(loop, command, how);
    if (!started) {
        ::close(memory);
        co_return std::move(started).error();
    }
    auto     code = co_await with_timeout(time, limit, wait_for(**started));
    finished end;
    char     block[4096];
    for (off_t at = 0;;) {
        const auto size = ::pread(memory, block, sizeof block, at);
        if (size <= 0) break;
        end.output.append(block, static_cast<std::size_t>(size));
        at += size;
    }
    ::close(memory);
    if (!code) co_return std::move(code).error().while_doing(command[0]);
    end.exit_code = *code;
    co_return end;
}

}  // namespace falconer::sandbox
