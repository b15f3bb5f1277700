// How much memory unfinished requests may take, all connections together.
#pragma once

#include "falconer/task.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>

namespace falconer::net {

/// A number of bytes to be shared out, first come first served; what is asked for is what has
/// arrived, not what was announced.
///
/// A quarter is kept for the small: an event does not queue behind somebody's megabytes. Half of it
/// is out of reach for the headers of strangers. Those who hold something and wait for more would
/// wait for each other for ever, so one of each kind at a time, the favourite, is given what it
/// asks for even beyond the total.
///
/// Threading: the loop thread only.
class byte_budget {
public:
    enum class use : std::uint8_t { small, large, stranger };

    class share;
    class ticket;

    byte_budget(asio::any_io_executor loop, std::size_t total);

    std::size_t total() const noexcept { return total_; }
    std::size_t used() const noexcept { return used_; }
    std::size_t waiting() const noexcept;

private:
    struct lane {
        std::list<ticket*> queue{};
        share*             favourite = nullptr;
    };

    lane& lane_of(use what) noexcept { return lanes_[static_cast<std::size_t>(what)]; }
    bool  fits(use what, std::size_t bytes) const noexcept;
    bool  try_take(share& mine, use what, std::size_t bytes) noexcept;
    void  give_back(std::size_t bytes) noexcept;
    void  serve(use what) noexcept;
    void  serve() noexcept;

    asio::any_io_executor loop_;
    std::size_t           total_;
    std::size_t           used_ = 0;
    std::array<lane, 3>   lanes_{};
};

/// What one request holds; given back at the end of its life.
class byte_budget::share {
public:
    explicit share(byte_budget& budget) : budget_(budget) {}
    ~share();
    share(const share&)            = delete;
    share& operator=(const share&) = delete;

    /// At once, even beyond the total: for what is there already.
    void take(std::size_t bytes) noexcept;
    /// At once, or not at all.
    bool try_take(use what, std::size_t bytes) noexcept;
    /// Waits its turn. False: `mine` was told to give up, and nothing is taken.
    task<bool> wait_for(use what, std::size_t bytes, ticket& mine);

    void        shrink_to(std::size_t bytes) noexcept;
    std::size_t held() const noexcept { return bytes_; }

private:
    friend class byte_budget;
    byte_budget& budget_;
    std::size_t  bytes_ = 0;
};

/// One who waits. Lives in the waiting coroutine; anyone may tell it to give up.
class byte_budget::ticket {
public:
    explicit ticket(byte_budget& budget);
    ~ticket();
    ticket(const ticket&)            = delete;
    ticket& operator=(const ticket&) = delete;

    /// From now on nothing is given to this one, even if its coroutine has yet to hear of it.
    void give_up() noexcept;

private:
    friend class byte_budget;
    friend class share;
    byte_budget&       budget_;
    asio::steady_timer bell_;
    share*             whose_   = nullptr;
    use                what_    = use::small;
    std::size_t        bytes_   = 0;
    bool               granted_ = false;
    bool               queued_  = false;
};

}  // namespace falconer::net
