#include "log_outlet.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace falconer {
namespace {

bool has_room(int descriptor, std::chrono::milliseconds wait) {
    pollfd one{.fd = descriptor, .events = POLLOUT, .revents = 0};
    return ::poll(&one, 1, static_cast<int>(wait.count())) > 0;
}

std::uint64_t lines_in(std::string_view text) {
    return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

}  // namespace

log_outlet::~log_outlet() {
    if (own_ >= 0) ::close(own_);
}

/// Somebody may have put another file in its place since the last line.
void log_outlet::look_at_descriptor() {
    struct stat now{};
    if (::fstat(shared_, &now) != 0) return;
    if (known_ && now.st_dev == device_ && now.st_ino == node_) return;
    if (own_ >= 0) ::close(own_);
    own_    = -1;
    device_ = now.st_dev;
    node_   = now.st_ino;
    known_  = true;
    if (S_ISREG(now.st_mode)) {
        how_ = way::plain;
    } else if (S_ISSOCK(now.st_mode)) {
        how_ = way::socket;
    } else {
        const auto path = "/proc/self/fd/" + std::to_string(shared_);
        own_            = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        how_            = own_ >= 0 ? way::own : way::asked;
    }
}

/// How much was taken; notes if the reader has gone.
std::size_t log_outlet::put(std::string_view bytes) {
    look_at_descriptor();
    broken_          = false;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto rest = bytes.substr(done);
        ssize_t    put  = -1;
        switch (how_) {
            case way::plain: put = ::write(shared_, rest.data(), rest.size()); break;
            case way::own: put = ::write(own_, rest.data(), rest.size()); break;
            case way::socket:
                put = ::send(shared_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
                break;
            case way::asked:  // a pipe that has room has it for as much as is written at once
                if (!has_room(shared_, std::chrono::milliseconds(0))) return done;
                put = ::write(shared_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
                break;
        }
        if (put < 0 && errno == EINTR) continue;
        broken_ = put < 0 && errno != EAGAIN && errno != EWOULDBLOCK;
        if (put < 0) return done;
        done += static_cast<std::size_t>(put);
    }
    return done;
}

void log_outlet::drop_what_waits() {
    dropped_ += lines_in(std::string_view(waiting_).substr(begun_));
    waiting_.clear();
    begun_ = 0;
}

bool log_outlet::flush() {
    if (waiting_.empty()) return true;
    begun_ += put(std::string_view(waiting_).substr(begun_));
    if (broken_) drop_what_waits();
    if (begun_ == waiting_.size()) {
        waiting_ = {};
        begun_   = 0;
    }
    return waiting_.empty();
}

bool log_outlet::flush(std::chrono::milliseconds at_most) {
    using clock    = std::chrono::steady_clock;
    const auto end = clock::now() + at_most;
    while (!flush()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
        if (left.count() <= 0) return false;
        has_room(own_ >= 0 ? own_ : shared_, left);
    }
    return true;
}

void log_outlet::write(std::string_view line) {
    std::size_t done = 0;
    if (flush()) {
        done = put(line);
        if (done == line.size()) return;
        if (broken_) {
            dropped_ += lines_in(line);
            return;
        }
    }
    if (done == 0 && waiting_.size() - begun_ + line.size() > most_) {
        dropped_ += lines_in(line);
        return;
    }
    waiting_.append(line.substr(done));
}

}  // namespace falconer
