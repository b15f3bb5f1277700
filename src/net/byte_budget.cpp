#include "byte_budget.hpp"

#include "falconer/time_source.hpp"

namespace falconer::net {

byte_budget::byte_budget(asio::any_io_executor loop, std::size_t total)
    : loop_(std::move(loop)), total_(total) {}

std::size_t byte_budget::waiting() const noexcept {
    std::size_t all = 0;
    for (const auto& each : lanes_) all += each.queue.size();
    return all;
}

bool byte_budget::fits(use what, std::size_t bytes) const noexcept {
    const std::size_t most[] = {total_, total_ - total_ / 4, total_ / 2};
    return used_ + bytes <= most[static_cast<std::size_t>(what)];
}

bool byte_budget::try_take(share& mine, use what, std::size_t bytes) noexcept {
    auto& here = lane_of(what);
    if (!here.queue.empty() || !fits(what, bytes)) {
        if (here.favourite == nullptr) here.favourite = &mine;
        if (here.favourite != &mine) return false;
    }
    used_       += bytes;
    mine.bytes_ += bytes;
    return true;
}

void byte_budget::give_back(std::size_t bytes) noexcept {
    used_ -= bytes;
    serve();
}

void byte_budget::serve() noexcept {
    for (const auto what : {use::small, use::large, use::stranger}) serve(what);
}

void byte_budget::serve(use what) noexcept {
    auto& here = lane_of(what);
    while (!here.queue.empty()) {
        auto& next = *here.queue.front();
        if (here.favourite == nullptr) here.favourite = next.whose_;
        if (here.favourite != next.whose_ && !fits(what, next.bytes_)) return;
        here.queue.pop_front();
        next.queued_         = false;
        next.granted_        = true;
        used_               += next.bytes_;
        next.whose_->bytes_ += next.bytes_;
        next.bell_.cancel();
    }
}

byte_budget::share::~share() {
    bool others = bytes_ > 0;  // may be better off now
    for (auto& here : budget_.lanes_) {
        if (here.favourite != this) continue;
        here.favourite = nullptr;
        others         = true;
    }
    if (others) budget_.give_back(bytes_);
}

void byte_budget::share::take(std::size_t bytes) noexcept {
    budget_.used_ += bytes;
    bytes_        += bytes;
}

bool byte_budget::share::try_take(use what, std::size_t bytes) noexcept {
    return budget_.try_take(*this, what, bytes);
}

task<bool> byte_budget::share::wait_for(use what, std::size_t bytes, ticket& mine) {
    mine.whose_  = this;
    mine.what_   = what;
    mine.bytes_  = bytes;
    mine.queued_ = true;
    budget_.lane_of(what).queue.push_back(&mine);
    budget_.serve(what);
    auto [ec] = co_await mine.bell_.async_wait(no_throw);
    // Always cancelled: by whoever gave back, by who told us to give up, or by our end.
    static_cast<void>(ec);
    if (mine.queued_) mine.give_up();  // it was the coroutine that was cancelled
    co_return mine.granted_;
}

void byte_budget::share::shrink_to(std::size_t bytes) noexcept {
    if (bytes >= bytes_) return;
    const auto back = bytes_ - bytes;
    bytes_          = bytes;
    budget_.give_back(back);
}

byte_budget::ticket::ticket(byte_budget& budget) : budget_(budget), bell_(budget.loop_, never) {}

byte_budget::ticket::~ticket() {
    if (queued_) std::erase(budget_.lane_of(what_).queue, this);
}

void byte_budget::ticket::give_up() noexcept {
    if (queued_) {
        std::erase(budget_.lane_of(what_).queue, this);
        queued_ = false;
        budget_.serve();  // those behind us may fit
    }
    bell_.cancel();
}

}  // namespace falconer::net
