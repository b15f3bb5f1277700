#include "vault.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

extern char** environ;

namespace falconer::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// For a command that was told to end; then it is killed.
constexpr auto to_end_in = 5s;
constexpr auto for_ever  = steady_clock::duration::max() / 4;

/// The process group of the command at work; 0: none. A vault has one at a time.
volatile std::sig_atomic_t at_work = 0;

/// Who ends us ends the command first: it would take the end of its input for the object's.
void end_both(int number) {
    if (at_work > 0) ::kill(-at_work, SIGTERM);
    ::raise(number);  // SA_RESETHAND: this one is for us
}

/// Signals that somebody has us ignore stay ignored.
void end_commands_with_us() {
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction is{};
        if (::sigaction(each, nullptr, &is) != 0 || is.sa_handler != SIG_DFL) continue;
        is            = {};
        is.sa_handler = end_both;
        is.sa_flags   = static_cast<int>(SA_RESETHAND);
        sigemptyset(&is.sa_mask);
        ::sigaction(each, &is, nullptr);
    }
}

/// A command of the shell, with one end of a pipe to it.
class shell_command {
public:
    enum class flow { in, out };  // as the command sees it

    /// `limit`: see vault_commands.
    static result<std::unique_ptr<shell_command>> start(
        const std::string& text, const std::string& object, flow which, std::chrono::seconds limit
    );
    /// One that nobody has waited for is not wanted any more, whatever it does.
    ~shell_command() {
        end();
        close();
        finish();
    }
    shell_command(const shell_command&)            = delete;
    shell_command& operator=(const shell_command&) = delete;

    int  pipe() const { return pipe_; }
    void close() {
        if (pipe_ >= 0) ::close(std::exchange(pipe_, -1));
    }
    void end() {
        if (pid_ > 0) ::kill(-pid_, SIGTERM);
    }
    /// Until its pipe takes or gives something. Errors: timed_out; it has been ended then.
    result<void> wait_for(short what);
    /// Of its end. Errors: unavailable, with what it ended with; timed_out, and it has been ended.
    result<void> wait();

private:
    shell_command(pid_t pid, int pipe, std::chrono::seconds limit)
        : pid_(pid), pipe_(pipe), limit_(limit) {}

    bool    over(int& status, steady_clock::duration within);
    void    finish();
    failure ended(const char* because);

    pid_t                pid_;
    int                  pipe_;
    std::chrono::seconds limit_;
};

failure why_not(const char* doing, int why) {
    return {errc::unavailable, std::string(doing) + ": " + std::strerror(why)};
}

result<std::unique_ptr<shell_command>> shell_command::start(
    const std::string& text, const std::string& object, flow which, std::chrono::seconds limit
) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return why_not("a pipe", errno);
    const bool in     = which == flow::in;
    const int  theirs = in ? ends[0] : ends[1];
    const int  ours   = in ? ends[1] : ends[0];

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, theirs, in ? 0 : 1);
    if (in)
        posix_spawn_file_actions_adddup2(&files, 2, 1);  // ours is for the report
    else
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&how, &usual);
    posix_spawnattr_setpgroup(&how, 0);  // so that all of a pipeline can be ended
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    const auto         name = "FALCONER_OBJECT=" + object;
    std::vector<char*> environment;
    for (char** each = environ; *each != nullptr; ++each)
        if (!std::string_view(*each).starts_with("FALCONER_OBJECT=")) environment.push_back(*each);
    environment.push_back(const_cast<char*>(name.c_str()));
    environment.push_back(nullptr);
    std::array<const char*, 4> arguments{"sh", "-c", text.c_str(), nullptr};
    pid_t                      pid = 0;
    const int                  bad = ::posix_spawn(
        &pid, "/bin/sh", &files, &how, const_cast<char* const*>(arguments.data()),
        environment.data()
    );
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    ::close(theirs);
    if (bad != 0) {
        ::close(ours);
        return why_not("starting sh", bad);
    }
    at_work = pid;
    // So that a write of much does not wait longer than wait_for() allows.
    ::fcntl(ours, F_SETFL, ::fcntl(ours, F_GETFL) | O_NONBLOCK);
    return std::unique_ptr<shell_command>(new shell_command(pid, ours, limit));
}

/// Whether it has ended, or does so within that time.
bool shell_command::over(int& status, steady_clock::duration within) {
    if (pid_ <= 0) return true;
    const auto end = steady_clock::now() + within;
    for (auto pause = steady_clock::duration(1ms);; pause = std::min(2 * pause, {100ms})) {
        const auto is = ::waitpid(pid_, &status, WNOHANG);
        if (is < 0 && errno != EINTR) status = 127 << 8;  // it is not ours any more
        if (is > 0 || (is < 0 && errno != EINTR)) break;
        if (steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(pause);
    }
    if (at_work == pid_) at_work = 0;
    pid_ = -1;
    return true;
}

/// It has been told to end. What does not listen is killed, and what is left of those that it has
/// started: as long as nobody has waited for it, its number is nobody else's.
void shell_command::finish() {
    if (pid_ <= 0) return;
    for (const auto end = steady_clock::now() + to_end_in; steady_clock::now() < end;) {
        siginfo_t  is{};
        const auto id = static_cast<id_t>(pid_);
        if (::waitid(P_PID, id, &is, WEXITED | WNOHANG | WNOWAIT) != 0 || is.si_pid != 0) break;
        std::this_thread::sleep_for(5ms);
    }
    ::kill(-pid_, SIGKILL);
    int status = 0;
    over(status, for_ever);
}

/// Before its input ends, which it would take for the end of the object.
failure shell_command::ended(const char* because) {
    end();
    finish();
    close();
    return {
        errc::timed_out, std::string("the command ") + because + " for " +
                             std::to_string(limit_.count()) + " s, and has been ended"
    };
}

result<void> shell_command::wait_for(short what) {
    pollfd     of{.fd = pipe_, .events = what, .revents = 0};
    const auto end = steady_clock::now() + limit_;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
        const int most = limit_.count() == 0 ? -1 : static_cast<int>(std::max(left, {0}));
        const int is   = ::poll(&of, 1, most);
        if (is > 0) return {};
        if (is < 0 && errno != EINTR) return why_not("waiting for the command", errno);
        if (is == 0 && most >= 0)
            return ended(what == POLLOUT ? "has taken nothing" : "has given nothing");
    }
}

result<void> shell_command::wait() {
    if (pid_ <= 0) return {};
    int        status = 0;
    const auto within = limit_.count() == 0 ? for_ever : steady_clock::duration(limit_);
    if (!over(status, within)) return ended("has not ended after the last of its input");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    const auto how = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                       : "signal " + std::to_string(WTERMSIG(status));
    return failure{errc::unavailable, "the command ended with " + how};
}

/// A command that gets no end of its input, because we give up, must not take it for a whole one:
/// it is told to end before its input does.
class pipe_writer final : public object_writer {
public:
    pipe_writer(std::string name, std::unique_ptr<shell_command> command)
        : name_(std::move(name)), command_(std::move(command)) {}
    ~pipe_writer() override {
        if (!kept_) command_->end();
    }
    pipe_writer(const pipe_writer&)            = delete;
    pipe_writer& operator=(const pipe_writer&) = delete;

    result<void> write(std::string_view piece) override {
        while (!piece.empty()) {
            if (auto takes = command_->wait_for(POLLOUT); !takes) {
                kept_ = true;  // it has been ended
                return std::move(takes).error().while_doing(name_);
            }
            const auto n = ::write(command_->pipe(), piece.data(), piece.size());
            if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (n < 0) {
                auto why = why_not(name_.c_str(), errno);
                command_->close();
                auto ended = command_->wait();
                kept_      = true;  // there is nothing left to end
                if (!ended) return std::move(ended).error().while_doing(name_);
                return why;
            }
            piece.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    result<void> keep() override {
        kept_ = true;
        command_->close();
        auto ended = command_->wait();
        if (!ended) return std::move(ended).error().while_doing(name_);
        return {};
    }

private:
    std::string                    name_;
    std::unique_ptr<shell_command> command_;
    bool                           kept_ = false;
};

class pipe_reader final : public object_reader {
public:
    pipe_reader(std::string name, std::unique_ptr<shell_command> command)
        : name_(std::move(name)), command_(std::move(command)) {}

    result<std::size_t> read(std::span<char> into) override {
        for (;;) {
            if (auto gives = command_->wait_for(POLLIN); !gives)
                return std::move(gives).error().while_doing(name_);
            const auto n = ::read(command_->pipe(), into.data(), into.size());
            if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (n < 0) return why_not(name_.c_str(), errno);
            if (n > 0) return static_cast<std::size_t>(n);
            auto ended = command_->wait();
            if (!ended) return std::move(ended).error().while_doing(name_);
            return std::size_t{0};
        }
    }

private:
    std::string                    name_;
    std::unique_ptr<shell_command> command_;
};

class command_vault final : public vault {
public:
    explicit command_vault(vault_commands how) : how_(std::move(how)) {}

    result<std::unique_ptr<object_writer>> create(const std::string& name) override {
        auto command = shell_command::start(how_.write, name, shell_command::flow::in, how_.limit);
        if (!command) return std::move(command).error();
        return std::unique_ptr<object_writer>(
            std::make_unique<pipe_writer>(name, *std::move(command))
        );
    }

    result<std::unique_ptr<object_reader>> open(const std::string& name) override {
        auto command = shell_command::start(how_.read, name, shell_command::flow::out, how_.limit);
        if (!command) return std::move(command).error();
        return std::unique_ptr<object_reader>(
            std::make_unique<pipe_reader>(name, *std::move(command))
        );
    }

    std::string text() const override { return how_.read.empty() ? how_.write : how_.read; }

private:
    vault_commands how_;
};

}  // namespace

std::unique_ptr<vault> behind_commands(vault_commands how) {
    // One that ends before it has read all is an error of write(2), and not our end.
    std::signal(SIGPIPE, SIG_IGN);
    end_commands_with_us();
    return std::make_unique<command_vault>(std::move(how));
}

}  // namespace falconer::store
