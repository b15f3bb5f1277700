// How much memory request bodies may take, all connections together.
#pragma once

#include "falconer/task.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <cstddef>
#include <list>

namespace falconer::net {

/// A number of bytes to be shared out, first come first served.
///
/// Whoever asks is given the whole of what they ask for or waits holding nothing more, so two who
/// wait cannot wait for each other.
///
/// Threading: the loop thread only.
class byte_budget {
public:
    /// One who waits. Lives in the waiting coroutine; anyone may tell it to give up.
    class ticket {
    public:
        explicit ticket(byte_budget& budget);
        ~ticket();
        ticket(const ticket&)            = delete;
        ticket& operator=(const ticket&) = delete;

        /// From now on nothing is given to this one, even if its coroutine has yet to hear of it.
        void give_up() noexcept;

    private:
        friend class byte_budget;
        byte_budget&       budget_;
        asio::steady_timer bell_;
        std::size_t        size_    = 0;
        bool               granted_ = false;
        bool               queued_  = false;
    };

    byte_budget(asio::any_io_executor loop, std::size_t total);

    /// At once, even beyond the total: for what is bounded elsewhere.
    void take(std::size_t bytes) noexcept { used_ += bytes; }

    /// At once, or not at all. More than the total counts as the total. Returns whether it was
    /// given.
    bool try_take(std::size_t bytes) noexcept;

    /// Waits its turn. False: `mine` was told to give up, and nothing is taken.
    task<bool> wait_for(std::size_t bytes, ticket& mine);

    void give_back(std::size_t bytes) noexcept;

    std::size_t total() const noexcept { return total_; }
    std::size_t used() const noexcept { return used_; }
    std::size_t waiting() const noexcept { return queue_.size(); }

private:
    bool fits(std::size_t bytes) const noexcept { return used_ + bytes <= total_; }

    asio::any_io_executor loop_;
    std::size_t           total_;
    std::size_t           used_ = 0;
    std::list<ticket*>    queue_;
};

/// What one request holds of the budget; given back at the end of its life.
class body_share {
public:
    explicit body_share(byte_budget& budget) : budget_(budget) {}
    ~body_share() { budget_.give_back(bytes_); }
    body_share(const body_share&)            = delete;
    body_share& operator=(const body_share&) = delete;

    /// Of `bytes` that the budget has handed out already.
    void hold(std::size_t bytes) noexcept { bytes_ += bytes; }
    void shrink_to(std::size_t bytes) noexcept {
        if (bytes >= bytes_) return;
        budget_.give_back(bytes_ - bytes);
        bytes_ = bytes;
    }
    std::size_t held() const noexcept { return bytes_; }

private:
    byte_budget& budget_;
    std::size_t  bytes_ = 0;
};

}  // namespace falconer::net
