// From now into the past in growing steps, so that what is found soon costs little and what is rare
// costs a bounded piece at a time. Pure.
#pragma once

#include "falconer/time_source.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace falconer::store {

class window_walk {
public:
    struct window {
        utc_time from{};
        utc_time before{};  // the latest there is: everything from `from` on
        bool     open = false;
    };

    /// `newest`: what lies from there on is not looked at; nothing: all is.
    window_walk(utc_time oldest, std::optional<utc_time> newest, utc_time now)
        : oldest_(oldest), open_(!newest || *newest > now + ahead),
          high_(open_ ? now + ahead : *newest) {}

    bool     done() const { return high_ <= oldest_; }
    utc_time reached() const { return high_; }

    window next() const { return {std::max(oldest_, high_ - width_), high_, open_}; }
    /// The window has been looked at.
    void went() {
        high_  = next().from;
        open_  = false;
        width_ = std::min(width_ * growth, widest);
    }
    /// It was too much at once. False: it cannot get any smaller.
    bool shrink() {
        if (width_ <= narrowest) return false;
        width_ = std::max(width_ / (growth * growth), narrowest);
        return true;
    }

private:
    using span                   = std::chrono::microseconds;
    static constexpr int  growth = 8;
    static constexpr span narrowest{std::chrono::milliseconds{100}};
    static constexpr span widest{std::chrono::hours{24 * 512}};
    static constexpr span ahead{std::chrono::minutes{1}};  // of clocks that are not quite ours

    utc_time oldest_;
    bool     open_;
    utc_time high_;
    span     width_{std::chrono::minutes{2}};
};

}  // namespace falconer::store
