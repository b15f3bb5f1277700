// What the sessions of a server share.
#include "http_session.hpp"

namespace falconer::net {
namespace {

constexpr std::size_t spares = 64;  // workspaces kept for the next who wakes up

}  // namespace

http_workspace::http_workspace(http_limits limits) : in(usual_read), decoder(limits) {}

std::unique_ptr<http_workspace> http_shop::borrow() {
    if (spare_.empty()) return std::make_unique<http_workspace>(opt.limits);
    auto one = std::move(spare_.back());
    spare_.pop_back();
    return one;
}

void http_shop::put_back(std::unique_ptr<http_workspace> space) {
    const bool grown = space->in.capacity() > usual_read || space->out.capacity() > large_read;
    if (grown || spare_.size() >= spares) return;
    space->in.clear();
    space->decoder.reset();
    space->reply = {};
    space->out.clear();
    spare_.push_back(std::move(space));
}

std::string_view http_shop::date() {
    const auto now = std::chrono::floor<std::chrono::seconds>(time.utc());
    if (now != dated_) {
        dated_ = now;
        date_  = http_date(now);
    }
    return date_;
}

}  // namespace falconer::net
