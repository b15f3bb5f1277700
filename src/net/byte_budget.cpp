#include "byte_budget.hpp"

#include "falconer/time_source.hpp"

#include <algorithm>

namespace falconer::net {

byte_budget::ticket::ticket(byte_budget& budget) : budget_(budget), bell_(budget.loop_, never) {}

byte_budget::ticket::~ticket() {
    if (queued_) std::erase(budget_.queue_, this);
}

void byte_budget::ticket::give_up() noexcept {
    if (queued_) {
        std::erase(budget_.queue_, this);
        queued_ = false;
        budget_.give_back(0);  // those behind us may fit
    }
    bell_.cancel();
}

byte_budget::byte_budget(asio::any_io_executor loop, std::size_t total)
    : loop_(std::move(loop)), total_(total) {}

bool byte_budget::try_take(std::size_t bytes) noexcept {
    bytes = std::min(bytes, total_);
    if (!queue_.empty() || !fits(bytes)) return false;
    used_ += bytes;
    return true;
}

task<bool> byte_budget::wait_for(std::size_t bytes, ticket& mine) {
    mine.size_   = std::min(bytes, total_);
    mine.queued_ = true;
    queue_.push_back(&mine);
    auto [ec] = co_await mine.bell_.async_wait(no_throw);
    static_cast<void>(ec
    );  // always cancelled: by whoever gave back, by who told us to give up, or by our end
    if (mine.queued_) mine.give_up();  // it was the coroutine that was cancelled
    co_return mine.granted_;
}

void byte_budget::give_back(std::size_t bytes) noexcept {
    used_ -= bytes;
    while (!queue_.empty() && fits(queue_.front()->size_)) {
        auto& next = *queue_.front();
        queue_.pop_front();
        next.queued_   = false;
        next.granted_  = true;
        used_         += next.size_;
        next.bell_.cancel();
    }
}

}  // namespace falconer::net
