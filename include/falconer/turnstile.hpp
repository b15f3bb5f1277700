// So many at once, and the others wait their turn.
#pragma once

#include "falconer/one_shot.hpp"
#include "falconer/task.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace falconer {

/// First come, first served.
/// Cancel: while waiting; the place of who was cancelled goes to the next.
class turnstile {
public:
    turnstile(asio::any_io_executor loop, std::size_t places)
        : loop_(std::move(loop)), free_(places) {}

    task<void> enter() {
        if (free_ > 0) {
            --free_;
            co_return;
        }
        auto mine = std::make_shared<one_shot<bool>>(loop_);
        waiting_.push_back(mine);
        try {
            co_await mine->get();
        } catch (...) {
            // Cancelled while we waited; a place that was already ours goes to the next.
            const auto at = std::find(waiting_.begin(), waiting_.end(), mine);
            if (at == waiting_.end())
                leave();
            else
                waiting_.erase(at);
            throw;
        }
    }
    void leave() {
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        next->set(true);
    }

private:
    asio::any_io_executor                       loop_;
    std::size_t                                 free_;
    std::deque<std::shared_ptr<one_shot<bool>>> waiting_{};
};

class place_in {
public:
    explicit place_in(turnstile& of) : of_(of) {}
    ~place_in() { of_.leave(); }
    place_in(const place_in&)            = delete;
    place_in& operator=(const place_in&) = delete;

private:
    turnstile& of_;
};

}  // namespace falconer
