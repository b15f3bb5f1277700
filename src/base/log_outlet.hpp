// Lines for a reader that may be slow, stand still or go away: writing to it never waits.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace falconer {

/// What the reader does not take at once waits here, up to a limit; what goes beyond is dropped,
/// line by line, and counted. The descriptor itself stays as it is: others may write to it too, and
/// a shell's terminal must not become non-blocking.
///
/// SIGPIPE must be ignored. Threading: one thread.
class log_outlet {
public:
    explicit log_outlet(int descriptor, std::size_t most_waiting = 1024 * 1024)
        : shared_(descriptor), most_(most_waiting) {}
    ~log_outlet();
    log_outlet(const log_outlet&)            = delete;
    log_outlet& operator=(const log_outlet&) = delete;

    void write(std::string_view line);

    /// Hands over what waits, as far as the reader takes it. Returns whether nothing waits any
    /// more.
    bool flush();
    /// The same, and gives the reader some time for it.
    bool flush(std::chrono::milliseconds at_most);

    std::uint64_t dropped() const noexcept { return dropped_; }  // lines

private:
    enum class way { plain, own, socket, asked };

    std::size_t put(std::string_view bytes);
    void        look_at_descriptor();
    void        drop_what_waits();

    int   shared_;
    int   own_ = -1;  // the same pipe or terminal, opened anew, so that it may be asked not to wait
    way   how_ = way::asked;
    dev_t device_{};
    ino_t node_{};
    bool  known_  = false;
    bool  broken_ = false;  // the reader has gone, as of the last try
    std::size_t   most_;
    std::string   waiting_{};
    std::size_t   begun_   = 0;  // of it, handed over already
    std::uint64_t dropped_ = 0;
};

}  // namespace falconer
