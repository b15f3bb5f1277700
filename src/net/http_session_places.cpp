// When a connection has had its time, and who makes room in a crowd.
#include "http_session.hpp"

#include <algorithm>

namespace falconer::net {

void http_session::look_at(steady_time now) {
    auto& stats = shop_.stats;
    if (due_ <= now) {
        due_ = never;
        if (waiting_ != nullptr) return waiting_->give_up();  // and is answered 503
        switch (stage_) {
            case stage::handshake: ++stats.closed_handshake; break;
            case stage::idle: ++stats.closed_idle; break;
            case stage::receiving: ++stats.closed_receive; break;
            case stage::answering:  // closing the socket would not wake the handler
                ++stats.closed_answer;
                peer_->close();
                return grip_.cancel();
            case stage::streaming: peer_->close(); return grip_.cancel();
            case stage::writing: ++stats.closed_write; break;
            case stage::lingering: break;
        }
        peer_->close();
    } else if (shop_.opt.leave_with_peer &&
               (stage_ == stage::answering || stage_ == stage::streaming) && peer_->peer_left()) {
        due_ = never;
        ++stats.abandoned;
        peer_->close();
        grip_.cancel();
    } else if (stage_ == stage::idle && space_ && now - since_ >= shop_.opt.park) {
        peer_->interrupt();
    }
}

/// Whoever has more than its share has no claim to patience: its connections seldom rest for long
/// if it means harm. A stranger has come a moment ago, most likely, and is about to say who it is.
bool http_session::could_leave(steady_time now) const {
    const auto quiet = now - since_;
    switch (stage_) {
        case stage::answering:
        case stage::writing:
        case stage::streaming: return false;
        case stage::lingering: return due_ != never && quiet >= shop_.opt.sweep;
        case stage::handshake:
        case stage::idle:
        case stage::receiving: break;
    }
    if (due_ == never || waiting_ != nullptr)
        return false;  // it is on its way, or is waiting for us
    if (stranger_)
        return quiet >= shop_.opt.receive ||
               (quiet >= shop_.opt.stranger && shop_.strangers > shop_.share());
    return quiet >= shop_.opt.sweep && shop_.shares.of(client_) > shop_.share();
}

/// Who asks and asks is never idle for long, and would keep its place for ever: a stranger by being
/// refused, a client by being held.
bool http_session::makes_room() const {
    return shop_.crowded && (stranger_ || shop_.shares.of(client_) > shop_.share());
}

void http_session::leave_the_crowd() {
    if (stage_ != stage::lingering) ++shop_.stats.closed_crowded;  // else it has left already
    is_known();                                                    // those that are left
    belongs_to(nullptr);                                           // count against the share
    due_ = never;
    peer_->close();
}

void http_session::hurry(steady_time when) {
    if (stage_ == stage::idle || stage_ == stage::streaming) due_ = std::min(due_, when);
}

}  // namespace falconer::net
